import BenchmarkTiming
import CEL
import JSON

/// How fast rules run over document bytes, one core: `swift run -c release cel-benchmark [part of a rule [rounds]]`.
/// With rounds it only runs them, for a tool that counts instructions.
@main enum CELBenchmark {
  static let rules = [
    #"auth != null && author == auth.id && status in ["draft", "open"]"#,
    #""editor" in auth.roles || author == auth.id && !locked"#,
    #"status == "open" && timestamp(publishedAt) <= request.time"#,
    #"likes >= 10 && place.name == "Drau" && title.size() <= 120"#,
    #"title.matches("^[A-Z][a-z]* (walk|ride) along .*river$")"#,
    #"tags.exists(tag, tag in ["nature", "city"])"#,
  ]

  static func main() throws {
    let environment = CELEnvironment(
      variables: ["auth": .dyn, "document": .dyn, "incoming": .dyn, "request": .dyn, "params": .dyn], fieldsOf: "document")
    for bytes in [300, 3_000] {
      let document = Array(documentText(bytes: bytes).utf8)
      let context = BenchmarkContext(document)
      let parsing = try ProcessorTime.nanoseconds { try JSONValue(parsing: document).objectValue?.count ?? 0 }
      print("\na document of \(document.count) bytes; JSONValue(parsing:) takes \(Int(parsing)) ns")
      print("  ns/evaluation  evaluations/s  of parsing")
      for source in rules {
        let rule = try CELExpression(source, in: environment)
        guard rule.allows(context) else { throw NotAllowed(source: source) }
        measure(source, against: parsing) { rule.allows(context) ? 1 : 0 }
      }
      // What the fields of ours cost where they are spliced in front of the body for each evaluation, as callers see them.
      let rule = try CELExpression(rules[0], in: environment)
      let spliced = SplicedContext(document)
      measure("\(rules[0])  spliced", against: parsing) { rule.allows(spliced) ? 1 : 0 }
    }
  }

  /// A document in which what rules ask for stands before and behind its long text.
  static func documentText(bytes: Int) -> String {
    let front =
      #"{"title":"A walk along the river","author":"0192f8a2-7c1b-7e55-9d6c-2f4b8a1c3d5e","likes":128,"locked":false,"text":""#
    let back =
      #"","tags":["travel","nature","été"],"place":{"name":"Drau","lat":46.6},"publishedAt":"2026-11-20T10:00:00Z","status":"open"}"#
    let sentence = #"Three hours of easy going, \"mostly\" flat, with two places to swim. "#
    let room = max(0, bytes - front.utf8.count - back.utf8.count)
    let text = String(repeating: sentence, count: room / sentence.utf8.count) + String(repeating: ".", count: room % sentence.utf8.count)
    return front + text + back
  }

  static func measure(_ name: String, against parsing: Double, _ body: () throws -> Int) rethrows {
    let arguments = CommandLine.arguments
    if arguments.count > 1, !name.contains(arguments[1]) { return }
    if arguments.count > 2, let rounds = Int(arguments[2]) {
      for _ in 0..<rounds { _ = try body() }
      return
    }
    let each = try ProcessorTime.nanoseconds(body)
    func column(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(0, width - text.count)) + text }
    print("\(column("\(Int(each))", 15))\(column("\(Int(1e9 / each))", 15))\(column("\(Int(each / parsing * 100)) %", 12))  \(name)")
  }
}

struct NotAllowed: Error {
  let source: String
}
