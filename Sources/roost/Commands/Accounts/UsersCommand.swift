import ArgumentParser
import JSON
import RoostClient

struct UsersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "users", abstract: "The accounts of the people who use your app.",
    discussion: """
      A user is named by id or by email address.

      Example:
        roost users list --data ./roost_data
      """, subcommands: [List.self, Get.self, Create.self, Delete.self, Disable.self, Enable.self, SetPassword.self])

  private static let columns = [
    Table.Column.whole("ID", "id"), Table.Column("EMAIL", "email"), Table.Column("STATUS") { $0["disabled"] == true ? "disabled" : "active" },
    Table.Column.time("CREATED", "createdAt"),
  ]

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the users.",
      discussion: """
        Examples:
          roost users list
          roost users list --data ./roost_data --json
          roost users list --filter 'email.endsWith("@example.org")' --sort=-createdAt --limit 20
        """)

    @Option(help: ArgumentHelp("Only users for whom this CEL expression is true.", valueName: "expression"))
    var filter: String?

    @Option(help: ArgumentHelp("Order, e.g. --sort=-createdAt,name.", valueName: "fields"))
    var sort: String?

    @OptionGroup var paging: PagingOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      if let data = place.data {
        try await LocalProject.with(data) { project in
          try await show { try await project.users(filter: filter, sort: sort, limit: $0, cursor: $1) }
        }
      } else {
        try await place.server.call { client in
          try await show { try await client.users(ListOptions(filter: filter, sort: sort, limit: $0, cursor: $1)) }
        }
      }
    }

    private func show(_ fetch: (Int, String?) async throws -> RoostPage) async throws {
      var printer = ListPrinter(output, UsersCommand.columns)
      try await paging.pages(&printer, fetch: fetch)
      printer.end(empty: filter == nil ? "There are no users yet." : "No user matches.")
    }
  }

  struct Get: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show one user: profile and standing.",
      discussion: """
        Example:
          roost users get ada@example.org
        """)

    @Argument(help: "Id or email address.")
    var user: String

    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let user = user
      let value: JSONValue
      if let data = place.data {
        value = try await LocalProject.with(data) { project in
          if user.contains("@") {
            return try UserName.only(await project.users(filter: UserName.filter(user), sort: nil, limit: 2, cursor: nil), user)
          }
          guard let found = try await project.user(id: user) else { throw UserName.missing(user) }
          return found
        }
      } else {
        value = try await place.server.call { client in
          user.contains("@") ? try await UserName.find(user, client) : try await client.user(user)
        }
      }
      let fields = (value.objectValue?.keys ?? []).map { Table.Column($0, $0) }
      output.item(value, fields)
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make an account for somebody.",
      discussion: """
        The password comes from ROOST_USER_PASSWORD, from standard input, or is asked for.

        Example:
          roost users create ada@example.org --profile '{"name": "Ada"}'
        """)

    @Argument(help: "The email address to sign in with.")
    var email: String

    @Option(help: ArgumentHelp("Fields of the profile: a JSON object, a file with one, or - for standard input.", valueName: "json"))
    var profile: String?

    @OptionGroup var password: PasswordOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
      if profile == "-", password.password == nil, ProcessEnvironment()["ROOST_USER_PASSWORD"] == nil {
        throw ValidationError("Standard input cannot be both the profile and the password.")
      }
    }

    func run() async throws {
      var user = try profile.map(JSONInput.object)?.objectValue ?? [:]
      user["email"] = .string(email)
      user["password"] = .string(try password.read(for: email, isNew: true, variable: "ROOST_USER_PASSWORD"))
      let body = JSONValue.object(user)
      let created = try await server.call { try await $0.createUser(body) }
      output.done("Created the user \(email) (\(created["id"]?.stringValue ?? "")).", created)
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Delete an account with its profile and sessions.",
      discussion: """
        Example:
          roost users delete ada@example.org --yes
        """)

    @Argument(help: "Id or email address.")
    var user: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let user = user
      try confirmation.require("Delete the user \(user)?")
      let id = try await server.call { client in
        let id = try await UserName.id(user, client)
        try await client.deleteUser(id)
        return id
      }
      output.done("Deleted the user \(user).", ["id": .string(id)])
    }
  }

  struct Disable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lock an account and end its sessions.",
      discussion: """
        Example:
          roost users disable ada@example.org
        """)

    @Argument(help: "Id or email address.")
    var user: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let changed = try await UserName.patch(user, ["disabled": true], server)
      output.done("Disabled \(user): their sessions have ended.", changed)
    }
  }

  struct Enable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Unlock an account.",
      discussion: """
        Example:
          roost users enable ada@example.org
        """)

    @Argument(help: "Id or email address.")
    var user: String

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let changed = try await UserName.patch(user, ["disabled": false], server)
      output.done("Enabled \(user).", changed)
    }
  }

  struct SetPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give a user a new password and end their sessions.",
      discussion: """
        Example:
          roost users set-password ada@example.org --password-stdin < password.txt
        """)

    @Argument(help: "Id or email address.")
    var user: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let secret = try password.read(for: user, isNew: true, variable: "ROOST_USER_PASSWORD")
      let changed = try await UserName.patch(user, ["password": .string(secret)], server)
      output.done("Set the password of \(user): their sessions have ended.", changed)
    }
  }
}
