import Core
import Glibc
import HTTPServer

/// `GET` and `HEAD /v1/files/{bucket}/{path…}`: with Range, conditions, `?download=1`.
enum GetFile {
  static let route = Route(
    method: .get, pattern: "/v1/files/{bucket}/{path…}", access: .anyone,
    work: .download { call in
      let bucket = try call.project.bucket(call.parameters[0])
      let path = call.parameters[1]
      try FilePath.require(path)
      let query = try call.query.only(["download", "width", "height", "fit", "format", "quality"])
      if let name = query.keys.first(where: { $0 != "download" }) {
        throw RoostError(.notImplemented, "Image transforms (`\(name)`) are not built yet.")
      }
      let access = call.access(to: bucket)
      guard let file = try await call.project.files.file(path, in: bucket.name),
        try await call.deciding(access, { lookups in try access.canRead(file, lookups) })
      else { throw RoostError.fileNotFound(path) }

      var headers = FileHeaders.make(for: file, bucket: bucket, asDownload: query["download"].map { $0 != "0" && $0 != "false" } ?? false)
      if try isNotModified(file, call.headers) { return Download(status: 304, headers: headers, content: nil) }
      if let ifMatch = try EntityTags.parse(call.headers, "If-Match"), case .tags(let tags) = ifMatch,
        !tags.contains(where: { !$0.isWeak && $0.tag == hexadecimal(file.digest) })
      {
        throw RoostError(.preconditionFailed, "The file has changed.")
      }
      let range = try ByteRange.requested(call.headers, file: file)
      if let range {
        headers.set("Content-Range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)")
      }
      let descriptor = try await call.project.files.open(file)
      let part = range ?? 0..<file.size
      return Download(
        status: range == nil ? 200 : 206, headers: headers, content: (descriptor, part.lowerBound, part.upperBound - part.lowerBound))
    })

  /// If-None-Match goes before If-Modified-Since (RFC 9110, section 13.2.2).
  private static func isNotModified(_ file: StoredFile, _ headers: HTTPHeaders) throws -> Bool {
    if headers.contains("If-None-Match") { return try EntityTags.isNotModified(headers, tag: hexadecimal(file.digest)) }
    guard let since = headers["If-Modified-Since"].flatMap(HTTPTime.parse) else { return false }
    return file.updated.seconds <= since
  }
}

extension Download {
  /// The bytes at once, for a function inside the server. Closes the descriptor.
  func collected(bytesMax: Int) throws -> HTTPResponse {
    guard let content else { return HTTPResponse(status: status, headers: headers) }
    defer { close(content.descriptor) }
    guard content.length <= Int64(bytesMax) else {
      throw RoostError(.payloadTooLarge, "The file has \(content.length) bytes; a function can take \(bytesMax) at once. Ask for a range.")
    }
    var bytes = [UInt8](repeating: 0, count: Int(content.length))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(content.descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, off_t(content.offset) + done)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw RoostError(.internal, "A file's content is shorter than its record.") }
      done += count
    }
    return HTTPResponse(status: status, headers: headers, body: bytes)
  }
}
