import CEL
import Testing

@Suite("Which part decided") struct ExplanationTests {
  private let post = CELDocument(body: Array(#"{"author":"u1","status":"draft","likes":3,"tags":["a","b"],"locked":false}"#.utf8), id: "p1")

  private func explain(_ source: String, auth: CELValue = .map(CELMap(fields: [("id", .string("u2"))]))) throws -> CELExplanation {
    try CELExpression(source, in: .rule, expecting: nil).explain(CELDocumentActivation(document: post, values: ["auth": auth]))
  }

  @Test(
    "The smallest part that made the whole what it is, in the writer's own words",
    arguments: [
      (#"auth != null && author == auth.id && status in ["draft", "open"]"#, "author == auth.id", "false"),
      ("auth != null && status == 'draft'", "auth != null && status == 'draft'", "true"),
      ("author == auth.id || document.status == 'draft' || likes > 5", "document.status == 'draft'", "true"),
      ("author == auth.id || likes > 5", "author == auth.id || likes > 5", "false"),
      ("auth != null && (author == auth.id || likes > 5)", "author == auth.id || likes > 5", "false"),
      ("(auth != null) && ((likes > 5))", "likes > 5", "false"), ("!(likes > 2 && status == 'draft')", "likes > 2 && status == 'draft'", "true"),
      ("!(likes > 2 && locked)", "locked", "false"), ("auth == null ? true : author == auth.id", "author == auth.id", "false"),
      ("status == 'draft' ? false : true", "status == 'draft'", "true"), ("cel.bind(n, likes + 1, n > 3 && n > 10)", "n > 10", "false"),
      ("cel.bind(n, likes + 1, cel.bind(m, n * 2, m == 8 && m == n))", "m == n", "false"), ("likes > 2 && false", "false", "false"),
      ("true", "true", "true"), ("'a' in tags && tags.exists(t, t == 'c')", "tags.exists(t, t == 'c')", "false"),
      ("likes > 2 &&\n  (  has(title)  )", "has(title)", "false"), ("-likes == 3", "-likes == 3", "false"),
      ("(likes + 1) * 2 == 9 && true", "(likes + 1) * 2 == 9", "false"), ("likes == -3 && true", "likes == -3", "false"),
    ])
  func part(_ source: String, _ part: String, _ value: String) throws {
    let explanation = try explain(source)
    #expect(explanation.part == part)
    #expect(explanation.partValue == .bool(value == "true"))
    #expect(explanation.partError == nil && explanation.error == nil)
    #expect(
      try explanation.value
        == CELExpression(source, in: .rule, expecting: nil).evaluate(
          CELDocumentActivation(document: post, values: ["auth": .map(CELMap(fields: [("id", .string("u2"))]))])))
  }

  @Test(
    "The part whose error is the error of the whole",
    arguments: [
      ("likes > 2 && title == 'x'", "title == 'x'"), ("likes > 5 || title == 'x' || missing", "title == 'x'"), ("!(title == 'x')", "title == 'x'"),
      ("title == 'x' ? true : false", "title == 'x'"), ("cel.bind(t, title, t == 'x' || t == 'y')", "title"), ("likes > 2 && status", "status"),
      ("cel.bind(t, likes, 1 / (t - 3) > 0 && true)", "1 / (t - 3) > 0"),
    ])
  func error(_ source: String, _ part: String) throws {
    let explanation = try explain(source)
    #expect(explanation.part == part)
    #expect(explanation.value == nil && explanation.error != nil)
    // What is no bool has a value, and fails only where it stands.
    #expect(explanation.partError != nil || part == "status")
  }

  @Test("Where the part begins") func place() throws {
    let explanation = try explain("auth != null &&\n  // popular\n  likes > 5")
    #expect(explanation.line == 3 && explanation.column == 3)
    #expect(try explain("'é' == 'é' && (likes > 5)").column == 16)
  }

  @Test("The names in the part have their values") func names() throws {
    func names(_ source: String, auth: CELValue = .map(CELMap(fields: [("id", .string("u2"))]))) throws -> [String] {
      try explain(source, auth: auth).names.map { "\($0.name) = \($0.value.map { "\($0)" } ?? "nothing")" }
    }
    #expect(try names("auth != null && author == auth.id") == [#"author = string("u1")"#, #"auth.id = string("u2")"#])
    #expect(try names("author == auth.id", auth: .null) == [#"author = string("u1")"#, "auth.id = nothing"])
    #expect(try names("document.likes > 5 && likes > 5") == ["document.likes = int(3)"])
    #expect(try names("has(title) && true") == ["title = nothing"])
    #expect(try names("has(document.title)") == ["document.title = nothing"])
    #expect(try names("tags[0] == 'b' || tags[1] == 'c'").first == #"tags[0] = string("a")"#)
    #expect(try names("cel.bind(n, likes + 1, n > 10)") == ["n = int(4)"])
    #expect(try names("tags.exists(t, t == author)").count == 1)
    #expect(try names("[likes].map(x, x + 1).sortBy(x, x) == [9]") == ["likes = int(3)"])
    let many = (0..<50).map { "f\($0) == 1" }.joined(separator: " || ")
    #expect(try explain("!(likes == 3) && (\(many))").names.count <= CELExplanation.namesMax)
    #expect(try names("(\((0..<50).map { "f\($0)" }.joined(separator: " + "))) == 1").count == CELExplanation.namesMax)
  }
}
