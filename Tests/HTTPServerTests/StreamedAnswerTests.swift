import Glibc
import HTTPServer
import Synchronization
import Testing

@Suite("Answers in pieces, and files")
struct StreamedAnswerTests {
  @Test("Without a length an answer is chunked, and the connection lives on")
  func chunked() async throws {
    try await withServer(handler: { exchange in
      exchange.task {
        do {
          let stream = try await exchange.respondStream(status: 200, headers: ["Content-Type": "text/plain"])
          for piece in ["one ", "", "two ", "three"] { try await stream.write(Array(piece.utf8)) }
          try await stream.finish()
        } catch {
          Issue.record(error)
        }
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\nHEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
      let first = try await client.answer()
      #expect(first["Transfer-Encoding"] == "chunked")
      #expect(first["Content-Length"] == nil)
      #expect(first.text == "one two three")
      #expect(try await client.answer(toHead: true).status == 200)
      #expect(try await client.answer().text == "one two three")
      // HTTP/1.0 knows no chunks.
      try await client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let old = try await client.answer()
      #expect(old["Transfer-Encoding"] == nil)
      #expect(old["Connection"] == "close")
      #expect(old.text == "one two three")
    }
  }

  @Test("With a length an answer must have that length, or the connection is cut", arguments: [(4, true), (5, false), (3, false)])
  func announced(length: Int, isWhole: Bool) async throws {
    let outcome = Mutex<String>("")
    let done = Signal()
    try await withServer(handler: { exchange in
      exchange.task {
        do {
          let stream = try await exchange.respondStream(status: 200, headers: [:], contentLength: length)
          try await stream.write([1, 2])
          try await stream.write([3, 4])
          try await stream.finish()
          outcome.withLock { $0 = "whole" }
        } catch {
          outcome.withLock { $0 = "\(error)" }
        }
        done.give()
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      if isWhole {
        #expect(try await client.answer().body == [1, 2, 3, 4])
        try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try await client.answer().body == [1, 2, 3, 4])
      } else {
        await #expect(throws: RawClient.Failure.self) { try await client.answer() }
      }
      await done.wait()
      #expect(outcome.withLock { $0 } == (isWhole ? "whole" : "wrongLength"))
    }
  }

  @Test("A stream that its task leaves open is cut off, and so is one that is aborted", arguments: [true, false])
  func leftOpen(isAborted: Bool) async throws {
    try await withServer(handler: { exchange in
      exchange.task {
        guard let stream = try? await exchange.respondStream(status: 200, headers: [:]) else { return }
        try? await stream.write([1])
        if isAborted { stream.abort() }
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      await #expect(throws: RawClient.Failure.self) { try await client.answer() }
    }
  }

  @Test("A task that ends without an answer is a 500")
  func noAnswer() async throws {
    try await withServer(handler: { $0.task {} }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().status == 500)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().status == 500)
    }
  }

  @Test("Only the first answer counts")
  func twoAnswers() async throws {
    try await withServer(handler: { exchange in
      exchange.respond(HTTPResponse(status: 200, body: Array("first".utf8)))
      exchange.respond(HTTPResponse(status: 500, body: Array("second".utf8)))
    }) { server in
      let client = try server.client()
      for _ in 0..<3 {
        try await client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
        #expect(try await client.answer().text == "first")
      }
    }
  }

  @Test("When the client goes away, the writer throws and the task is cancelled", arguments: [true, false])
  func clientGone(stays: Bool) async throws {
    let writerThrew = Signal()
    let cancelled = Signal()
    try await withServer(handler: { exchange in
      exchange.task {
        await withTaskCancellationHandler {
          do {
            let stream = try await exchange.respondStream(status: 200, headers: [:])
            while true { try await stream.write([UInt8](repeating: 1, count: 64 * 1024)) }
          } catch {
            writerThrew.give()
            await cancelled.wait()
          }
        } onCancel: {
          cancelled.give()
        }
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try await client.head()
      if stays { client.closeBoth() } else { client.close() }
      await writerThrew.wait()
      await cancelled.wait()
    }
  }

  @Test("A task that waits is cancelled when its client goes away", arguments: [true, false])
  func waitingTask(isReset: Bool) async throws {
    let started = Signal()
    let cancelled = Signal()
    try await withServer(handler: { exchange in
      exchange.task {
        started.give()
        await withTaskCancellationHandler {
          await cancelled.wait()
        } onCancel: {
          cancelled.give()
        }
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      await started.wait()
      if isReset { client.reset() } else { client.close() }
      await cancelled.wait()
    }
  }

  @Test("A file goes out by part, whole, and without a body to HEAD; its descriptor is closed")
  func file() async throws {
    let path = try makeFile((0..<300_000).map { UInt8(truncatingIfNeeded: $0) })
    defer { unlink(path) }
    try await withServer(handler: { exchange in
      exchange.task {
        do {
          if exchange.request.path == "/part" {
            let descriptor = open(path, O_RDONLY)
            try await exchange.respondFile(
              status: 206, headers: ["Content-Range": "bytes 5-9/300000"], fileDescriptor: descriptor, offset: 5, length: 5)
            #expect(fcntl(descriptor, F_GETFD) == -1 || exchange.request.path == "")
          } else {
            try await exchange.respondFile(status: 200, headers: [:], path: path, offset: 0, length: 300_000)
          }
        } catch {
          Issue.record(error)
        }
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET /part HTTP/1.1\r\nHost: x\r\n\r\n")
      let part = try await client.answer()
      #expect(part.status == 206)
      #expect(part.body == [5, 6, 7, 8, 9])
      try await client.send("HEAD /whole HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer(toHead: true)["Content-Length"] == "300000")
      try await client.send("GET /whole HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().body.count == 300_000)
    }
  }

  @Test("A file that is not there, or too short, is an error before anything is sent")
  func noFile() async throws {
    let path = try makeFile([1, 2, 3])
    defer { unlink(path) }
    try await withServer(handler: { exchange in
      exchange.task {
        do {
          let file = exchange.request.path == "/short" ? path : path + "-none"
          try await exchange.respondFile(status: 200, headers: [:], path: file, offset: 0, length: 4)
        } catch {
          exchange.respond(HTTPResponse(status: 500, body: Array("\(error)".utf8)))
        }
      }
    }) { server in
      let client = try server.client()
      try await client.send("GET /short HTTP/1.1\r\nHost: x\r\n\r\nGET /none HTTP/1.1\r\nHost: x\r\n\r\n")
      #expect(try await client.answer().text == "wrongLength")
      #expect(try await client.answer().text == "unreadableFile(errno: \(ENOENT))")
    }
  }

  @Test("A client that leaves in the middle of a file ends it")
  func fileCut() async throws {
    let path = try makeFile([UInt8](repeating: 1, count: 64 << 20))
    defer { unlink(path) }
    let ended = Signal()
    try await withServer(handler: { exchange in
      exchange.task {
        do {
          try await exchange.respondFile(status: 200, headers: [:], path: path, offset: 0, length: 64 << 20)
          Issue.record("The file was sent to nobody.")
        } catch {
          #expect(error as? HTTPResponseError == .connectionClosed)
        }
        ended.give()
      }
    }) { server in
      let client = try server.client(receiveBuffer: 64 * 1024)
      try await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
      _ = try await client.head()
      client.close()
      await ended.wait()
    }
  }

  private func makeFile(_ bytes: [UInt8]) throws -> String {
    var template = Array("/tmp/roost-http-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
