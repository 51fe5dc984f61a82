import AsyncHTTPClient
import JSON
import NIOCore

extension RoostClient {
  /// Files by path: `{"path", "size", "contentType", …}`.
  package func files(in bucket: String, prefix: String? = nil, limit: Int? = nil, cursor: String? = nil) async throws -> RoostPage {
    try RoostPage(
      await send(.get, ["v1", "files", bucket], query: [("prefix", prefix), ("limit", limit.map(String.init)), ("cursor", cursor)]))
  }

  /// Stores a file without holding it in memory.
  /// - Parameters:
  ///   - bytesCount: how many bytes `next` gives in all.
  ///   - next: the next piece, nil at the end.
  package func putFile(
    _ path: String, in bucket: String, contentType: String, bytesCount: Int64, next: @escaping @Sendable () async throws -> [UInt8]?
  ) async throws -> JSONValue {
    var request = request(ClientRequest(method: .put, path: try filePath(path, bucket)))
    request.headers.add(name: "Content-Type", value: contentType)
    request.body = .stream(FileChunks(next: next), length: .known(bytesCount))
    return try await translatingErrors {
      let response = try await http.execute(request, deadline: .distantFuture)
      try await requireSuccess(response)
      let bytes = try await response.body.collect(upTo: ClientLimits.problemBytesMax)
      return try JSONValue(parsing: Array(bytes.readableBytesView))
    }
  }

  /// Reads a file piece by piece.
  package func getFile(_ path: String, in bucket: String, take: ([UInt8]) async throws -> Void) async throws {
    try await translatingErrors {
      let response = try await http.execute(request(ClientRequest(method: .get, path: filePath(path, bucket))), deadline: .distantFuture)
      try await requireSuccess(response)
      for try await chunk in response.body { try await take(Array(chunk.readableBytesView)) }
    }
  }

  package func deleteFile(_ path: String, in bucket: String) async throws {
    _ = try await send(ClientRequest(method: .delete, path: try filePath(path, bucket)))
  }

  /// A file's path keeps its slashes.
  private func filePath(_ path: String, _ bucket: String) throws -> String {
    try PathText.join(["v1", "files", bucket] + path.split(separator: "/", omittingEmptySubsequences: false).map(String.init))
  }
}

/// The pieces of an upload, asked for when the connection has room.
private struct FileChunks: AsyncSequence, Sendable {
  let next: @Sendable () async throws -> [UInt8]?

  struct AsyncIterator: AsyncIteratorProtocol {
    let nextChunk: @Sendable () async throws -> [UInt8]?

    mutating func next() async throws -> ByteBuffer? { try await nextChunk().map { ByteBuffer(bytes: $0) } }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextChunk: next) }
}
