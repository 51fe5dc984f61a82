import CEL
import Testing

private let environment = CELEnvironment(
  variables: ["auth": .auth, "document": .document, "request": .request, "count": .int, "name": .string, "any": .dyn], fieldsOf: "document")

@Suite("What is refused before it runs") struct CheckingTests {
  @Test(
    "Faults of the text have their line and column, and say what was expected",
    arguments: [
      ("", 1, 1, "expected a value, found the end"), ("1 +", 1, 4, "expected a value"), ("(1", 1, 3, "')' to close the '(' of line 1, column 1"),
      ("[1, 2", 1, 6, "to close the '['"), ("a b", 1, 3, "expected an operator or the end, found 'b'"), ("a = 1", 1, 3, "'=='"), ("a & b", 1, 3, "'&&'"),
      ("a | b", 1, 3, "'||'"),
      ("'abc", 1, 1, "no closing quotation mark"), ("true &&\n  # 1", 2, 3, "found '#'"), ("'é' @", 1, 5, "found '@'"),
      ("9223372036854775808", 1, 1, "past the range of int"),
      ("-9223372036854775809", 1, 2, "past the range of int"), ("18446744073709551616u", 1, 1, "past the range of uint"), ("0x", 1, 1, "hexadecimal digits"),
      ("1e999", 1, 1, "past the range of a double"),
      ("12ab", 1, 3, "right after the number"), ("'\\q'", 1, 2, "no escape"), ("'\\ud800'", 1, 2, "no character"), ("b'\\u0041'", 1, 3, "names a character"),
      ("package", 1, 1, "reserved word"),
      ("a ? b", 1, 6, "':'"), ("{'a' 1}", 1, 6, "':'"), ("f(1,)", 1, 5, "another argument"), ("a.1", 1, 2, "expected an operator"),
      ("a.", 1, 3, "a field's name"), ("has(1)", 1, 1, "has() takes one field"),
      ("any.all(1, true)", 1, 5, "simple name"), ("any.all(x)", 1, 5, "found 1 argument"), ("'a\nb'", 1, 1, "no closing quotation mark"),
      ("a.`b", 1, 3, "no closing '`'"), ("\n\n  )", 3, 3, "found ')'"),
    ] as [(String, Int, Int, String)])
  func syntax(_ source: String, _ line: Int, _ column: Int, _ message: String) { refuses(source, line, column, message) }

  @Test(
    "Types that cannot fit are found",
    arguments: [
      ("1 + 'a'", 1, 3, "'+' cannot take 1 (int) and 'a' (string)"), ("1 + 1.0 > 0.0", 1, 3, "convert one with double"),
      ("count > '3'", 1, 7, "found count (int) and '3' (string); write 3 without quotation marks"),
      ("request.time > '2024'", 1, 14, "timestamp(…) around the string"), ("count", 1, 1, "must be a bool, found one that is an int"),
      ("name", 1, 1, "found one that is a string"), ("!count", 1, 1, "must be a bool"),
      ("count && true", 1, 7, "left of '&&'"), ("true || name", 1, 6, "right of '||'"), ("-name == 1", 1, 1, "'-' needs"),
      ("count ? true : false", 1, 7, "condition before '?'"),
      ("1 in name", 1, 3, "'in' needs a list or a map"), ("name.field == 1", 1, 6, "a string has no fields"),
      ("name[0] == 'a'", 1, 5, "a string has no elements"), ("[1]['a'] == 1", 1, 5, "index must be an int"),
      ("count.all(x, true)", 1, 7, "list or a map, found int"), ("[1].all(x, x)", 1, 12, "must be a bool, found x (int)"),
      ("{1.5: 2} == {}", 1, 2, "key must be"),
      ("request.metod == 'GET'", 1, 9, "did you mean 'method'?"),
      ("auth.idd == ''", 1, 6, "'auth' has no field 'idd'; did you mean 'id'?"), ("has(request.tim)", 1, 1, "did you mean 'time'?"),
    ] as [(String, Int, Int, String)])
  func types(_ source: String, _ line: Int, _ column: Int, _ message: String) { refuses(source, line, column, message) }

  @Test(
    "Calls are checked",
    arguments: [
      ("startWith(name, 'a')", 1, 1, "unknown function 'startWith'; did you mean 'startsWith'?"), ("name.startsWith()", 1, 6, "takes 1 argument, found 0"),
      ("name.startsWith('a', 'b')", 1, 6, "found 2"),
      ("count.startsWith('a')", 1, 7, "there is no int.startsWith(string); expected string.startsWith(string)"), ("startsWith(name, 'a')", 1, 1, "is a method"),
      ("name.int() == 1", 1, 6, "is no method"),
      ("size(1) == 1", 1, 1, "there is no size(int)"), ("name.exist(x, true)", 1, 6, "did you mean 'exists'?"), ("int", 1, 1, ""),
    ].dropLast() as [(String, Int, Int, String)])
  func calls(_ source: String, _ line: Int, _ column: Int, _ message: String) { refuses(source, line, column, message) }

