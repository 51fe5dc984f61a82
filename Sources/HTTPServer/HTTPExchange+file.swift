import Glibc
import NIOCore

extension HTTPExchange {
  /// Answers with `length` bytes of an open regular file from `offset`, by sendfile; closes the descriptor in every case.
  /// Returns when the last byte has left for the kernel. Throws `HTTPResponseError`.
  package func respondFile(
    status: Int, headers: HTTPHeaders, fileDescriptor: Int32, offset: Int, length: Int
  ) async throws {
    let handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: fileDescriptor)
    do {
      try Self.checkSize(of: fileDescriptor, atLeast: offset, plus: length)
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        hop { [self] in
          let region = FileRegion(fileHandle: handle, readerIndex: offset, endIndex: offset + length)
          connection.sendFile(region, of: self, status: status, headers: headers) { continuation.resume(with: $0) }
        }
      }
    } catch {
      try? handle.close()
      throw error
    }
    try? handle.close()
  }

  /// The same for the file at `path`, which is opened for reading.
  package func respondFile(status: Int, headers: HTTPHeaders, path: String, offset: Int, length: Int) async throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw HTTPResponseError.unreadableFile(errno: errno) }
    try await respondFile(
      status: status, headers: headers, fileDescriptor: descriptor, offset: offset, length: length)
  }

  /// A shorter file would leave the client waiting for bytes that never come.
  private static func checkSize(of descriptor: Int32, atLeast offset: Int, plus length: Int) throws {
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { throw HTTPResponseError.unreadableFile(errno: errno) }
    let (end, overflow) = offset.addingReportingOverflow(length)
    guard offset >= 0, length >= 0, !overflow, end <= Int(facts.st_size) else {
      throw HTTPResponseError.wrongLength
    }
  }
}
