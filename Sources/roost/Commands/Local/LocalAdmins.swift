import Core
import JSON

/// What a server does for admins, on the data folder: the way to the first one, and back in for who forgot the password.
extension LocalProject {
  func admins() async throws -> [JSONValue] { try await project.accounts.admins().map(value) }

  func createAdmin(email: String, password: String) async throws -> JSONValue {
    value(
      of: try await Accounts.createAdmin(
        email: email, password: password, store: project.accounts, passwords: PasswordPool(threads: 1), clock: SystemClock()))
  }

  /// The last one may go here: who has the folder can make another.
  func deleteAdmin(email: String) async throws {
    guard let address = EmailAddress(email), try await project.accounts.deleteAdmin(email: address) else { throw missing(email) }
  }

  func setAdminPassword(_ password: String, email: String) async throws {
    if let problem = Registration.problem(ofPassword: password) { throw CommandError("The password is not good enough: \(problem).") }
    let hash = try await PasswordPool(threads: 1).hash(password)
    guard let address = EmailAddress(email), try await project.accounts.setAdminPasswordHash(hash, email: address) else {
      throw missing(email)
    }
  }

  private func missing(_ email: String) -> CommandError {
    CommandError("There is no admin '\(email)'.", advice: "See `roost admins list`.")
  }

  private func value(of admin: Admin) -> JSONValue {
    ["id": .string(admin.id), "email": .string(admin.email), "createdAt": .string(admin.created.text)]
  }
}
