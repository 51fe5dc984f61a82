import CEL
import Testing

private final class Teams: CELLookups {
  var asked: [String] = []

  func document(_ id: String, in collection: String) throws(CELLookupFailure) -> CELLookedUp? {
    asked.append("\(collection)/\(id)")
    if id == "broken" { throw CELLookupFailure() }
    guard id == "red" || id.hasPrefix("large") else { return nil }
    let value = CELValue.map(CELMap(fields: [("owner", .string("ada")), ("members", .list([.string("ada"), .string("bob")]))]))
    return CELLookedUp(value, size: id == "red" ? 50 : 1 << 20)
  }
}

private struct Context: CELActivation {
  var lookups: (any CELLookups)?

  func value(of variable: String) -> CELValue? {
    switch variable {
    case "team": .string("red")
    case "none": .string("none")
    case "broken": .string("broken")
    case "teams": .list([.string("red"), .string("none")])
    case "number": .int(1)
    default: nil
    }
  }
}

@Suite("lookup() in rules") struct LookupTests {
  private let environment = CELEnvironment(
    variables: ["team": .string, "none": .string, "broken": .dyn, "teams": .list(.string), "number": .dyn], hasLookup: true)

  @Test(
    "A document of another collection, or null",
    arguments: [
      (#"lookup("teams", team).owner == "ada""#, true), (#""bob" in lookup("teams", team).members"#, true), (#"lookup("teams", none) == null"#, true),
      (#"lookup("teams", none).owner == "ada""#, nil), (#"lookup("teams", none) != null && lookup("teams", none).owner == "ada""#, false),
      (#"lookup("teams", number) == null"#, nil), (#"teams.exists(t, lookup("teams", t) == null)"#, true), (#"has(lookup("teams", team).name)"#, false),
      (#"lookup("teams", broken) == null"#, nil), (#"true || lookup("teams", broken) == null"#, true), (#"lookup("teams", "re" + "d").owner == "ada""#, true),
    ] as [(String, Bool?)])
  func values(source: String, expected: Bool?) throws {
    let expression = try CELExpression(source, in: environment)
    let value = try? expression.evaluate(Context(lookups: Teams()))
    #expect(value == expected.map(CELValue.bool))
    #expect(expression.allows(Context(lookups: Teams())) == (expected ?? false))
    #expect(expression.lookedUp == ["teams"] || source.hasPrefix("true ||"))
    #expect(!expression.allows(Context(lookups: nil)) || source.hasPrefix("true ||"))
  }

  @Test(
    "What is wrong is said when the rule is saved",
    arguments: [
      (#"lookup(team, "x") == null"#, 8, "collection's name in quotes"), (#"lookup("teams") == null"#, 1, "found 1 argument"),
      (#"lookup("", team) == null"#, 8, "in quotes"),
      (#"lookup("teams", 1) == null"#, 17, "must be a string, found 1 (int)"), (#"lokup("teams", team) == null"#, 1, "did you mean 'lookup'?"),
    ] as [(String, Int, String)])
  func refused(source: String, column: Int, message: String) {
    let error = #expect(throws: CELError.self) { try CELExpression(source, in: environment) }
    #expect(error?.column == column && error?.message.contains(message) == true, "\(error?.description ?? "")")
  }

  @Test("It is there in rules only")
  func onlyInRules() {
    let filter = CELEnvironment(variables: ["team": .string])
    let error = #expect(throws: CELError.self) { try CELExpression(#"lookup("teams", team) == null"#, in: filter) }
    #expect(error?.message == "lookup() can be used in rules only")
  }

  @Test("A macro cannot read thousands of documents")
  func bounded() throws {
    let teams = Teams()
    let many = CELEnvironment(variables: ["teams": .list(.string)], hasLookup: true)
    struct Many: CELActivation {
      let lookups: (any CELLookups)?
      func value(of variable: String) -> CELValue? { .list((0..<5000).map { .string("t\($0)") }) }
    }
    let expression = try CELExpression(#"teams.all(t, lookup("teams", t) == null)"#, in: many)
    #expect(throws: CELEvaluationError.self) { try expression.evaluate(Many(lookups: teams)) }
    #expect(teams.asked.count < 1000)
    let large = try CELExpression(#"teams.all(t, lookup("teams", "large" + t).owner == "ada")"#, in: many)
    let larger = Teams()
    #expect(throws: CELEvaluationError.self) { try large.evaluate(Many(lookups: larger)) }
    #expect(larger.asked.count < 10)
  }

  @Test("An explanation names the documents that were looked up, and their ids") func explanation() throws {
    let source = #"lookup("teams", none) == null && lookup("teams", team).owner == "eve""#
    let explanation = try CELExpression(source, in: environment).explain(Context(lookups: Teams()))
    #expect(explanation.part == #"lookup("teams", team).owner == "eve""#)
    #expect(explanation.names.map(\.name) == [#"lookup("teams", team).owner"#, "team"])
    #expect(explanation.names.map(\.value) == [.string("ada"), .string("red")])
  }
}
