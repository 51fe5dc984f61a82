import CEL
import Testing

private let open = CELEnvironment(
  variables: ["auth": .auth, "request": .request, "document": .object(["id": .string], open: true)], fieldsOf: "document")
private let closed = CELEnvironment(
  variables: [
    "auth": .auth, "request": .request,
    "document": .object(
      ["id": .string, "likes": .number, "title": .string, "status": .string, "tags": .list(.string), "draft": .bool, "meta": .map(.string, .dyn)], open: false),
  ], fieldsOf: "document")

@Suite("Mistakes that people make") struct MistakeTests {
  @Test(
    "Words and signs of other languages",
    arguments: [
      ("a = 1", 3, "found '='; to compare, write '=='"), ("a === 1", 3, "found '==='; to compare, write '=='"),
      ("a !== 1", 3, "found '!=='; for \"is not\", write '!='"), ("a <> 1", 3, "found '<>'; for \"is not\", write '!='"),
      ("a =< 1", 3, "write '<='"), ("a => 1", 3, "write '>='"), ("a =~ 'x'", 3, "matches"), ("a ~ 'x'", 3, "matches"), ("a ?? b", 3, "has(title) ?"),
      ("a & b", 3, "found '&'; for \"and\", write '&&'"), ("a | b", 3, "found '|'; for \"or\", write '||'"), ("a++ == 1", 2, "'+ 1'"),
      ("a == 1 /* b */", 8, "a comment begins with '//'"), ("# a", 1, "a comment begins with '//'"), ("a == 'x';", 9, "an expression is one condition"),
      ("a == $b", 6, "found '$'"), ("a == \u{201C}x\u{201D}", 6, "straight quotation marks"), ("a and b", 3, "found 'and'; for \"and\", write '&&'"),
      ("(a == 1 OR b)", 9, "found 'OR'; for \"or\", write '||'"), ("not a", 1, "found 'not'; for \"not\", write '!'"), ("a && NOT b", 6, "write '!'"),
      ("a not in ['x']", 3, "!(status in"), ("title LIKE 'a%'", 7, "found 'LIKE'; write title.contains("), ("title IS NULL", 7, "'== null'"),
      ("a IN ['x']", 3, "small letters"), ("a BETWEEN 1 AND 2", 3, "likes >= 1 && likes <= 5"), ("title exists", 7, "write has(title)"),
      ("typeof title == 'x'", 1, "write type(x)"), ("has title", 1, "'has' is a function, and must be called with parentheses"),
      ("size tags > 1", 1, "as in size(…)"), ("if (a) b", 1, "'if' is a reserved word; for a choice, write condition ? one : other"),
      ("return a == 1", 1, "an expression is its own answer"), ("function(x) { return x }", 1, "reserved word"),
      ("tags.some(t => t == 'a')", 13, "write a comma"),
    ])
  func foreignWords(_ source: String, _ column: Int, _ message: String) { refuses(source, open, column, message) }

  @Test(
    "Functions by the names that they have elsewhere",
    arguments: [
      ("title.length() > 1", 7, "unknown function 'length'; write size(x)"), ("len(title) > 1", 1, "write size(x)"),
      ("tags.includes('a')", 6, "\"…\" in x for a list"), ("title.toLowerCase() == 'a'", 7, "write x.lowerAscii()"),
      ("upper(title) == 'A'", 1, "write x.upperAscii()"),
      ("tags.some(t, t == 'a')", 6, "write x.exists(name, condition)"), ("tags.every(t, t == 'a')", 6, "write x.all(name, condition)"),
      ("title.match('a')", 7, "write x.matches("), ("now() > 1", 1, "write request.time"), ("exists(title)", 1, "has(field) for a field"),
      ("title.indexof('a') > 1", 7, "did you mean 'indexOf'?"), ("auth.isAdmin()", 6, "unknown function 'isAdmin'"),
      ("auth.roles.contains('admin')", 12, "for a list, write \"…\" in it"),
    ])
  func foreignFunctions(_ source: String, _ column: Int, _ message: String) { refuses(source, open, column, message) }

  @Test(
    "Brackets, quotation marks and ends",
    arguments: [
      ("(a == 1", 8, "expected ')' to close the '(' of line 1, column 1, found the end"), ("a == 1)", 7, "this ')' closes nothing"),
      ("a == [1, 2", 11, "expected ']' to close the '[' of line 1, column 6"), ("(a]", 3, "expected ')' to close the '(' of line 1, column 1, found ']'"),
      ("title ==", 9, "expected a value after '==', found the end of the expression"), ("a && ", 6, "expected a value after '&&'"),
      ("a || && b", 6, "expected a value after '||', found '&&'"), ("a in", 5, "expected a value after 'in'"), ("()", 2, "expected a value after '('"),
      ("title == \"abc", 10, "this string has no closing quotation mark"), ("title == 'it's'", 14, "a quotation mark within a string is written \\'"),
      ("status in ('a', 'b')", 15, "a list is written in square brackets"), ("a == 1, b == 2", 7, "for \"and\", write '&&'"),
      ("a..b", 3, "expected a field's name after '.'"),
      ("a ? b", 6, "expected ':'"),
    ])
  func ends(_ source: String, _ column: Int, _ message: String) { refuses(source, open, column, message) }

