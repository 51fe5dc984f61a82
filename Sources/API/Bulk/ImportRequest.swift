import Core
import HTTPServer

/// What an import asks for besides its lines.
struct ImportRequest: Sendable {
  let format: BulkFormat
  let mode: ImportMode
  let stopsAtError: Bool
  let isTrial: Bool
  let keepsTimes: Bool
  let infersTypes: Bool

  init(_ call: Call) throws {
    let query = try call.query.only(["format", "mode", "onError", "validate", "keepTimes", "types"])
    format = try BulkFormat.ofBody(call.headers, named: BulkFormat.named(query["format"]))
    guard let mode = ImportMode(rawValue: query["mode"] ?? "create") else {
      let known = ImportMode.allCases.map(\.rawValue).joined(separator: ", ")
      throw RoostError(.badRequest, "`mode` is '\(query["mode"]?.prefix(20) ?? "")'; expected one of \(known).")
    }
    self.mode = mode
    stopsAtError = try Self.choice(query["onError"], "onError", "continue", "stop") == "stop"
    isTrial = try QueryParameters.flag(query["validate"], "validate")
    keepsTimes = try QueryParameters.flag(query["keepTimes"], "keepTimes")
    infersTypes = try Self.choice(query["types"], "types", "infer", "text") == "infer"
    guard !keepsTimes || call.caller.passesRules else { throw RoostError.denied("set createdAt and updatedAt (`keepTimes`)", caller: call.caller) }
    guard format == .csv || query["types"] == nil else { throw RoostError(.badRequest, "`types` is for CSV; JSON says what type a value has.") }
  }

  private static func choice(_ text: String?, _ name: String, _ first: String, _ second: String) throws -> String {
    guard let text else { return first }
    guard text == first || text == second else {
      throw RoostError(.badRequest, "`\(name)` is '\(text.prefix(20))'; expected \(first) or \(second).")
    }
    return text
  }
}
