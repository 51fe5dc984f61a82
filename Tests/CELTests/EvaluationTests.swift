import CEL
import JSON
import Testing

/// Evaluates a source over variables given as JSON.
func evaluate(_ source: String, _ variables: [String: CELValue] = [:], limits: CELLimits = .standard) throws -> CELValue {
  let environment = CELEnvironment(variables: variables.mapValues { _ in .dyn }, limits: limits)
  return try CELExpression(source, in: environment, expecting: nil).evaluate(variables)
}

extension CELEnvironment {
  /// A rule as Roost has them, with more said of the variables' types.
  static let rule = CELEnvironment(
    variables: ["auth": .auth, "document": .document, "incoming": .document, "request": .request], fieldsOf: "document")
}

extension CELType {
  static let document = CELType.object(["id": .string, "version": .int, "createdAt": .string, "updatedAt": .string], open: true)
  static let auth = CELType.object(["id": .string, "email": .dyn, "roles": .list(.string)], open: false)
  static let request = CELType.object(["method": .string, "ip": .string, "time": .timestamp, "query": .map(.string, .string)], open: false)
}

@Suite("Rules over document bytes") struct RuleTests {
  private let post = CELDocument(
    body: Array(#"{"author":"u1","title":"A \"quoted\" title","status":"draft","likes":3,"price":1.5,"tags":["a","b"],"address":{"city":"Köln"}}"#.utf8),
    id: "p1", version: 4, createdAtMilliseconds: 1_700_000_000_050)

  private func allows(_ source: String, auth: CELValue = .map(CELMap(fields: [("id", .string("u1"))]))) throws -> Bool {
    try CELExpression(source, in: .rule).allows(CELDocumentActivation(document: post, values: ["auth": auth]))
  }

  @Test(
    "A rule that holds for the document",
    arguments: [
      #"auth != null && author == auth.id && status in ["draft", "open"]"#,
      "author == 'u1'", "document.author == auth.id", "id == 'p1'", "version == 4", "likes > 2.5 && likes < 4u", "price == 1.5",
      #"title == "A \"quoted\" title""#, "title.startsWith('A ')", "title.contains('quoted')", "'b' in tags", "tags.exists(t, t == 'a')",
      "address.city == 'Köln'", "document['author'] == 'u1'", "has(title) && !has(missing)", "has(address.city) && !has(address.street)",
      "createdAt == '2023-11-14T22:13:20.050Z'", "timestamp(createdAt) < timestamp('2024-01-01T00:00:00Z')", "missing == 1 || likes == 3",
      "!(missing == 1 && likes == 4)", "size(tags) == 2",
    ])
  func holds(_ source: String) throws {
    #expect(try allows(source))
  }

  @Test(
    "A rule that does not hold, or has no value, denies",
    arguments: ["author == 'u2'", "missing == 1", "missing", "title", "likes == '3'", "status in ['open']", "1 / (likes - 3) > 0"])
  func denies(_ source: String) throws {
    #expect(try !allows(source))
  }

  @Test("A stranger has no id") func stranger() throws {
    #expect(try !allows("auth != null && author == auth.id", auth: .null))
    #expect(try !allows("author == auth.id", auth: .null))
    #expect(try allows("auth == null", auth: .null))
  }
}
