import Core
import HTTPServer

/// `PUT /v1/files/{bucket}/{path…}`: the raw body, streamed to its place in constant memory. 201 when new, 200 when replaced.
enum PutFile {
  static let route = Route(
    method: .put, pattern: "/v1/files/{bucket}/{path…}", access: .anyone,
    work: .upload { call, chunks in
      let bucket = try call.project.bucket(call.parameters[0])
      let path = call.parameters[1]
      try FilePath.require(path)
      let type = try contentType(call)
      guard bucket.configuration.accepts(type: MediaType.essence(type) ?? "") else {
        throw RoostError(.unsupportedMediaType, "The bucket '\(bucket.name)' does not take files of type '\(type.prefix(80))'.")
      }
      // Everything that can be refused is refused before the first byte is read.
      try requireSize(chunks.length.map(Int64.init), bucket)
      let owner: String? = if case .user(let user) = call.caller { user.id } else { nil }
      let access = call.access(to: bucket)
      let announced = chunks.length.map(Int64.init)
      try await call.deciding(access) { try access.requireWrite(path: path, contentType: type, size: announced, owner: owner, $0) }
      let condition = try FileCondition(call.headers)

      let upload = try await call.project.files.beginUpload()
      defer { upload.abort() }
      try await chunks.forEach { chunk in
        try requireSize(upload.size + Int64(chunk.count), bucket)
        try await upload.write(chunk)
      }
      if let length = chunks.length, upload.size != Int64(length) {
        throw RoostError(.lengthMismatch, "The body has \(upload.size) bytes; \(length) were announced.")
      }
      let size = upload.size
      let target = FileTarget(bucket: bucket.name, path: path, contentType: type, owner: owner, actor: call.actor)
      let isNew = NewFlag()
      let file = try await upload.commit(target) { current, reader in
        let lookups = RuleLookups(reader)
        try access.requireWrite(path: path, contentType: type, size: size, owner: owner, lookups)
        if let current { try access.requireReplace(current, lookups) }
        try condition.require(current)
        isNew.set(current == nil)
      }
      var response = HTTPResponse.json(isNew.value ? 201 : 200, file.value)
      response.headers.set("ETag", file.entityTag)
      return response
    })

  /// What the caller says it is; what they do not say is bytes. One line of printable ASCII, so that it can be sent back.
  private static func contentType(_ call: Call) throws -> String {
    guard let type = call.headers["Content-Type"] else { return "application/octet-stream" }
    guard type.utf8.count <= 255, type.contains("/"), type.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else {
      throw RoostError(.unsupportedMediaType, "The Content-Type is not understood: expected a media type like image/png.")
    }
    return type
  }

  private static func requireSize(_ size: Int64?, _ bucket: Bucket) throws {
    guard let size, size > bucket.configuration.sizeMax else { return }
    throw RoostError(.payloadTooLarge, "The bucket '\(bucket.name)' takes files of at most \(bucket.configuration.sizeMax) bytes.")
  }
}
