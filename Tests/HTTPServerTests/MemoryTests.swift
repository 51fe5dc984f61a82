import Glibc
import HTTPServer
import Synchronization
import Testing

/// Each in a process of its own, so that nothing else's memory or descriptors are counted.
@Suite("Memory and descriptors")
struct MemoryTests {
  @Test("A head of 10 MB is refused early, in little memory")
  func hugeHead() async throws {
    await #expect(processExitsWith: .success) {
      try await withServer { server in
        let client = try server.client()
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 10 << 20)
        let before = residentBytes()
        try await client.send("GET / HTTP/1.1\r\nHost: x\r\nX: ")
        // The server stops listening in the middle, so not all of it need be taken.
        try? await client.send(piece)
        let status = try await client.answer().status
        #expect(status == 431)
        #expect(residentBytes() - before < 8 << 20)
        let next = try server.client()
        try await next.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        let nextStatus = try await next.answer().status
        #expect(nextStatus == 200)
      }
    }
  }

  @Test("A consumer that is slow holds the client back, and loses nothing")
  func slowConsumer() async throws {
    await #expect(processExitsWith: .success) {
      let gate = Signal()
      try await withServer(handler: { exchange in
        exchange.task {
          var count = 0
          do {
            for try await chunk in exchange.body {
              count += chunk.count
              await gate.wait()
            }
            exchange.respond(HTTPResponse(status: 200, body: Array("\(count)".utf8)))
          } catch {
            exchange.respond(HTTPResponse(status: 500))
          }
        }
      }) { server in
        let client = try server.client()
        let total = 64 << 20
        try await client.send("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: \(total)\r\n\r\n")
        let bytes = [UInt8](repeating: 1, count: total)
        let before = residentBytes()
        let taken = try await client.sendUntilStuck(bytes, milliseconds: 300)
        // What the kernel's buffers hold, and one read of it in the server.
        #expect(taken < 32 << 20)
        #expect(residentBytes() - before < 4 << 20)
        gate.give()
        let rest = Array(bytes[taken...])
        try await client.send(rest)
        let text = try await client.answer().text
        #expect(text == "\(total)")
      }
    }
  }

  @Test("A reader that is slow holds the writer back: 200 MB in constant memory")
  func slowReader() async throws {
    await #expect(processExitsWith: .success) {
      let total = 200 << 20
      let written = Count()
      try await withServer(handler: { exchange in
        if exchange.request.path == "/other" { return exchange.respond(HTTPResponse(status: 204)) }
        exchange.task {
          do {
            let piece = [UInt8](repeating: 9, count: 64 * 1024)
            let stream = try await exchange.respondStream(status: 200, headers: [:], contentLength: total)
            for _ in 0..<(total / piece.count) {
              try await stream.write(piece)
              written.add(piece.count)
            }
            try await stream.finish()
          } catch {
            Issue.record(error)
          }
        }
      }) { server in
        let client = try server.client(receiveBuffer: 64 * 1024)
        let before = residentBytes()
        try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        // Nothing is read before the writer has gone as far as it can: its count stands still while the loop serves others.
        let other = try server.client()
        var last = 0
        var still = 0
        while still < 200 {
          try await other.send("GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
          _ = try await other.answer()
          still = written.value == last && last > 0 ? still + 1 : 0
          last = written.value
        }
        #expect(last < 16 << 20)
        _ = try await client.head()
        var left = total
        while left > 0 {
          let part = min(left, 1 << 20)
          try await client.skip(part)
          left -= part
        }
        #expect(peakBytes() - before < 24 << 20)
      }
    }
  }

  @Test("A client that pipelines and never reads is held back, and then cut off")
  func stalledPipeliner() async throws {
    await #expect(processExitsWith: .success) {
      let big = [UInt8](repeating: 1, count: 1 << 20)
      try await withServer(
        configure: { $0.writeIdleTimeout = .milliseconds(100) },
        handler: { $0.respond(HTTPResponse(status: 200, body: big)) }
      ) { server in
        let client = try server.client(receiveBuffer: 4096)
        let before = residentBytes()
        try await client.send((0..<200).map { _ in "GET / HTTP/1.1\r\nHost: x\r\n\r\n" }.joined())
        // The server lets go of it, and has never held the 200 MB.
        await waitUntil { server.server.connections == 0 }
        #expect(peakBytes() - before < 16 << 20)
      }
    }
  }

  @Test("A thousand idle connections cost little, and the server still answers")
  func idleConnections() async throws {
    await #expect(processExitsWith: .success) {
      try await withServer(configure: { $0.loops = 2 }) { server in
        let before = residentBytes()
        var clients: [RawClient] = []
        for _ in 0..<1000 {
          let client = try server.client()
          try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
          clients.append(client)
        }
        for client in clients {
          let status = try await client.answer().status
          #expect(status == 200)
        }
        #expect(server.server.connections == 1000)
        #expect(residentBytes() - before < 1000 * 40 * 1024)
        clients = []
        await waitUntil { server.server.connections == 0 }
      }
    }
  }

  @Test("Out of descriptors the server waits, and serves again when there are some")
  func noDescriptors() async throws {
    await #expect(processExitsWith: .success) {
      try await withServer { server in
        let first = try server.client()
        try await first.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = try await first.answer()
        // Two for a client each, and none for the server's side of it.
        var limit = rlimit(rlim_cur: rlim_t(try lowestFreeDescriptor() + 1), rlim_max: 4096)
        try #require(setrlimit(__rlimit_resource_t(7), &limit) == 0)
        let second = try server.client()
        try await second.send("GET /second HTTP/1.1\r\nHost: x\r\n\r\n")
        // The one that is there is still served.
        try await first.send("GET /first HTTP/1.1\r\nHost: x\r\n\r\n")
        let text = try await first.answer().text
        #expect(text == "GET /first ")
        limit.rlim_cur = 4096
        try #require(setrlimit(__rlimit_resource_t(7), &limit) == 0)
        let late = try await second.answer().text
        #expect(late == "GET /second ")
      }
    }
  }
}

private func lowestFreeDescriptor() throws -> Int {
  let descriptor = dup(2)
  try #require(descriptor >= 0)
  close(descriptor)
  return Int(descriptor)
}

private final class Count: Sendable {
  private let count = Atomic(0)

  var value: Int { count.load(ordering: .relaxed) }

  func add(_ more: Int) {
    count.add(more, ordering: .relaxed)
  }
}

/// Resident memory of this process, in bytes.
private func residentBytes() -> Int {
  statusBytes("VmRSS:")
}

/// The most that it ever was.
private func peakBytes() -> Int {
  statusBytes("VmHWM:")
}

private func statusBytes(_ name: String) -> Int {
  guard let file = fopen("/proc/self/status", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 200)
  while fgets(&line, 200, file) != nil {
    let words = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split {
      $0 == " " || $0 == "\t" || $0 == "\n"
    }
    if words.first == name[...], words.count > 1 { return (Int(words[1]) ?? 0) * 1024 }
  }
  return 0
}
