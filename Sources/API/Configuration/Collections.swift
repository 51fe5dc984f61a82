import Core
import HTTPServer
import JSON

/// `/v1/collections[/{collection}]`: rules and indexes, for admins.
enum Collections {
  static let list = Route.admin(.get, "/v1/collections") { call in
    let states = try await call.project.configuration.textIndexStates()
    return .list(call.project.collections.map { value(of: $0, states) })
  }

  static let get = Route.admin(.get, "/v1/collections/{collection}") { call in
    let collection = try call.project.collection(call.parameters[0])
    return .json(200, value(of: collection, try await call.project.configuration.textIndexStates()))
  }

  static let put = Route.admin(.put, "/v1/collections/{collection}") { call in
    try await store(call, call.value())
  }

  /// A merge patch of the configuration.
  static let patch = Route.admin(.patch, "/v1/collections/{collection}") { call in
    let current = try call.project.collection(call.parameters[0])
    return try await store(call, JSONValue(parsing: PatchDocument.apply(call.value().bytes(), to: current.configuration.bytes())))
  }

  static let delete = Route.admin(.delete, "/v1/collections/{collection}") { call in
    let name = call.parameters[0]
    guard name != Collection.users else {
      throw RoostError(.badRequest, "The collection 'users' belongs to the accounts and cannot be deleted.")
    }
    guard try await call.project.configuration.deleteCollection(name) else { throw RoostError.collectionNotFound(name) }
    try await call.project.reloadConfiguration()
    return .noContent
  }

  /// What is kept of the documents, once the history is turned off.
  static let deleteHistory = Route.admin(.delete, "/v1/collections/{collection}/history") { call in
    try await call.project.configuration.deleteHistory(of: call.project.collection(call.parameters[0]).name)
    return .noContent
  }

  private static func store(_ call: Call, _ value: JSONValue) async throws -> HTTPResponse {
    let configuration = try CollectionConfiguration(name: call.parameters[0], value: value)
    try call.project.requireCollections(configuration.lookedUp, besides: configuration.name)
    try call.project.requireCollections(configuration.schema?.references ?? [], besides: configuration.name)
    let (collection, created) = try await call.project.configuration.put(configuration, at: call.now)
    try await call.project.reloadConfiguration()
    return .json(created ? 201 : 200, self.value(of: collection, try await call.project.configuration.textIndexStates()))
  }

  private static func value(of collection: Collection, _ states: [Int64: TextIndexState]) -> JSONValue {
    guard case .object(var object) = collection.configuration else { return collection.configuration }
    if let state = states[collection.number], let indexes = object["indexes"]?.arrayValue {
      object["indexes"] = .array(indexes.map { TextIndexDefinition.isMeant(by: $0) ? state.added(to: $0) : $0 })
    }
    object["createdAt"] = .string(collection.created.text)
    object["updatedAt"] = .string(collection.updated.text)
    return .object(object)
  }
}
