import Core
import Synchronization
import Testing

@testable import Outbound

/// Names lead where the test says, differently each time if it likes.
private final class FakeResolver: HostResolver {
  private let answers: Mutex<[[IPAddress]]>
  private let count = Atomic(0)

  /// The last answer stays.
  init(_ answers: [String]...) { self.answers = Mutex(answers.map { $0.compactMap { IPAddress($0) } }) }

  var lookups: Int { count.load(ordering: .relaxed) }

  func addresses(of name: String) async throws(OutboundFailure) -> [IPAddress] {
    count.add(1, ordering: .relaxed)
    return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
  }
}

@Suite struct OutboundClientTests {
  private static let good = ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"]

  private func with<Value: Sendable>(
    policy: String? = "127.0.0.1", resolver: any HostResolver = FakeResolver(["127.0.0.1"]), own: Set<IPAddress> = [],
    _ body: (OutboundClient) async throws -> Value
  ) async throws -> Value {
    let client = OutboundClient(
      policy: policy.flatMap { AddressPolicy($0) } ?? .publicOnly, trust: TrustRoots(file: nil, folders: nil), resolver: resolver, own: { own })
    do {
      let value = try await body(client)
      await client.close()
      return value
    } catch {
      await client.close()
      throw error
    }
  }

  private func request(_ url: String, timeout: Duration = .seconds(20), answerBytesMax: Int = 1000, body: String = "{}") throws -> OutboundRequest {
    OutboundRequest(
      url: try OutboundURL(url), headers: [("content-type", "application/json")], body: Array(body.utf8), timeout: timeout, answerBytesMax: answerBytesMax)
  }

  private func broken(_ client: OutboundClient, _ request: OutboundRequest) async -> OutboundFailure? {
    do throws(OutboundFailure) {
      _ = try await client.send(request)
      return nil
    } catch {
      return error
    }
  }

