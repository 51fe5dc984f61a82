import HTTPServer
import JSON
import Testing

@testable import API

@Suite("Routes")
struct RouteTableTests {
  private let table = RouteTable(Routes.all)

  @Test(
    "A path finds its route and its decoded parameters",
    arguments: [
      ("GET", "/healthz", "/healthz", []), ("GET", "/v1/documents/posts/1", "/v1/documents/{collection}/{id}", ["posts", "1"]),
      ("HEAD", "/v1/documents/posts/1", "/v1/documents/{collection}/{id}", ["posts", "1"]),
      ("GET", "/v1/files/b/a/b%2Fc/%C3%A4", "/v1/files/{bucket}/{path…}", ["b", "a/b/c/ä"]),
      ("GET", "/v1/files/b", "/v1/files/{bucket}", ["b"]),
      ("GET", "/v1/documents/posts/a%2Fb", "/v1/documents/{collection}/{id}", ["posts", "a/b"]),
      ("POST", "/v1/functions/f/dead-letters/7/replay", "/v1/functions/{function}/dead-letters/{id}/replay", ["f", "7"]),
    ] as [(String, String, String, [String])])
  func found(method: String, path: String, pattern: String, parameters: [String]) throws {
    guard case .route(let route, let found) = table.match(HTTPMethod(method), path) else {
      Issue.record("no route for \(path)")
      return
    }
    #expect(route.pattern == pattern)
    #expect(found == parameters)
  }

  @Test(
    "Nothing is there",
    arguments: ["/", "/v1", "/v1/documents", "/v1/documents/", "/v1/documents/a/b/c", "/v2/documents/a", "//", "/healthz/", "/v1//posts"])
  func notFound(path: String) {
    guard case .notFound = table.match(.get, path) else {
      Issue.record("\(path) was found")
      return
    }
  }

  @Test(
    "Broken escapes are refused",
    arguments: ["/v1/documents/posts/%", "/v1/documents/posts/%zz", "/v1/documents/posts/%ff", "/v1/documents/posts/%00", "/v1/files/b/%4"])
  func badPath(path: String) {
    guard case .badPath = table.match(.get, path) else {
      Issue.record("\(path) was taken")
      return
    }
  }

  @Test("Another method is told which ones there are")
  func methods() {
    guard case .methodNotAllowed(let allowed) = table.match(.post, "/v1/documents/posts/1") else {
      Issue.record("taken")
      return
    }
    #expect(Set(allowed) == [.get, .head, .put, .patch, .delete, .options])
  }

  @Test("Every route stands in openapi.json, and nothing else does")
  func openAPI() throws {
    guard case .route(let route, _) = table.match(.get, "/v1/openapi.json"), case .async = route.work else {
      Issue.record("no description")
      return
    }
    let document = try JSONValue(parsing: OpenAPI.document)
    var described: Set<String> = []
    for (path, item) in document["paths"]?.objectValue ?? [:] {
      for (method, _) in item.objectValue ?? [:] where method != "parameters" { described.insert(method.uppercased() + " " + path) }
    }
    let routed = Set(Routes.all.map { "\($0.method) \($0.pattern.replacing("…", with: ""))" })
    #expect(routed.subtracting(described).sorted() == [], "not in docs/api/openapi.json")
    #expect(described.subtracting(routed).sorted() == [], "in docs/api/openapi.json, but no route")
  }
}
