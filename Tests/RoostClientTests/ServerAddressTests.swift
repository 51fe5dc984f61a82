import Testing

@testable import RoostClient

@Suite struct ServerAddressTests {
  @Test(
    "an address has one spelling, so that a login is found again",
    arguments: [
      ("http://127.0.0.1:8090", "http://127.0.0.1:8090"), ("HTTP://LocalHost:80/", "http://localhost"),
      ("https://API.example.org:443", "https://api.example.org"),
      ("https://example.org:8443/roost//", "https://example.org:8443/roost"), ("http://[::1]:8090", "http://[::1]:8090"),
      ("https://example.org:80", "https://example.org:80"),
    ])
  func spelling(text: String, expected: String) throws {
    #expect(try ServerAddress(text).text == expected)
  }

  @Test(
    "what is no server's address is refused",
    arguments: [
      "", "nonsense", "127.0.0.1:8090", "ftp://example.org", "http://", "http://:8090", "http://example.org:0", "http://example.org:99999",
      "http://example.org:",
      "http://user:secret@example.org", "http://example.org?x=1", "http://example.org#a", "http://exa mple.org", "http://example.org/a/../b", "http://[::1",
      "http://[nope]",
      "http://example.org\r\nX: y", "http://exämple.org",
    ])
  func refused(text: String) {
    #expect(throws: RoostClientError.self) { try ServerAddress(text) }
  }

  @Test("only this machine's addresses are loopback")
  func loopback() throws {
    for text in ["http://127.0.0.1:8090", "http://localhost", "http://[::1]:1"] { #expect(try ServerAddress(text).isLoopback) }
    for text in ["http://10.0.0.1", "https://example.org", "http://localhost.example.org"] { #expect(try !ServerAddress(text).isLoopback) }
  }
}
