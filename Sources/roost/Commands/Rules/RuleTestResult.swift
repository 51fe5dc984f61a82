import AppFile
import CEL
import Core
import JSON

/// What became of one rule test.
struct RuleTestResult {
  let test: RuleTest
  /// Nil if the case could not be decided at all.
  private let verdict: RuleVerdict?
  private let error: String?

  /// - Parameter now: the time of a case that does not say one.
  init(_ test: RuleTest, in app: AppFile, at now: Timestamp) {
    self.test = test
    do {
      guard let collection = app.collections[test.collection] else { throw CommandError("there is no collection '\(test.collection)'") }
      let simulation = try RuleSimulation(
        collection: Collection(collection, number: 0, created: now, updated: now), operation: test.operation, auth: test.auth, document: test.document,
        incoming: test.incoming,
        request: test.request, documents: test.documents, at: now, found: { _, _ in nil })
      (verdict, error) = (try simulation.verdict(), nil)
    } catch {
      let problem = (error as? RoostError).map { ([$0.message] + $0.fields.map { "\($0.pointer): \($0.detail)" }).joined(separator: " ") }
      (verdict, self.error) = (nil, problem ?? (error as? CommandError)?.message ?? "\(error)")
    }
  }

  var passed: Bool { error == nil && wrong.isEmpty }

  /// Each thing that is not as expected.
  private var wrong: [String] {
    guard let verdict else { return [] }
    var wrong: [String] = []
    if verdict.allowed != (test.expectation == .allow) {
      wrong.append("expected \(test.expectation.rawValue), but it is \(verdict.allowed ? "allowed" : "denied")")
    }
    for (word, expected, found) in [("hidden", test.hidden, verdict.hiddenFields), ("denied", test.denied, verdict.deniedFields)] {
      guard let expected, Set(expected) != Set(found) else { continue }
      wrong.append("expected \(word) \(Self.list(expected)), but \(word) \(found.count == 1 ? "is" : "are") \(Self.list(found))")
    }
    return wrong
  }

  private static func list(_ names: [String]) -> String { names.isEmpty ? "nothing" : names.sorted().joined(separator: ", ") }

  /// For people: a line, and below it what is to be known of a failure.
  func text(file: String) -> String {
    guard !passed else { return "✓ \(Printable.line(test.name))" }
    return (["✗ \(Printable.line(test.name)) (\(file):\(test.line))"] + reasons.map { "    " + Printable.line($0) }).joined(separator: "\n")
  }

  private var reasons: [String] {
    guard let verdict else { return [error ?? ""] }
    var reasons = wrong
    if let rule = verdict.rule {
      reasons.append("\(verdict.pointer.dropFirst().replacing("/", with: ".")): \(rule)")
    } else {
      reasons.append("'\(test.collection)' has no rule '\(test.operation.rawValue)', so only admins may")
    }
    if let decided = verdict.decidedBy { reasons += Self.explain(decided) }
    if !verdict.deniedFields.isEmpty { reasons.append("field rules deny the change of \(Self.list(verdict.deniedFields))") }
    return reasons
  }

  private static func explain(_ decided: CELExplanation) -> [String] {
    let outcome = decided.partError.map { "an error, \($0.message)" } ?? decided.partValue.map(words) ?? "nothing"
    return ["decided by \(decided.part) (line \(decided.line), column \(decided.column)), which is \(outcome)"]
      + decided.names.map { "  \($0.name) = \($0.value.map(words) ?? "missing")" }
  }

  private static func words(_ value: CELValue) -> String {
    let text = value.json?.text ?? "a \(value.typeName)"
    return text.count > 200 ? text.prefix(200) + "…" : text
  }

  /// For machines.
  var value: JSONValue {
    [
      "name": .string(test.name), "line": .int(Int64(test.line)), "collection": .string(test.collection),
      "operation": .string(test.operation.rawValue), "passed": .bool(passed), "expected": .string(test.expectation.rawValue),
      "allowed": verdict.map { .bool($0.allowed) } ?? .null, "rule": verdict?.rule.map(JSONValue.string) ?? .null,
      "pointer": verdict.map { .string($0.pointer) } ?? .null, "decidedBy": verdict?.decidedBy.map(\.jsonValue) ?? .null,
      "hiddenFields": .array(verdict?.hiddenFields.map(JSONValue.string) ?? []),
      "deniedFields": .array(verdict?.deniedFields.map(JSONValue.string) ?? []), "error": error.map(JSONValue.string) ?? .null,
    ]
  }
}