  @Test(
    "Values that never fit, where fields have types",
    arguments: [
      ("likes > \"3\"", 7, "'>' compares values of one type, found likes (number) and \"3\" (string); write 3 without quotation marks"),
      ("\"3\" < document.likes", 5, "found \"3\" (string) and document.likes (number); write 3"),
      ("likes == \"3\"", 7, "'==' compares values of one type, found likes (number) and \"3\" (string); write 3 without"),
      ("title != 3", 7, "found title (string) and 3 (int); convert one"), ("title == draft", 7, "found title (string) and draft (bool)"),
      ("likes + title == 'x'", 7, "'+' cannot take likes (number) and title (string); convert one"),
      ("likes in ['1', '2']", 7, "likes (number) and ['1', '2'] (list(string))"),
      ("likes in tags", 7, "likes (number) and tags (list(string))"), ("tags == 'a'", 6, "found tags (list(string)) and 'a' (string)"),
      ("!likes", 1, "must be a bool, found likes (number)"), ("likes && draft", 7, "must be a bool, found likes (number)"),
      ("type(title) == 'string'", 13, "write the type's name without quotation marks"),
      ("tags.length > 1", 6, "a list(string) has no fields, so not 'length'; write size(x)"),
      ("title", 1, "the expression must be a bool, found one that is a string"), ("likes", 1, "must be a bool, found one that is a number"),
      ("auth && draft", 6, "found auth (map); to ask whether there is one, compare it with null"), ("!title", 1, "compare it with \"\""),
      ("tags.size > 3", 6, "a list(string) has no fields, so not 'size'; write size()"), ("request.time - '1h' > request.time", 14, "write duration(…) around"),
      ("request.time - duration('7d') > request.time", 25, "'7d' (string) is no duration; write hours, minutes and seconds"),
      ("request.time > timestamp('2024-12-31')", 26, "'2024-12-31' (string) is no timestamp; write a date and a time, as in"),
      ("title.matches(/^a/)", 15, "a regular expression is a string"), ("`title` == 'a'", 1, "as in document.`title`"),
      ("auth == 'u1'", 6, "found auth (map) and 'u1' (string)"), ("request.time > '2024-01-01'", 14, "write timestamp(…) around the string"),
      ("likes + likes + likes + likes + likes + likes > 'x'", 47, "found a number and 'x' (string)"),
    ])
  func types(_ source: String, _ column: Int, _ message: String) { refuses(source, closed, column, message) }

  @Test(
    "Names that are almost right",
    arguments: [
      ("titel == 'a'", 1, "unknown variable or field 'titel'; did you mean 'title'?"),
      ("document.titel == 'a'", 10, "'document' has no field 'titel'; did you mean 'title'?"),
      ("auth.idd == 'a'", 6, "'auth' has no field 'idd'; did you mean 'id'?"), ("auth == null || auth.role == 'a'", 22, "did you mean 'roles'?"),
      ("request.auth == null", 9, "'request' has no field 'auth'; it has ip, method, query, time"), ("title == undefined", 10, "did you mean 'null'?"),
      ("draft == True", 10, "did you mean 'true'?"), ("title == NULL", 10, "did you mean 'null'?"), ("docment.title == 'a'", 1, "did you mean 'document'?"),
    ])
  func names(_ source: String, _ column: Int, _ message: String) { refuses(source, closed, column, message) }

  @Test("A constant of another language is no field of an open document either")
  func constants() throws {
    refuses("title == undefined", open, 10, "did you mean 'null'?")
    _ = try CELExpression("document.undefined == 1", in: open)
    let known = CELEnvironment(variables: ["document": .object(["None": .int], open: true)], fieldsOf: "document")
    _ = try CELExpression("None == 1", in: known)
  }

  @Test(
    "What looks like a mistake but is none",
    arguments: [
      "auth == null", "null != auth", "auth != null && auth.id == id", "tags != null", "meta == null || meta.a == 1", "title == null", "likes == 1.5",
      "likes == 3u",
      "likes > 2 && likes < 2.5", "likes % 2 == 0", "1 in [1u, 2u]", "likes in [1, 2.5]", "title in ['a', null]", "tags == []", "meta == {}",
      "'a' == 1 || draft",
      "!(null == false)", "auth.roles == tags", "type(likes) == int", "'x' in meta", "meta.undefined == 1", "meta['any'] == title",
      "has(auth.id) ? draft : false", "draft == (likes > 3)", "likes == - -1",
    ])
  func fine(_ source: String) throws {
    _ = try CELExpression(source, in: closed)
  }

  private func refuses(_ source: String, _ environment: CELEnvironment, _ column: Int, _ message: String) {
    let error = #expect(throws: CELError.self) { try CELExpression(source, in: environment) }
    guard let error else { return }
    #expect(error.line == 1 && error.column == column && error.message.contains(message), "\(source): \(error)")
  }
}