  @Test("Without bare fields an unknown name is refused, with what is like it") func unknownName() {
    let closed = CELEnvironment(variables: ["request": .request, "auth": .auth])
    let error = #expect(throws: CELError.self) { try CELExpression("auht == null", in: closed) }
    #expect(error == CELError(line: 1, column: 1, message: "unknown variable 'auht'; did you mean 'auth'?"))
    #expect(throws: CELError.self) { try CELExpression("size", in: closed) }
  }

  @Test("A field that has a schema is known") func schema() throws {
    let post = CELType.object(["likes": .int, "title": .string, "score": .number], open: false)
    let posts = CELEnvironment(variables: ["document": post, "auth": .auth], fieldsOf: "document")
    #expect(throws: CELError.self) { try CELExpression("likes > '3'", in: posts) }
    let error = #expect(throws: CELError.self) { try CELExpression("titel == 'x'", in: posts) }
    #expect(error?.message.contains("did you mean 'title'?") == true)
    _ = try CELExpression("likes > 3 && score < 2 && score >= 1.5 && title != null", in: posts)
  }

  @Test("A bare name is the document's field, unless it is a variable") func bareNames() throws {
    let expression = try CELExpression("title == name && type == 'post' && document.name == auth.id", in: environment)
    #expect(expression.variables == ["document", "name", "auth"])
    let document = CELDocument(body: Array(#"{"title":"a","type":"post","name":"me"}"#.utf8))
    let values: [String: CELValue] = ["name": .string("a"), "auth": .map(CELMap(fields: [("id", .string("me"))]))]
    #expect(expression.allows(CELDocumentActivation(document: document, values: values)))
    // Compared with a type, the name of a type is that type.
    #expect(
      try CELExpression("type(name) == string && int != type(title) && type(title) in [string, list]", in: environment)
        .allows(CELDocumentActivation(document: document, values: values)))
  }

  @Test("Constant expressions are worked out") func constants() throws {
    #expect(try CELExpression("true", in: environment).constant == .bool(true))
    #expect(try CELExpression("1 + 1 == 2 || title == 'x'", in: environment).constant == .bool(true))
    #expect(try CELExpression("title == 'x'", in: environment).constant == nil)
    #expect(try CELExpression("1 / 0 == 1", in: environment).constant == nil)
    guard case .binary(.greater, _, let right) = try CELExpression("timestamp(updatedAt) > timestamp('1970-01-01T00:00:01Z')", in: environment).root.kind else {
      Issue.record("not a comparison")
      return
    }
    #expect(right.literal == CELTimestamp(seconds: 1).map(CELValue.timestamp))
  }

  @Test("The tree stands for what was written") func tree() throws {
    let root = try CELExpression("likes >= 3", in: environment).root
    guard case .binary(.greaterOrEqual, let left, let right) = root.kind, case .select(let operand, "likes", false) = left.kind,
      case .identifier("document") = operand.kind
    else {
      Issue.record("another tree")
      return
    }
    #expect(right.literal == .int(3))
    #expect(root.position == CELPosition(line: 1, column: 7))
  }

  @Test("An evaluation error has its place and its reason") func evaluationErrors() throws {
    func error(_ source: String) -> CELEvaluationError? {
      #expect(throws: CELEvaluationError.self) { try evaluate(source, ["m": .map(CELMap(fields: [])), "s": .string("a")]) }
    }
    #expect(error("true &&\n m.title == 1").map { "\($0)" } == "line 2, column 4: no such key: 'title'")
    #expect(error("s + 1 == 2").map { "\($0)" } == "line 1, column 3: '+' has no such overload for string and int")
    #expect(error("m['x']").map { "\($0)" } == "line 1, column 2: no such key: 'x'")
    #expect(error("int(s)").map { "\($0)" } == "line 1, column 1: int() cannot convert 'a'")
    #expect(error("1 / (1 - size(s))").map { "\($0)" } == "line 1, column 3: division by zero")
  }

  private func refuses(_ source: String, _ line: Int, _ column: Int, _ message: String) {
    let error = #expect(throws: CELError.self) { try CELExpression(source, in: environment) }
    guard let error else { return }
    #expect(error.line == line && error.column == column && error.message.contains(message), "\(source): \(error)")
  }
}
