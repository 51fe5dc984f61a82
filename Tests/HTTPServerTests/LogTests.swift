import Glibc
import HTTPServer
import Testing

@Suite("The log")
struct LogTests {
  @Test("One line a request, without query, fields or body")
  func accessLog() async throws {
    let text = try await logged { log in
      try await withServer(log: log) { server in
        let client = try server.client()
        try await client.send(
          "POST /a%22b\"c?token=secret HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nAuthorization: Bearer secret\r\nContent-Length: 6\r\n\r\nsecret")
        _ = try await client.answer()
        try await client.send("GET /none HTTP/1.1\r\n\r\n")
        _ = try await client.answer()
      }
    }
    let lines = text.split(separator: "\n")
    try #require(lines.count == 2)
    let line = String(lines[0])
    #expect(line.hasPrefix(#"{"time":"20"#))
    #expect(line.contains(#","level":"info","message":"request","method":"POST","path":"/a%22b\"c","status":200,"durationMs":"#))
    #expect(line.contains(#","bytes":"#))
    #expect(line.hasSuffix(#","requestId":"mine","remoteAddress":"127.0.0.1"}"#))
    #expect(!text.contains("secret"))
    #expect(lines[1].contains(#""method":"GET","path":"/none","status":400"#))
  }

  @Test("The trace that a valid traceparent names stands in its line, and nothing of another")
  func traces() async throws {
    let id = "4bf92f3577b34da6a3ce929d0e0e4736"
    let (parent, zeros) = ("00f067aa0ba902b7", String(repeating: "0", count: 32))
    let fields = [
      "00-\(id)-\(parent)-01", "01-\(id)-\(parent)-01-more", "00-\(id)-\(parent)-01-more", "ff-\(id)-\(parent)-01", "00-\(zeros)-\(parent)-01",
      "00-\(id.uppercased())-\(parent)-01", "00-\(id)-\(parent)", "\\\"",
    ]
    let text = try await logged { log in
      try await withServer(log: log) { server in
        let client = try server.client()
        for field in fields {
          try await client.send("GET / HTTP/1.1\r\nHost: x\r\nTraceparent: \(field)\r\n\r\n")
          _ = try await client.answer()
        }
      }
    }
    let lines = text.split(separator: "\n")
    try #require(lines.count == fields.count)
    for (index, line) in lines.enumerated() { #expect(line.contains(#","traceId":"\#(id)""#) == (index < 2), "\(fields[index])") }
  }

  @Test("A client that went away is said to be cut")
  func cut() async throws {
    let started = Signal()
    let gone = Signal()
    let text = try await logged { log in
      try await withServer(
        log: log,
        handler: { exchange in
          exchange.task {
            started.give()
            await withTaskCancellationHandler {
              await gone.wait()
            } onCancel: {
              gone.give()
            }
          }
        }
      ) { server in
        let client = try server.client()
        try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await started.wait()
        client.reset()
        await gone.wait()
      }
    }
    #expect(text.contains(#""status":499"#))
    #expect(text.contains(#""cut":true}"#))
  }

  @Test("Nobody reading the log does not stop anybody logging; what was lost is counted")
  func fullPipe() async throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let (reading, writing) = (ends[0], ends[1])
    let log = JSONLog(fileDescriptor: writing)
    let long = String(repeating: "x", count: 4000)
    for _ in 0..<2000 { log.log(.info, long) }
    // Everything above came back although nobody has read; now somebody does.
    let reader = Task {
      try await onThread {
        var bytes: [UInt8] = []
        var space = [UInt8](repeating: 0, count: 1 << 20)
        while true {
          let count = read(reading, &space, space.count)
          guard count > 0 else { return bytes }
          bytes.append(contentsOf: space[..<count])
        }
      }
    }
    try await onThread { log.flush() }
    close(writing)
    let text = String(decoding: try await reader.value, as: UTF8.self)
    close(reading)
    #expect(text.contains(#""message":"log lines dropped","lines":"#))
    #expect(text.count < 6 << 20)
    #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
  }

  @Test("Text is escaped, so that no value can make a line of its own")
  func escaping() async throws {
    let text = try await logged { log in
      log.log(.warning, "a\"b\\c\nd\u{1}", [("name", "x\r\ny")])
      log.log(.debug, "below the level")
    }
    #expect(text.hasSuffix("\"level\":\"warning\",\"message\":\"a\\\"b\\\\c\\nd\\u0001\",\"name\":\"x\\u000d\\ny\"}\n"))
    #expect(text.split(separator: "\n").count == 1)
  }

  private func logged(_ body: (JSONLog) async throws -> Void) async throws -> String {
    var template = Array("/tmp/roost-log-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    unlink(template)
    defer { close(descriptor) }
    let log = JSONLog(fileDescriptor: descriptor)
    try await body(log)
    try await onThread { log.flush() }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return String(decoding: bytes[..<max(count, 0)], as: UTF8.self)
  }
}
