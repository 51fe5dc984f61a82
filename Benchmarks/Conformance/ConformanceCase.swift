import CEL
import JSON

/// One simple test of cel-spec, as `scripts/cel-conformance` writes it in one line of JSON.
struct ConformanceCase {
  let file: String
  /// `section/name`, which is unique within the file.
  let name: String
  let expression: String
  /// Why it is not run; nil if it is.
  let leftOut: String?
  private let isChecked: Bool
  private let isCheckOnly: Bool
  private let types: [String: CELType]
  private let bindings: [String: CELValue]
  /// Nil if only the type counts, or if it must fail.
  private let value: CELValue?
  private let fails: Bool
  private let deduced: CELType?

  /// Throws for a line that is none of the script's.
  init(_ line: [UInt8]) throws {
    let json = try JSONValue(parsing: line)
    guard let file = json["file"]?.stringValue, let section = json["section"]?.stringValue, let name = json["name"]?.stringValue else {
      throw ConformanceFault("a case has no name")
    }
    self.file = file
    self.name = "\(section)/\(name)"
    expression = json["expression"]?.stringValue ?? ""
    leftOut = json["leftOut"]?.stringValue
    isChecked = json["unchecked"]?.boolValue != true
    isCheckOnly = json["checkOnly"]?.boolValue == true
    fails = json["fails"]?.boolValue == true
    value = try json["value"].flatMap { $0.isNull ? nil : try CELValue(typed: $0) }
    deduced = try json["deduced"].flatMap { $0.isNull ? nil : try CELType(typed: $0) }
    var types: [String: CELType] = [:]
    for (name, type) in json["types"]?.objectValue ?? [:] { types[name] = try CELType(typed: type) }
    var bindings: [String: CELValue] = [:]
    for binding in json["bindings"]?.arrayValue ?? [] {
      guard let name = binding[0]?.stringValue, let value = binding[1] else { throw ConformanceFault("a binding has no name") }
      bindings[name] = try CELValue(typed: value)
    }
    for name in bindings.keys where types[name] == nil { types[name] = .dyn }
    self.types = types
    self.bindings = bindings
  }

  /// What is wrong with the outcome; nil if nothing is.
  func run() -> String? {
    do {
      let compiled = try CELExpression(expression, in: CELEnvironment(variables: types, isChecked: isChecked), expecting: nil)
      if let deduced, compiled.root.type != deduced { return "has the type \(compiled.root.type.name), not \(deduced.name)" }
      if isCheckOnly { return nil }
      let found = try compiled.evaluate(bindings)
      if fails { return "gives \(found), but must fail" }
      guard let value, !found.isSame(as: value) else { return nil }
      return "gives \(found), not \(value)"
    } catch {
      return fails ? nil : "fails: \(error)"
    }
  }
}

struct ConformanceFault: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
