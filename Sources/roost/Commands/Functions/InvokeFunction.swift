import ArgumentParser
import JSON
import RoostClient

/// `roost functions invoke`.
struct InvokeFunction: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "invoke", abstract: "Run a function once, now, and show what it printed and returned.",
    discussion: """
      Without an event it gets a sample: of its first trigger, or of the type that --sample names (document, before, file, user, schedule, \
      http, event). What it does is real: it writes to the database like any run. For an http trigger the event may be a few members of \
      the call, such as {"method": "POST", "path": "/webhook", "body": {"a": 1}}.
      The exit status is 1 if the function fails.

      Examples:
        roost functions invoke on-order
        roost functions invoke on-order --event event.json
        roost functions invoke hello --event '{"path": "/to/Ada"}'
        roost functions invoke nightly --sample schedule --json
      """)

  @Argument(help: "The function's name.")
  var name: String

  @Option(help: ArgumentHelp("The event: a JSON file, - for standard input, or the object itself.", valueName: "file"))
  var event: String?

  @Option(help: ArgumentHelp("Take the trigger of this type.", valueName: "type"))
  var sample: String?

  @Option(help: ArgumentHelp("Take this trigger, counted from 0.", valueName: "number"))
  var trigger: Int?

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard sample == nil || trigger == nil else { throw ValidationError("Give either --sample or --trigger.") }
  }

  func run() async throws {
    var test = JSONObject()
    test["event"] = try event.map { try JSONInput.object($0) }
    test["type"] = sample.map(JSONValue.string)
    test["trigger"] = trigger.map { .int(Int64($0)) }
    let (name, request) = (name, JSONValue.object(test))
    let answer = try await server.call { try await $0.testFunction(name, request) }
    if output.json { Terminal.line(answer.text) } else { show(answer) }
    if answer["invocation"]?["status"]?.stringValue != "succeeded" { throw ExitCode.failure }
  }

  private func show(_ answer: JSONValue) {
    for line in answer["logs"]?.arrayValue ?? [] {
      Terminal.note("\(Printable.line(line["level"]?.stringValue ?? "")): \(Printable.lines(line["message"]?.stringValue ?? ""))")
    }
    let invocation = answer["invocation"] ?? .null
    let status = invocation["status"]?.stringValue ?? ""
    let time = invocation["durationMs"].map { " in \($0.text) ms" } ?? ""
    Terminal.note("\(status)\(time)\(invocation["cold"] == true ? ", with a new worker" : "") (invocation \(invocation["id"]?.stringValue ?? ""))")
    if let error = invocation["error"]?.stringValue { Terminal.note(Printable.lines(error)) }
    if let value = answer["value"], !value.isNull { Terminal.line(IndentedJSON.text(of: value)) }
  }
}
