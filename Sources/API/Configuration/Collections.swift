import Core
import HTTPServer
import JSON

/// `/v1/collections[/{collection}]`: rules and indexes, for admins.
enum Collections {
  static let list = Route.admin(.get, "/v1/collections") { call in
    let (builds, states) = try await indexes(call.project)
    return .list(call.project.collections.map { value(of: $0, builds, states) })
  }

  static let get = Route.admin(.get, "/v1/collections/{collection}") { call in
    let collection = try call.project.collection(call.parameters[0])
    let (builds, states) = try await indexes(call.project)
    return .json(200, value(of: collection, builds, states))
  }

  static let put = Route.admin(.put, "/v1/collections/{collection}") { call in
    try await store(call, call.value())
  }

  /// A merge patch of the configuration.
  static let patch = Route.admin(.patch, "/v1/collections/{collection}") { call in
    let current = try call.project.collection(call.parameters[0])
    return try await store(call, JSONValue(parsing: DocumentPatch.merge(call.value().bytes(), onto: current.configuration.bytes())))
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
    let parameters = try call.query.only(["validate"])
    let configuration = try CollectionConfiguration(name: call.parameters[0], value: value)
    try call.project.requireCollections(configuration.lookedUp, besides: configuration.name)
    try call.project.requireCollections(configuration.schema?.references ?? [], besides: configuration.name)
    if try QueryParameters.flag(parameters["validate"], "validate") { return .json(200, try await validation(of: configuration, call.project).value) }
    let (collection, created) = try await call.project.configuration.put(configuration, at: call.now)
    try await call.project.reloadConfiguration()
    return .json(created ? 201 : 200, self.value(of: collection, collection.builds, try await call.project.configuration.textIndexStates()))
  }

  /// What saving it would meet: a dry run.
  private static func validation(of configuration: CollectionConfiguration, _ project: Project) async throws -> SchemaCheck {
    guard let schema = configuration.schema, let collection = project.collections.first(where: { $0.name == configuration.name }) else {
      return SchemaCheck(total: 0)
    }
    return try await project.configuration.check(schema, against: collection)
  }

  /// How it stands with the indexes of all collections.
  private static func indexes(_ project: Project) async throws -> (builds: [IndexBuild], states: [Int64: TextIndexState]) {
    (try await project.configuration.indexBuilds(), try await project.configuration.textIndexStates())
  }

  /// A build that has just ended: nobody reads by its index before this server has taken it up.
  private static func notTakenUp(_ index: IndexDefinition, _ collection: Collection) -> IndexBuild? {
    guard let build = collection.builds.first(where: { $0.definition == index }), case .building = build.state else { return nil }
    return IndexBuild(collection: build.collection, definition: index, state: .building(progress: 1))
  }

  private static func value(of collection: Collection, _ builds: [IndexBuild], _ states: [Int64: TextIndexState]) -> JSONValue {
    guard case .object(var object) = collection.configuration else { return collection.configuration }
    let plain = collection.indexes.map { index in
      index.value(builds.first { $0.collection == collection.number && $0.definition == index } ?? notTakenUp(index, collection))
    }
    let text = collection.textIndex.map { (states[collection.number] ?? .ready).added(to: $0.value) }
    object["indexes"] = .array(plain + [text].compactMap(\.self))
    object["createdAt"] = .string(collection.created.text)
    object["updatedAt"] = .string(collection.updated.text)
    return .object(object)
  }
}
