import TestKit
import Testing

@testable import Functions

/// HTTP of workers, in every chopping of its bytes.
@Suite struct LoopbackRequestDecoderTests {
  private struct Seen: Equatable {
    let method: String
    let target: String
    let body: String
    let keepsAlive: Bool
  }

  /// What comes out when the bytes arrive in pieces; the status of the breach, if it ends with one.
  private func decode(_ text: String, cuts: [Int] = []) -> (seen: [Seen], breach: Int?) {
    let bytes = Array(text.utf8)
    var decoder = LoopbackRequestDecoder()
    var seen: [Seen] = []
    let edges = [0] + cuts.sorted() + [bytes.count]
    for (from, to) in zip(edges, edges.dropFirst()) {
      bytes[from..<to].withUnsafeBytes { decoder.append($0) }
      do throws(LoopbackBreach) {
        while let request = try decoder.next() {
          seen.append(
            Seen(method: request.method, target: request.target, body: String(decoding: request.body, as: UTF8.self), keepsAlive: request.keepsAlive))
        }
      } catch {
        return (seen, error.status)
      }
    }
    return (seen, nil)
  }

  private static let several = """
    \r\nGET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n\r\n\
    POST /a?b=c HTTP/1.1\r\nhost:x\r\nContent-Length: 5\r\n\r\nhello\
    POST http://other/v1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5;note=1\r\nhello\r\n1\r\n!\r\n0\r\nDigest: x\r\n\r\n\
    POST /empty HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n\
    GET /old HTTP/1.0\r\n\r\n
    """

  private static let expected = [
    Seen(method: "GET", target: "/2018-06-01/runtime/invocation/next", body: "", keepsAlive: true),
    Seen(method: "POST", target: "/a?b=c", body: "hello", keepsAlive: true), Seen(method: "POST", target: "/v1", body: "hello!", keepsAlive: true),
    Seen(method: "POST", target: "/empty", body: "", keepsAlive: false), Seen(method: "GET", target: "/old", body: "", keepsAlive: false),
  ]

  @Test func `Requests come out the same wherever the bytes are cut`() {
    let text = Self.several
    #expect(decode(text).seen == Self.expected)
    for cut in 0...text.utf8.count { #expect(decode(text, cuts: [cut]).seen == Self.expected, "cut at \(cut)") }
    #expect(decode(text, cuts: Array(0...text.utf8.count)).seen == Self.expected)
  }

  @Test func `Requests come out the same in random pieces`() {
    var random = SeededRandom(seed: .random(in: 0...UInt64.max))
    for _ in 0..<500 {
      let seed = random.next()
      var cutting = SeededRandom(seed: seed)
      let cuts = (0..<Int.random(in: 1...20, using: &cutting)).map { _ in Int.random(in: 0...Self.several.utf8.count, using: &cutting) }
      let (seen, breach) = decode(Self.several, cuts: cuts)
      #expect(seen == Self.expected && breach == nil, "seed \(seed)")
    }
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\nHost: x\n\n\r\n\r\n", 400), ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("get / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505), ("GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\u{0}\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400), ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", 413), ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400),
    ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", 413),
    ("\u{16}\u{3}\u{1}hello\r\n\r\n", 400), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
  ])
  func `What is ambiguous or no HTTP is refused`(text: String, status: Int) {
    let whole = decode(text)
    #expect(whole.seen.isEmpty && whole.breach == status)
    let bytewise = decode(text, cuts: Array(0...text.utf8.count))
    #expect(bytewise.seen.isEmpty && bytewise.breach == status)
  }

  @Test func `Heads, headers and lines without end are cut off`() {
    let long = String(repeating: "x", count: LoopbackLimits.headBytesMax)
    #expect(decode("GET /\(long)").breach == 431)
    #expect(decode("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "a: b\r\n", count: FunctionsLimits.callHeadersMax + 1) + "\r\n").breach == 431)
    let chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(decode(chunked + "1;" + long).breach == 400)
    #expect(decode(chunked + "0\r\n" + String(repeating: "a: b\r\n", count: 10_000)).breach == 431)
  }

  @Test func `A body that is too large is read to its end and dropped`() throws {
    var decoder = LoopbackRequestDecoder()
    let size = LoopbackLimits.bodyBytesMax + 1
    Array("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n".utf8).withUnsafeBytes { decoder.append($0) }
    let piece = [UInt8](repeating: 65, count: 1 << 20)
    var left = size
    var request: LoopbackRequest?
    while left > 0, request == nil {
      piece.prefix(left).withUnsafeBytes { decoder.append($0) }
      left -= min(left, piece.count)
      request = try decoder.next()
    }
    #expect(request?.isTooLarge == true && request?.body.isEmpty == true && left == 0)
    #expect(decoder.buffered == 0)
  }

  @Test func `A client that waits for 100 Continue gets it once`() throws {
    var decoder = LoopbackRequestDecoder()
    Array("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n".utf8).withUnsafeBytes { decoder.append($0) }
    let early = try decoder.next()
    let asked = [decoder.takeContinue(), decoder.takeContinue()]
    #expect(early == nil && asked == [true, false])
    Array("hi".utf8).withUnsafeBytes { decoder.append($0) }
    let request = try decoder.next()
    #expect(request?.body == Array("hi".utf8))
  }

  @Test func `Random bytes never break it`() {
    var random = SeededRandom(seed: .random(in: 0...UInt64.max))
    for _ in 0..<2000 {
      let seed = random.next()
      var mutating = SeededRandom(seed: seed)
      var bytes = Array(Self.several.utf8)
      for _ in 0..<Int.random(in: 1...8, using: &mutating) {
        bytes[Int.random(in: 0..<bytes.count, using: &mutating)] = UInt8.random(in: 0...255, using: &mutating)
      }
      var decoder = LoopbackRequestDecoder()
      bytes.withUnsafeBytes { decoder.append($0) }
      var count = 0
      while let request = try? decoder.next() {
        count += 1
        #expect(request.target.hasPrefix("/"), "seed \(seed)")
      }
      #expect(count <= 6, "seed \(seed)")
    }
  }
}
