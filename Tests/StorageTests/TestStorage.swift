import CEL
import Core
import Glibc
import JSON
import Synchronization
import TestKit

@testable import Storage

/// A data folder of a test's own, removed with it.
final class TestFolder: Sendable {
  let path: String

  init() {
    path = "/tmp/roost-storage-\(getpid())-\(hexadecimal(SecureRandom.bytes(6)))"
  }

  deinit { Self.remove(path) }

  /// Removes a folder with everything in it.
  static func remove(_ path: String) {
    guard let listing = opendir(path) else {
      unlink(path)
      return
    }
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      if name != "." && name != ".." { remove(path + "/" + name) }
    }
    closedir(listing)
    rmdir(path)
  }

  static func names(in path: String) -> [String] {
    guard let listing = opendir(path) else { return [] }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}

/// One project on a fresh folder.
struct TestStorage {
  let folder: TestFolder
  let clock: ManualClock
  let storage: ProjectStorage
  let data: DataFolder
  var project: Project { storage.project }
  var documents: any DocumentStore { project.documents }

  init(folder: TestFolder = TestFolder(), clock: ManualClock = ManualClock(), lanes: Int = 1, endOfTick: EndOfTick? = nil) async throws {
    self.folder = folder
    self.clock = clock
    data = try DataFolder(path: folder.path, locking: true)
    storage = try await ProjectStorage.open(data, clock: clock, lanes: lanes, endOfTick: endOfTick)
    try await storage.project.reloadConfiguration()
  }

  func collection(_ name: String = "things", indexes: JSONValue = []) async throws -> Collection {
    try await project.configuration.put(CollectionConfiguration(name: name, value: ["indexes": indexes]), at: clock.now()).0
  }

  @discardableResult
  func create(_ body: JSONValue, id: String? = nil, in collection: Collection) async throws -> DocumentRecord {
    try await create(text: body.text, id: id, in: collection)
  }

  @discardableResult
  func create(text: String, id: String? = nil, in collection: Collection) async throws -> DocumentRecord {
    let outcome = try await documents.write(.storing(text, id: id, in: collection))
    guard let after = outcome.after else { throw RoostError(.internal, "nothing was stored") }
    return after
  }

  func page(
    _ filter: String? = nil, sort: String? = nil, limit: Int = 1000, cursor: PageCursor? = nil, caller: Caller = .anonymous, params: JSONObject = [:],
    in collection: Collection
  ) async throws -> DocumentPage {
    let filter = try filter.map { try ExpressionKind.filter.compile($0, pointer: "") }
    return try await documents.page(
      DocumentQuery(
        filter: filter, variables: .test(caller, params: params), sort: try sort.map { try SortKey.parse($0) } ?? [], limit: limit, cursor: cursor),
      in: collection)
  }

  func events(after sequence: Int64 = 0) async throws -> [LogEvent] { try await project.log.events(after: sequence, limit: 10_000) }
}

extension RuleVariables {
  static func test(_ caller: Caller, params: JSONObject = [:]) -> RuleVariables {
    RuleVariables(
      caller: caller, request: RuleRequest(method: "GET", ip: "127.0.0.1", time: Timestamp(milliseconds: 1_700_000_000_000), query: { [] }, headers: { [] }),
      params: params)
  }
}

extension Caller {
  static func user(id: String) -> Caller {
    .user(UserIdentity(id: id, email: "\(id)@example.org", emailVerified: true, roles: ["editor"], sessionID: "s"))
  }
}

extension DocumentWrite {
  static func storing(_ text: String, id: String? = nil, in collection: Collection, actor: EventActor = .nobody) -> DocumentWrite {
    DocumentWrite(collection: collection, id: id, actor: actor) { _ in .store(body: Array(text.utf8)) }
  }

  static func deleting(_ id: String, in collection: Collection) -> DocumentWrite {
    DocumentWrite(collection: collection, id: id, actor: .nobody) { _ in .delete }
  }
}

extension EventActor {
  static let nobody = EventActor(auth: nil, depth: 0)
}

/// The error's code, or nil for another error.
func code(of body: () async throws -> Void) async -> ErrorCode? {
  do {
    try await body()
    return nil
  } catch {
    return (((error as? FailedWrite)?.cause ?? error) as? RoostError)?.code
  }
}
