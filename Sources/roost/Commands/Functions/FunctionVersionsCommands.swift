import ArgumentParser
import JSON
import RoostClient

/// `roost functions versions`.
struct ListFunctionVersions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "versions", abstract: "Show what was deployed, newest first.",
    discussion: """
      Each deploy is a version, which never changes. USE says why it cannot be deleted: it is the current one, takes part of the events (live), \
      or has a name.

      Examples:
        roost functions versions on-order
        roost functions rollback on-order --to 3
      """)

  @Argument(help: "The function's name.")
  var name: String

  @OptionGroup var paging: PagingOptions
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = name
    try await server.call { client in
      var printer = ListPrinter(
        output,
        [
          Table.Column("VERSION", alignsRight: true) { $0["version"]?.text ?? "" }, Table.Column.time("DEPLOYED", "createdAt", toSecond: true),
          Table.Column("BY") { row in [row["by"]?["type"]?.stringValue, row["by"]?["id"]?.stringValue].compactMap { $0 }.joined(separator: " ") },
          Table.Column("KIND", "kind"), Table.Column("BYTES", alignsRight: true) { $0["size"]?.text ?? "" },
          Table.Column("CHECKSUM") { String(($0["checksum"]?.stringValue ?? "").prefix(12)) },
          Table.Column("USE") { ($0["uses"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ") },
        ])
      try await paging.pages(&printer) { limit, cursor in try await client.versions(of: name, limit: limit, cursor: cursor) }
      printer.end(empty: "'\(name)' has no versions.")
    }
  }
}

/// `roost functions rollback`.
struct RollbackFunction: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback", abstract: "Go back to an earlier version, at once.",
    discussion: """
      Examples:
        roost functions rollback on-order
        roost functions rollback on-order --to 3
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Option(help: ArgumentHelp("The version; without it, the one before the current one.", valueName: "version"))
  var to: Int?

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (name, to) = (name, to)
    let function = try await server.call { try await $0.rollback(name, to: to) }
    output.done("'\(name)' is back at version \(function["version"]?.text ?? "").", function)
  }
}

/// `roost functions aliases`.
struct FunctionAliasesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "aliases", abstract: "Names for versions, and who takes the events.",
    discussion: """
      The alias 'live' is always there: it says which version takes events, or which two share them.

      Examples:
        roost functions aliases list on-order
        roost functions aliases set on-order stable 3
        roost functions aliases set on-order live 3=0.9 4=0.1
        roost functions aliases delete on-order stable
      """,
    subcommands: [ListFunctionAliases.self, SetFunctionAlias.self, DeleteFunctionAlias.self])
}

/// `roost functions aliases list`.
struct ListFunctionAliases: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show a function's aliases.",
    discussion: """
      Example:
        roost functions aliases list on-order
      """)

  @Argument(help: "The function's name.")
  var name: String

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = name
    let aliases = try await server.call { try await $0.aliases(of: name).items }
    var printer = ListPrinter(
      output,
      [
        Table.Column("ALIAS", "name"),
        Table.Column("VERSIONS") { row in
          (row["versions"]?.objectValue ?? [:]).map { version, weight in weight == 1 ? version : "\(version)=\(weight.text)" }.joined(separator: " ")
        }, Table.Column.time("CHANGED", "updatedAt"),
      ])
    printer.add(aliases)
    printer.end(empty: "'\(name)' has no aliases.")
  }
}

/// `roost functions aliases set`.
struct SetFunctionAlias: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Name a version, or split the events between two.",
    discussion: """
      Examples:
        roost functions aliases set on-order stable 3
        roost functions aliases set on-order live 3=0.9 4=0.1
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Argument(help: "The alias; 'live' says who takes the events.")
  var alias: String

  @Argument(help: "A version, or two with weights that add up to 1.")
  var versions: [String]

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { _ = try target() }

  func run() async throws {
    let (name, alias, target) = (name, alias, try target())
    let set = try await server.call { try await $0.putAlias(alias, of: name, target) }
    output.done("'\(alias)' of '\(name)' is \(versions.joined(separator: " ")).", set)
  }

  private func target() throws -> JSONValue {
    if versions.count == 1, let version = Int64(versions[0]) { return ["version": .int(version)] }
    var weights = JSONObject()
    for text in versions {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let version = Int64(parts[0]), let weight = Double(parts[1]), weight.isFinite else {
        throw ValidationError("'\(text)' is no version; expected a number like 3, or two with weights like 3=0.9 4=0.1.")
      }
      weights[String(version)] = .double(weight)
    }
    return ["versions": .object(weights)]
  }
}

/// `roost functions aliases delete`.
struct DeleteFunctionAlias: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Forget an alias; with 'live', end a split.",
    discussion: """
      Example:
        roost functions aliases delete on-order stable
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Argument(help: "The alias.")
  var alias: String

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let (name, alias) = (name, alias)
    try await server.call { try await $0.deleteAlias(alias, of: name) }
    output.done("Deleted the alias '\(alias)' of '\(name)'.", ["name": .string(name), "alias": .string(alias)])
  }
}
