import ArgumentParser
import JSON

/// An http trigger, as flags.
struct HTTPTriggerOptions: ParsableArguments {
  @Flag(help: "Answer calls at /v1/call/NAME.")
  var http = false

  @Option(help: ArgumentHelp("With --http: who may call, a CEL rule; true is everybody. Without it: admins only.", valueName: "rule"))
  var access: String?

  @Option(name: .customLong("path"), help: ArgumentHelp("With --http: the path behind the name, e.g. /webhook/{sender}.", valueName: "path"))
  var callPath: String?

  @Option(help: ArgumentHelp("With --http: e.g. GET,POST. Without it: all.", valueName: "methods"))
  var methods: String?

  var areGiven: Bool { http || access != nil || callPath != nil || methods != nil }

  /// - Parameter before: the one that the function has, of which what no flag names stays.
  func trigger(changing before: JSONValue) throws -> JSONValue? {
    guard http else {
      guard !areGiven else { throw ValidationError("--access, --path and --methods belong to --http.") }
      return nil
    }
    var trigger = before.objectValue ?? [:]
    trigger["type"] = "http"
    if let access { trigger["access"] = .string(access) }
    if let callPath { trigger["path"] = .string(callPath) }
    if let methods { trigger["methods"] = .array(methods.split(separator: ",").map { .string($0.uppercased()) }) }
    return .object(trigger)
  }

  /// `calls of GET, POST /webhook/{sender}`
  static func sentence(_ trigger: JSONValue) -> String {
    let methods = (trigger["methods"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
    return ["calls of", methods, trigger["path"]?.stringValue ?? "every path"].filter { !$0.isEmpty }.joined(separator: " ")
  }
}