  @Test func `a request goes to the vetted address under the name that the URL has`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    // No resolver knows this name: were it looked up a second time, there would be no connection.
    let resolver = FakeResolver(["127.0.0.1"])
    let answer = try await with(resolver: resolver) { try await $0.send(request("http://Hooks.invalid:\(server.port)/a?b=c")) }
    #expect(answer.status == 200)
    #expect(answer.body == Array("ok".utf8))
    let head = try #require(server.heads.first)
    #expect(head.hasPrefix("POST /a?b=c HTTP/1.1\r\n"))
    #expect(head.lowercased().contains("host: hooks.invalid:\(server.port)"))
  }

  @Test func `a name that leads to a private address is refused before anything connects`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    for addresses in [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]] {
      let failure = try await with(policy: nil, resolver: FakeResolver(addresses)) { await broken($0, try request("http://a.invalid:\(server.port)/")) }
      #expect(failure?.kind == .refused, "\(addresses)")
    }
    #expect(server.connectionCount == 0)
  }

  @Test func `a name whose address changes is judged again`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    // First allowed; when the connection fails it is asked again, and then leads to the metadata service.
    let resolver = FakeResolver(["127.0.0.2"], ["169.254.169.254"], ["127.0.0.1"])
    let request = try request("http://b.invalid:\(server.port)/")
    let outcomes = try await with(policy: "127.0.0.0/8", resolver: resolver) { client in
      // The last one is remembered for a moment: no further question, and no other answer to fall for.
      [await broken(client, request)?.kind, await broken(client, request)?.kind, await broken(client, request)?.kind, await broken(client, request)?.kind]
    }
    #expect(outcomes == [.broken, .refused, nil, nil])
    #expect(resolver.lookups == 3)
  }

  @Test func `the next address is tried where nothing listens at the first`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    let answer = try await with(policy: "127.0.0.0/8", resolver: FakeResolver(["127.0.0.9", "127.0.0.1"])) {
      try await $0.send(request("http://c.invalid:\(server.port)/"))
    }
    #expect(answer.status == 200)
  }

  @Test func `addresses in the URL are judged as they are, whatever their spelling`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    try await with(policy: nil) { client in
      for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0", "169.254.169.254", "[64:ff9b::a9fe:a9fe]"] {
        let request = try request("http://\(host):\(server.port)/")
        #expect(client.refusal(of: request.url) != nil, "\(host)")
        #expect(await broken(client, request)?.kind == .refused, "\(host)")
      }
    }
    #expect(server.connectionCount == 0)
    let answer = try await with { try await $0.send(request("http://0x7f.1:\(server.port)/")) }
    #expect(answer.status == 200)
  }

  @Test func `the server's own address is refused`() async throws {
    let own = try #require(IPAddress("9.9.9.9"))
    let failure = try await with(policy: nil, resolver: FakeResolver(["9.9.9.9"]), own: [own]) { await broken($0, try request("http://me.invalid/")) }
    #expect(failure?.kind == .refused)
  }

  @Test func `a redirect is an answer, and nobody goes there`() async throws {
    let server = try LoopbackServer { _ in ["HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"] }
    defer { server.close() }
    let answer = try await with { try await $0.send(request("http://d.invalid:\(server.port)/")) }
    #expect(answer.status == 302)
    #expect(answer.header("location") == "http://169.254.169.254/")
    #expect(server.heads.count == 1)
  }

  @Test(arguments: ["silence", "half a head", "half a body", "a drip"])
  func `a server that never ends is left at the deadline`(_ kind: String) async throws {
    let server = try LoopbackServer { _ in
      switch kind {
      case "half a head": ["HTTP/1.1 200 OK\r\nContent-"]
      case "half a body": ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc"]
      case "a drip": ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"]
      default: nil
      }
    }
    defer { server.close() }
    let failure = try await with { await broken($0, try request("http://e.invalid:\(server.port)/", timeout: .milliseconds(300))) }
    #expect(failure?.kind == .timeout)
  }

  @Test func `an endless body is read so far and no further`() async throws {
    let piece = "10000\r\n" + String(repeating: "x", count: 65_536) + "\r\n"
    let server = try LoopbackServer { _ in ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + Array(repeating: piece, count: 10_000) }
    defer { server.close() }
    let answer = try await with { try await $0.send(request("http://f.invalid:\(server.port)/", answerBytesMax: 1000)) }
    #expect(answer.isCut)
    #expect(answer.body.count == 1000)
  }

  @Test(arguments: [
    "SSH-2.0-OpenSSH_9.2\r\n\r\n", "HTTP/1.1 banana\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 50_000),
  ])
  func `what is not HTTP is a broken exchange`(_ text: String) async throws {
    let server = try LoopbackServer { _ in [text, "Connection: close"] }
    defer { server.close() }
    let failure = try await with { await broken($0, try request("http://g.invalid:\(server.port)/")) }
    #expect(failure?.kind == .broken)
  }

  @Test func `TLS that nobody vouches for is refused, and says so`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    let failure = try await with { await broken($0, try request("https://h.invalid:\(server.port)/", timeout: .seconds(5))) }
    #expect(failure != nil)
  }

  @Test func `a name that nobody knows is a failure of its own`() async throws {
    let failure = try await with(resolver: SystemResolver()) { await broken($0, try request("http://nobody.invalid/")) }
    #expect(failure?.kind == .broken)
    #expect(failure?.text.contains("'nobody.invalid' was not found") == true)
  }

  @Test func `connections are used again`() async throws {
    let server = try LoopbackServer { _ in Self.good }
    defer { server.close() }
    try await with { client in
      for _ in 0..<20 { _ = try await client.send(request("http://i.invalid:\(server.port)/")) }
    }
    #expect(server.heads.count == 20)
    #expect(server.connectionCount == 1)
  }

  @Test func `a cancelled request ends at once`() async throws {
    let server = try LoopbackServer { _ in nil }
    defer { server.close() }
    let kind = try await with { client in
      let request = try request("http://j.invalid:\(server.port)/", timeout: .seconds(60))
      return await withTaskGroup(of: OutboundFailure.Kind?.self) { group in
        group.addTask { await broken(client, request)?.kind }
        while server.heads.isEmpty { await Task.yield() }
        group.cancelAll()
        return await group.next() ?? nil
      }
    }
    #expect(kind == .cancelled)
  }
}
