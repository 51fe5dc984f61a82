import ArgumentParser
import JSON

struct AdminsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admins", abstract: "People who may configure everything.",
    discussion: """
      Each works on a running server, and with --data on the data folder itself: the way to the first admin.

      Example:
        roost admins create me@example.org --data ./roost_data
      """, subcommands: [List.self, Create.self, Delete.self, SetPassword.self])

  private static let columns = [Table.Column("EMAIL", "email"), Table.Column.time("CREATED", "createdAt"), Table.Column.whole("ID", "id")]

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show the admins.",
      discussion: """
        Example:
          roost admins list --data ./roost_data
        """)

    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let admins =
        if let data = place.data {
          try await LocalProject.with(data) { try await $0.admins() }
        } else {
          try await place.server.call { try await $0.admins().items }
        }
      var printer = ListPrinter(output, AdminsCommand.columns)
      printer.add(admins)
      printer.end(empty: "There is no admin yet. Create one: roost admins create you@example.org --data FOLDER")
    }
  }

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Make somebody an admin.",
      discussion: """
        The password comes from ROOST_ADMIN_PASSWORD, from standard input, or is asked for. With --data the folder is made where it is missing.

        Examples:
          roost admins create me@example.org --data ./roost_data
          roost admins create me@example.org --password-stdin < password.txt
        """)

    @Argument(help: "The admin's email address.")
    var email: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let (email, secret) = (email, try password.read(for: email, isNew: true, variable: "ROOST_ADMIN_PASSWORD"))
      let admin =
        if let data = place.data {
          try await LocalProject.with(data, making: true) { try await $0.createAdmin(email: email, password: secret) }
        } else {
          try await place.server.call { try await $0.createAdmin(email: email, password: secret) }
        }
      output.done("Created the admin \(email).", admin)
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Take an admin's rights away.",
      discussion: """
        Ends their sessions. On a running server the last admin stays.

        Example:
          roost admins delete old@example.org --yes
        """)

    @Argument(help: "The admin's email address.")
    var email: String

    @OptionGroup var confirmation: Confirmation
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let email = email
      try confirmation.require("Delete the admin \(email)?")
      if let data = place.data {
        try await LocalProject.with(data) { try await $0.deleteAdmin(email: email) }
      } else {
        try await place.server.call { try await $0.deleteAdmin(email: email) }
      }
      output.done("Deleted the admin \(email).", ["email": .string(email)])
    }
  }

  struct SetPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Give an admin a new password.",
      discussion: """
        Ends their sessions. With --data it is the way back in when the password is lost.

        Example:
          roost admins set-password me@example.org --data ./roost_data
        """)

    @Argument(help: "The admin's email address.")
    var email: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let (email, secret) = (email, try password.read(for: email, isNew: true, variable: nil))
      if let data = place.data {
        try await LocalProject.with(data) { try await $0.setAdminPassword(secret, email: email) }
      } else {
        try await place.server.call { try await $0.setAdminPassword(secret, email: email) }
      }
      output.done("Set the password of the admin \(email).", ["email": .string(email)])
    }
  }
}
