import Core
import Glibc
import JSON
import RoostClient
import Storage

/// A project's data without a server: what the commands with `--data` work on. A server may run on the same folder.
struct LocalProject {
  let project: Project
  private let storage: ProjectStorage

  /// - Parameter making: whether a missing folder is made; else it is an error.
  static func with<Value>(_ data: String, making: Bool = false, _ body: (LocalProject) async throws -> Value) async throws -> Value {
    guard making || access(data + "/projects/default/roost.db", F_OK) == 0 else {
      throw CommandError(
        errno == EACCES ? "This user may not look into \(data)." : "There is no Roost data in \(data).",
        advice: errno == EACCES ? "Run this as the user that runs the server." : "Give the folder that the server uses: --data FOLDER.")
    }
    let storage = try await ProjectStorage.open(DataFolder(path: data, locking: false), lanes: 0)
    do {
      try await storage.project.reloadConfiguration()
      let value = try await body(LocalProject(project: storage.project, storage: storage))
      await storage.close()
      return value
    } catch {
      await storage.close()
      throw error
    }
  }

  private init(project: Project, storage: ProjectStorage) {
    self.project = project
    self.storage = storage
  }

  /// Users as the API shows them to admins.
  func users(filter: String?, sort: String?, limit: Int, cursor: String?) async throws -> RoostPage {
    let sort = try sort.map(SortKey.parse) ?? []
    let page = try await project.documents.page(
      DocumentQuery(
        filter: filter.map { try ExpressionKind.filter.compile($0, pointer: "/filter") }, variables: variables, sort: sort,
        limit: limit,
        cursor: cursor.map { try PageCursor(parsing: $0, sort: sort) }),
      in: project.collection(Collection.users))
    var items: [JSONValue] = []
    for profile in page.items { items.append(try await user(profile)) }
    return RoostPage(items: items, nextCursor: page.next?.text(sort: sort))
  }

  /// nil if there is no such user.
  func user(id: String) async throws -> JSONValue? {
    guard let profile = try await project.documents.get(id, in: project.collection(Collection.users)) else { return nil }
    return try await user(profile)
  }

  private var variables: RuleVariables {
    RuleVariables(caller: .admin(id: "", email: ""), request: RuleRequest(time: SystemClock().now()))
  }

  /// The profile and how the account stands; never a credential.
  private func user(_ profile: DocumentRecord) async throws -> JSONValue {
    var object = try JSONValue(parsing: profile.json()).objectValue ?? [:]
    let credential = try await project.accounts.credential(userID: profile.id)
    object["email"] = credential?.email.map(JSONValue.string) ?? .null
    object["emailVerified"] = .bool(credential?.emailVerified ?? false)
    object["disabled"] = .bool(credential?.isDisabled ?? false)
    object["roles"] = .array((credential?.roles ?? []).map(JSONValue.string))
    return .object(object)
  }
}
