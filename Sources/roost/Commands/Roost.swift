import ArgumentParser

/// The command line: nouns in the plural, then a verb.
@main
struct Roost: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "roost",
    abstract: "A backend for your app in one program: accounts, documents, files, and functions that react to events.",
    discussion: """
      Start with
        roost admins create me@example.org --data ./roost_data
        roost serve --data ./roost_data
        roost login --email me@example.org

      Commands talk to a running server: --server URL (or ROOST_SERVER), with --key (or ROOST_KEY, or after `roost login`). Where it \
      says --data FOLDER they work on the data folder itself, without a server.

      With --json a list is one JSON array, an item a line, and anything else one JSON object. Errors and remarks go to stderr. \
      Exit status: 0 done, 1 refused or failed, 64 wrong use.
      """,
    version: RunningServer.version,
    subcommands: [
      ServeCommand.self, InitCommand.self, LoginCommand.self, LogoutCommand.self, AdminsCommand.self, UsersCommand.self, KeysCommand.self,
      CollectionsCommand.self, DocumentsCommand.self, RulesCommand.self, FunctionsCommand.self, DoctorCommand.self,
    ])

  static func main() async {
    do {
      var command = try await parseCommand()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      CommandFailure.end(with: error)
    }
  }

  private static func parseCommand() async throws -> any ParsableCommand { try parseAsRoot() }
}
