import HTTPServer
import TestKit
import Testing

@Suite("Hostile crowds and noise", .serialized)
struct LoadTests {
  @Test("One connection more than may be open is told so and closed; when one leaves, the next is served")
  func connectionsMax() async throws {
    try await withServer(configure: { $0.connectionsMax = 2 }) { server in
      let first = try server.client()
      let second = try server.client()
      for client in [first, second] {
        try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await client.answer().status == 200)
      }
      let third = try server.client()
      let refused = try await third.answer()
      #expect(refused.status == 503)
      #expect(refused["Retry-After"] == "1")
      #expect(refused.text.contains("overloaded"))
      #expect(try await third.rest().isEmpty)
      first.close()
      await waitUntil { server.server.connections < 2 }
      let fourth = try server.client()
      try await fourth.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await fourth.answer().status == 200)
    }
  }

  @Test("Random bytes never bring the server down", arguments: [UInt64.random(in: 0...UInt64.max), 1, 2])
  func noise(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    try await withServer { server in
      for _ in 0..<40 {
        let client = try server.client()
        let bytes = (0..<Int.random(in: 1...3000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        try? await client.send(bytes)
        client.closeWriting()
        _ = try? await client.rest()
      }
      try await answersStill(server, seed: seed)
    }
  }

  @Test("Right requests with a few wrong bytes are answered or refused, never a crash nor a hang", arguments: [UInt64.random(in: 0...UInt64.max), 3, 4])
  func mutated(seed: UInt64) async throws {
    let right =
      "POST /a?b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"
      + "PUT /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nOrigin: http://y\r\n\r\n5\r\nhello\r\n0\r\nT: u\r\n\r\n"
      + "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\nHEAD / HTTP/1.0\r\n\r\n"
    let interesting: [UInt8] = [0, 9, 10, 13, 32, 44, 48, 58, 59, 127, 128, 255]
    var random = SeededRandom(seed: seed)
    try await withServer { server in
      for _ in 0..<150 {
        var bytes = Array(right.utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
          let place = Int.random(in: 0..<bytes.count, using: &random)
          let byte = interesting[Int.random(in: 0..<interesting.count, using: &random)]
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[place] = byte
          case 1: bytes.insert(byte, at: place)
          default: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...20, using: &random)))
          }
        }
        let client = try server.client()
        // In two parts, so that every state of the decoder meets a pause.
        let cut = Int.random(in: 0...bytes.count, using: &random)
        try? await client.send(Array(bytes[..<cut]))
        try? await client.send(Array(bytes[cut...]))
        client.closeWriting()
        let rest = (try? await client.rest()) ?? []
        #expect(rest.isEmpty || rest.starts(with: Array("HTTP/1.1 ".utf8)), "seed \(seed)")
      }
      try await answersStill(server, seed: seed)
    }
  }

  private func answersStill(_ server: TestServer, seed: UInt64) async throws {
    let client = try server.client()
    try await client.send("GET /still HTTP/1.1\r\nHost: x\r\n\r\n")
    #expect(try await client.answer().text == "GET /still ", "seed \(seed)")
  }
}
