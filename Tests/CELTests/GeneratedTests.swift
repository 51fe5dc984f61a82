import CEL
import JSON
import Testing

/// A generator whose numbers follow from its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// Writes random sources out of the language's parts.
struct SourceGenerator {
  var random: SeededGenerator

  mutating func pick(_ choices: [String]) -> String { choices[Int.random(in: 0..<choices.count, using: &random)] }

  mutating func source(_ depth: Int) -> String {
    guard depth > 0 else {
      return pick([
        "1", "0", "-1", "2u", "1.5", "'a'", "'é'", "b'x'", "true", "false", "null", "a", "b", "c", "missing", "document", "auth", "auth.id", "[]", "{}", "id",
        "version", "createdAt", "i", "n",
        "9223372036854775807", "'2024-01-01T00:00:00Z'", "'1s'",
      ])
    }
    // Without dyn() most would be refused for their types.
    let a = "dyn(\(source(depth - 1)))"
    let b = "dyn(\(source(Int.random(in: 0..<depth, using: &random))))"
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return "(\(a) \(pick(["==", "!=", "<", "<=", ">", ">=", "in"])) \(b))"
    case 1: return "(\(a) \(pick(["&&", "||"])) \(b))"
    case 2: return "(\(a) \(pick(["+", "-", "*", "/", "%"])) \(b))"
    case 3: return "\(pick(["!", "-"]))(\(a))"
    case 4: return "(\(a) ? \(b) : \(source(depth - 1)))"
    case 5: return "(\(a)).\(pick(["a", "b", "id", "x"]))"
    case 6: return "(\(a))[\(b)]"
    case 7: return "[\(a), \(b)]"
    case 8: return "{'a': \(a), 'b': \(b)}"
    case 9: return "(\(a)).\(pick(["all", "exists", "exists_one", "map", "filter"]))(i, \(b))"
    case 10: return "\(pick(["size", "int", "uint", "double", "string", "bool", "bytes", "type", "dyn", "timestamp", "duration"]))(\(a))"
    default: return "(\(a)).\(pick(["contains", "startsWith", "endsWith", "split", "indexOf", "charAt"]))(\(b))"
    }
  }
}

@Suite("Generated expressions") struct GeneratedTests {
  private static let documents = [
    #"{}"#, #"{"a":1,"b":"a","c":[1,2,"x"]}"#, #"{"a":{"a":{"b":true}},"b":null,"c":1.0,"i":"é","n":-0}"#,
    #"{"a":"\u00e9\n","b":[{"id":"x"}],"c":9223372036854775807}"#,
    #"{"a":true,"b":false,"c":18446744073709551615,"n":1e3}"#,
  ]

  @Test("Any expression is refused or evaluated, and one part of it is the same in bytes and in values", arguments: 0..<8)
  func generated(_ shard: UInt64) throws {
    let seed = 20_260_700 + shard
    var generator = SourceGenerator(random: SeededGenerator(seed: seed))
    let auth = CELValue.map(CELMap(fields: [("id", .string("a"))]))
    var compiled = 0
    for _ in 0..<700 {
      let source = generator.source(Int.random(in: 1...5, using: &generator.random))
      guard let expression = try? CELExpression(source, in: CELEnvironment(variables: ["auth": .dyn, "document": .dyn], fieldsOf: "document"), expecting: nil)
      else { continue }
      compiled += 1
      for text in Self.documents {
        let document = CELDocument(body: Array(text.utf8), id: "p1", version: 2, createdAtMilliseconds: 5000)
        let json = try JSONValue(parsing: document.body)
        guard case .object(let members) = json else { continue }
        let own: [(String, CELValue)] = [("id", .string("p1")), ("version", .int(2)), ("createdAt", .string("1970-01-01T00:00:05.000Z"))]
        let whole = CELValue.map(CELMap(fields: own + members.map { ($0.key, CELValue($0.value)) }))
        let lazy = outcome(expression, CELDocumentActivation(document: document, values: ["auth": auth]))
        let eager = outcome(expression, ["document": whole, "auth": auth] as [String: CELValue])
        #expect(lazy == eager, "seed \(seed): \(source) on \(text)")
      }
    }
    #expect(compiled > 250, "seed \(seed)")
  }

  /// The value, or the code of the error.
  private func outcome(_ expression: CELExpression, _ activation: some CELActivation) -> Result<CELValue, Failure> {
    do throws(CELEvaluationError) {
      let value = try expression.evaluate(activation)
      #expect(expression.allows(activation) == (value == .bool(true)))
      return .success(value)
    } catch {
      #expect(!expression.allows(activation))
      return .failure(Failure(code: error.code))
    }
  }

  private struct Failure: Error, Equatable { let code: CELEvaluationError.Code }

  @Test("Random texts out of the language's characters are refused or parsed") func noise() {
    let seed: UInt64 = 77
    var random = SeededGenerator(seed: seed)
    let parts = [
      "(", ")", "[", "]", "{", "}", ".", ",", "?", ":", "a", "1", "'", "\"", "\\", "&&", "||", "!", "-", "==", "<", "in", " ", "\n", "`", "r'", "b\"", "0x",
      "e5", "é", "has", "all", "\u{0}", "'''", "//", "u",
    ]
    for _ in 0..<20_000 {
      let source = (0..<Int.random(in: 1...12, using: &random)).map { _ in parts[Int.random(in: 0..<parts.count, using: &random)] }.joined()
      _ = try? CELExpression(source, in: .rule)
    }
  }
}
