import Core
import HTTPServer
import JSON

/// `/v1/buckets[/{bucket}]`: rules and limits of files, for admins.
enum Buckets {
  static let list = Route.admin(.get, "/v1/buckets") { call in
    .list(call.project.buckets.map(value))
  }

  static let get = Route.admin(.get, "/v1/buckets/{bucket}") { call in
    .json(200, value(of: try call.project.bucket(call.parameters[0])))
  }

  static let put = Route.admin(.put, "/v1/buckets/{bucket}") { call in
    try await store(call, call.value())
  }

  /// A merge patch of the configuration.
  static let patch = Route.admin(.patch, "/v1/buckets/{bucket}") { call in
    let current = try call.project.bucket(call.parameters[0])
    return try await store(call, JSONValue(parsing: DocumentPatch.merge(call.value().bytes(), onto: current.configuration.value.bytes())))
  }

  static let delete = Route.admin(.delete, "/v1/buckets/{bucket}") { call in
    guard try await call.project.configuration.deleteBucket(call.parameters[0]) else { throw RoostError.bucketNotFound(call.parameters[0]) }
    try await call.project.reloadConfiguration()
    return .noContent
  }

  private static func store(_ call: Call, _ value: JSONValue) async throws -> HTTPResponse {
    let configuration = try BucketConfiguration(name: call.parameters[0], value: value)
    try call.project.requireCollections(configuration.lookedUp)
    let (bucket, created) = try await call.project.configuration.put(configuration, at: call.now)
    try await call.project.reloadConfiguration()
    return .json(created ? 201 : 200, self.value(of: bucket))
  }

  private static func value(of bucket: Bucket) -> JSONValue {
    guard case .object(var object) = bucket.configuration.value else { return bucket.configuration.value }
    object["createdAt"] = .string(bucket.created.text)
    object["updatedAt"] = .string(bucket.updated.text)
    return .object(object)
  }
}
