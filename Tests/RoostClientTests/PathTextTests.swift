import Testing

@testable import RoostClient

@Suite struct PathTextTests {
  @Test("a name is one part of the path, whatever is in it")
  func parts() throws {
    #expect(try PathText.join(["v1", "documents", "a/b", "c d?e#f%g", "ü"]) == "/v1/documents/a%2Fb/c%20d%3Fe%23f%25g/%C3%BC")
  }

  @Test("a name that would make it another path is refused", arguments: ["", ".", ".."])
  func refused(name: String) {
    #expect(throws: RoostClientError.self) { try PathText.join(["v1", "documents", "posts", name]) }
  }

  @Test("only what is given stands in the query")
  func query() {
    #expect(PathText.query([("a", nil), ("filter", "x == \"1&2\""), ("limit", "10")]) == "?filter=x%20%3D%3D%20%221%262%22&limit=10")
    #expect(PathText.query([("a", nil)]) == "")
  }
}
