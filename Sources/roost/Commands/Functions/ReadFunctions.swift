import ArgumentParser
import JSON

/// `roost functions list`.
struct ListFunctions: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show the functions.",
    discussion: """
      Example:
        roost functions list
      """)

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let functions = try await server.call { try await $0.functions().items }
    var printer = ListPrinter(
      output,
      [
        Table.Column("NAME", "name"), Table.Column("VERSION", alignsRight: true) { $0["version"]?.text ?? "" },
        Table.Column("RUNS ON") { ($0["triggers"]?.arrayValue ?? []).map(FunctionSettings.sentence).joined(separator: "; ") },
        Table.Column("TIMEOUT", "timeout"), Table.Column.time("DEPLOYED", "updatedAt"),
      ])
    printer.add(functions)
    printer.end(empty: "There are no functions yet. Deploy one: roost functions deploy FILE --on created --collection NAME")
  }
}

/// `roost functions get`.
struct GetFunction: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Show a function: what makes it run, its limits and its program.",
    discussion: """
      Examples:
        roost functions get on-order
        roost functions get on-order --source > on-order.js
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Flag(help: "Only the program, as it was deployed.")
  var source = false

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = name
    let function = try await server.call { try await $0.function(name) }
    if source { return Terminal.bytes(Array((function["source"]?.stringValue ?? "").utf8)) }
    guard !output.json, var shown = function.objectValue else { return Terminal.line(function.text) }
    shown["source"] = nil
    Terminal.line(IndentedJSON.text(of: .object(shown)))
  }
}

/// `roost functions delete`.
struct DeleteFunction: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Delete a function with its records, logs and dead letters.",
    discussion: """
      Example:
        roost functions delete on-order --yes
      """)

  @Argument(help: "The function's name.")
  var name: String

  @OptionGroup var confirmation: Confirmation
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = name
    try confirmation.require("Delete the function '\(name)' with its records, logs and dead letters?")
    try await server.call { try await $0.deleteFunction(name) }
    output.done("Deleted the function '\(name)'.", ["name": .string(name)])
  }
}
