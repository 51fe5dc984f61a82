import Core
import Testing

@Suite struct OutboundURLTests {
  @Test(arguments: [
    ("https://example.org", "https://example.org", 443, "/"),
    ("HTTPS://Example.ORG:443/a?b=c", "https://example.org", 443, "/a?b=c"),
    ("http://example.org:8080?x", "http://example.org:8080", 8080, "/?x"),
    ("http://example.org./a//b", "http://example.org", 80, "/a//b"),
    ("http://my_service.internal/", "http://my_service.internal", 80, "/"),
    ("http://xn--bcher-kva.example/%20", "http://xn--bcher-kva.example", 80, "/%20"),
    ("http://[2001:DB8::1]:81/", "http://[2001:db8::1]:81", 81, "/"),
  ])
  func `a good URL is read into its parts`(_ text: String, _ origin: String, _ port: Int, _ target: String) throws {
    let url = try OutboundURL(text)
    #expect(url.origin == origin)
    #expect(url.port == port)
    #expect(url.target == target)
    let again = try OutboundURL(url.text)
    #expect(again == url)
  }

  @Test(arguments: [
    ("http://2130706433/", "127.0.0.1"), ("http://0x7f.1/", "127.0.0.1"), ("http://0177.0.0.1/", "127.0.0.1"), ("http://127.1/", "127.0.0.1"),
    ("http://0x7F000001", "127.0.0.1"), ("http://017700000001", "127.0.0.1"), ("http://127.0.0.1./", "127.0.0.1"), ("http://0/", "0.0.0.0"),
    ("http://0x/", "0.0.0.0"), ("http://10.1.1/", "10.1.0.1"), ("http://3232235521/", "192.168.0.1"), ("http://0251.0376.0251.0376/", "169.254.169.254"),
    ("http://[::ffff:127.0.0.1]/", "::ffff:127.0.0.1"), ("http://[0:0:0:0:0:0:0:1]/", "::1"),
  ])
  func `every spelling of an address is that address`(_ text: String, _ address: String) throws {
    let host = try OutboundURL(text).host
    #expect(host == IPAddress(address).map { .address($0) })
  }

  @Test(arguments: [
    "", "example.org", "//example.org", "ftp://example.org", "file:///etc/passwd", "gopher://x/", "javascript:alert(1)", "http:/example.org", "http://",
    "http:///path", "http://user@example.org/", "http://user:secret@example.org/", "http://example.org@127.0.0.1/", "http://example.org:80@127.0.0.1/",
    "http://example.org\\@127.0.0.1/", "http://example.org/#fragment", "http://exa mple.org/", "http://example.org/\r\nX: y", "http://example.org/\u{0}",
    "http://bücher.example/", "http://ⓔxample.org/", "http://%31%32%37.0.0.1/", "http://example.org:/", "http://example.org:0/", "http://example.org:65536/",
    "http://example.org:+80/", "http://example.org:8a/", "http://example.org:25/", "http://example.org:6667/", "http://256.1.1.1/", "http://1.2.3.4.5/",
    "http://1.2.3.08/", "http://0x100000000/", "http://4294967296/", "http://foo.0x4/", "http://foo.123/", "http://127.0.0.1..", "http://[::1", "http://::1/",
    "http://[127.0.0.1]/", "http://[::1%25lo]/", "http://[fe80::1%eth0]/", "http://[v1.x]/", "http://[::1]x/", "http://a..b/", "http://.a/", "http://-/?\"",
    "http://example.org/" + String(repeating: "a", count: 2048), "http://" + String(repeating: "a", count: 64) + ".org/", "http://localhost:6000/",
  ])
  func `anything else is refused`(_ text: String) {
    #expect(throws: OutboundURL.Invalid.self) { try OutboundURL(text) }
  }

  @Test func `a call's path goes behind the URL's own, and never out of it`() throws {
    let url = try OutboundURL("https://example.org/base/?key=1")
    #expect(url.appending(path: "/a/b", query: "c=d")?.text == "https://example.org/base/a/b?key=1&c=d")
    #expect(url.appending(path: "/", query: nil)?.text == "https://example.org/base/?key=1")
    let bare = try OutboundURL("https://example.org")
    #expect(bare.appending(path: "/run", query: "")?.text == "https://example.org/run")
    for path in ["/../admin", "/a/../../b", "/%2e%2e/x", "/.%2E/x", "/.", "/a%2f..%2fb", "/a%5c..%5cb", "/a b", "/a#b", "/a\\..\\b", "/\r\n"] {
      #expect(url.appending(path: path, query: nil) == nil, "\(path)")
    }
  }
}
