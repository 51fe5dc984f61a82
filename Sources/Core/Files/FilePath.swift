/// A file's name within its bucket: UTF-8 segments joined by `/`. It never becomes a path on our disk.
package enum FilePath {
  /// Throws `bad_request` and says what is wrong with the name.
  package static func require(_ path: String) throws {
    func refuse(_ reason: String) -> RoostError { RoostError(.badRequest, "The file path is not valid: \(reason).") }
    guard !path.isEmpty else { throw refuse("it is empty") }
    guard path.utf8.count <= Limits.filePathBytesMax else { throw refuse("it is longer than \(Limits.filePathBytesMax) bytes") }
    guard !path.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 || $0 == "\\" }) else {
      throw refuse("it holds a control character or a backslash")
    }
    for segment in path.split(separator: "/", omittingEmptySubsequences: false) {
      guard !segment.isEmpty else { throw refuse("a segment between two '/' is empty") }
      guard segment != "." && segment != ".." else { throw refuse("'.' and '..' are not names") }
      guard segment.utf8.count <= Limits.filePathSegmentBytesMax else {
        throw refuse("a segment is longer than \(Limits.filePathSegmentBytesMax) bytes")
      }
    }
  }
}
