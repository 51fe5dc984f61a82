import JSON
import RoostClient

/// A user as people name them: an id, or an email address.
enum UserName {
  static func filter(_ email: String) -> String { "email == \(JSONValue.string(email.lowercased()).text)" }

  static func missing(_ user: String) -> CommandError { CommandError("There is no user '\(user)'.", advice: "See `roost users list`.") }

  static func find(_ email: String, _ client: RoostClient) async throws -> JSONValue {
    try only(await client.users(ListOptions(filter: filter(email), limit: 2)), email)
  }

  static func only(_ page: RoostPage, _ email: String) throws -> JSONValue {
    guard let user = page.items.first else { throw missing(email) }
    guard page.items.count == 1 else { throw CommandError("Several profiles have the address '\(email)'.", advice: "Name the user by id.") }
    return user
  }

  static func id(_ user: String, _ client: RoostClient) async throws -> String {
    guard user.contains("@") else { return user }
    guard let id = try await find(user, client)["id"]?.stringValue else { throw missing(user) }
    return id
  }

  static func patch(_ user: String, _ patch: JSONValue, _ server: ServerOptions) async throws -> JSONValue {
    try await server.call { client in try await client.patchUser(id(user, client), patch) }
  }
}
