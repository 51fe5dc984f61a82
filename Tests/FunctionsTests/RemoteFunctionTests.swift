import Core
import JSON
import Synchronization
import TestKit
import Testing

@testable import Functions

/// Remote functions through the whole engine, over a network of the test's own.
@Suite(.serialized) struct RemoteFunctionTests {
  private static let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

  private static func manifest(_ more: JSONObject = [:]) -> JSONValue {
    var object: JSONObject = [
      "runtime": "remote", "url": "https://hooks.example/in", "triggers": [["collection": "posts", "events": ["written"]]], "concurrency": 4,
      "retry": ["attempts": 3, "backoff": "1ms"],
    ]
    for (name, value) in more { object[name] = value }
    return .object(object)
  }

  private static func deploy(_ lab: FunctionsLab, _ more: JSONObject = [:], name: String = "f") async throws {
    let definition = try FunctionDefinition(name: name, value: manifest(more))
    try await lab.service.check(definition)
    for (secret, value) in definition.remote?.newSecrets ?? [] {
      _ = try await lab.backend.vault.set(secret, to: value, of: name, at: lab.clock.now())
    }
    _ = try await lab.backend.deploy(definition, at: lab.clock.now())
    await lab.service.functionsChanged()
  }

  private static func header(_ request: OutboundRequest, _ name: String) -> String? { request.headers.first { $0.name == name }?.value }

  private static func ids(_ request: OutboundRequest) -> [String] {
    guard let value = try? JSONValue(parsing: request.body) else { return [] }
    return (value.arrayValue ?? [value]).compactMap { $0["id"]?.stringValue }
  }

  @Test func `an event is delivered, signed, with a record and no worker`() async throws {
    try await FunctionsLab.run { lab in
      try await Self.deploy(lab, ["secret": .string(Self.secret), "headers": ["X-Team": "a ${TOKEN}"]])
      _ = try await lab.backend.vault.set("TOKEN", to: "t0ken", of: nil, at: lab.clock.now())
      await lab.service.functionsChanged()
      lab.backend.commit("1")
      let invocation = try await lab.invocations(1)[0]
      #expect(invocation.status == .succeeded && !invocation.isCold && invocation.eventSequence == 1)
      let request = try #require(lab.outbound.sent.first)
      #expect(request.url.text == "https://hooks.example/in" && request.method == "POST")
      #expect(Self.header(request, "X-Team") == "a t0ken")
      #expect(Self.header(request, "webhook-id") == "msg_default_f_1")
      #expect(Self.header(request, "roost-attempt") == "1")
      let expected = WebhookSignature.headers(
        id: "msg_default_f_1", at: lab.clock.now(), body: request.body, secrets: [try #require(WebhookSecret(Self.secret))])
      #expect(Self.header(request, "webhook-signature") == expected.last?.value)
      #expect(lab.service.workers <= 1)  // the JavaScript spare that every start tries
    }
  }

  @Test func `a repeat has the same id and a new attempt, and the last failure makes a dead letter`() async throws {
    try await FunctionsLab.run { lab in
      lab.outbound.answers { _ in .success(FakeOutbound.answer(500, "out of paper")) }
      try await Self.deploy(lab, ["secret": .string(Self.secret)])
      lab.backend.commit("1")
      // At least: the pause before a repeat is drawn by lot, and may be none.
      #expect(await lab.backend.reaches { $0.invocations.count >= 1 })
      for count in 2...3 {
        lab.clock.advance(by: .seconds(60))
        lab.service.wake()
        #expect(await lab.backend.reaches { $0.invocations.count >= count })
      }
      #expect(await lab.backend.reaches { $0.deadLetters.count == 1 })
      #expect(Set(lab.outbound.sent.compactMap { Self.header($0, "webhook-id") }) == ["msg_default_f_1"])
      #expect(lab.outbound.sent.compactMap { Self.header($0, "roost-attempt") } == ["1", "2", "3"])
      #expect(lab.backend.state.deadLetters[0].error.contains("out of paper"))
    }
  }

  @Test func `a gone endpoint gets no second attempt`() async throws {
    try await FunctionsLab.run { lab in
      lab.outbound.answers { _ in .success(FakeOutbound.answer(410)) }
      try await Self.deploy(lab)
      lab.backend.commit("1")
      #expect(await lab.backend.reaches { $0.deadLetters.count == 1 })
      #expect(lab.backend.state.deadLetters[0].attempts == 1)
      #expect(lab.notices.all.contains { $0.contains("410") })
    }
  }

  @Test func `an endpoint that asks for a pause gets one, for all its events`() async throws {
    let steady = ManualSteadyClock()
    try await FunctionsLab.run(steady: steady) { lab in
      lab.outbound.answers { _ in .success(FakeOutbound.answer(429, "", headers: [("Retry-After", "30")])) }
      try await Self.deploy(lab, ["concurrency": 1])
      lab.backend.commit("1")
      #expect(await lab.backend.reaches { $0.invocations.count == 1 })
      lab.outbound.answers { _ in .success(FakeOutbound.answer(200)) }
      lab.backend.commit("2")
      lab.clock.advance(by: .seconds(29))
      steady.advance(by: .seconds(29))
      lab.service.wake()
      #expect(!(await lab.backend.reaches(.milliseconds(200)) { $0.invocations.count > 1 }))
      lab.clock.advance(by: .seconds(2))
      steady.advance(by: .seconds(2))
      lab.service.wake()
      #expect(await lab.reaches(moving: steady) { $0.statuses == [.failed, .succeeded, .succeeded] })
    }
  }

  @Test func `a batch takes what waits, one event a document, and ends as one`() async throws {
    try await FunctionsLab.run { lab in
      let gate = Hold()
      lab.outbound.answers { _ in
        await gate.wait()
        return .success(FakeOutbound.answer(200))
      }
      try await Self.deploy(lab, ["mode": "batched", "batchSize": 10, "concurrency": 1])
      lab.backend.commit("first")
      while lab.outbound.sent.isEmpty { await Task.yield() }
      for subject in ["a", "b", "a", "c", "b", "a"] { lab.backend.commit(subject) }
      gate.open()
      #expect(await lab.backend.reaches { $0.invocations.count == 7 })
      let batches = lab.outbound.sent.map(Self.ids)
      #expect(batches.flatMap { $0 }.sorted() == ["1", "2", "3", "4", "5", "6", "7"])
      #expect(batches.count < 7 && lab.outbound.mostRunning == 1)
      // In order for each document: 2, 4, 7 are changes of `a`.
      let place = Dictionary(uniqueKeysWithValues: batches.enumerated().flatMap { position, ids in ids.map { ($0, position) } })
      for (earlier, later) in [("2", "4"), ("4", "7"), ("3", "6")] { #expect(place[earlier] ?? .max < place[later] ?? .min) }
      #expect(lab.backend.state.statuses.allSatisfy { $0 == .succeeded })
    }
  }

  @Test func `one bad event fails its batch once, and then only itself`() async throws {
    try await FunctionsLab.run { lab in
      let gate = Hold()
      lab.outbound.answers { request in
        await gate.wait()
        return .success(FakeOutbound.answer(Self.ids(request).contains("3") ? 500 : 200))
      }
      try await Self.deploy(lab, ["mode": "batched", "batchSize": 10, "concurrency": 1])
      lab.backend.commit("first")
      while lab.outbound.sent.isEmpty { await Task.yield() }
      for subject in ["a", "bad", "c", "d"] { lab.backend.commit(subject) }
      #expect(await lab.backend.reaches { $0.events.count == 5 })
      gate.open()
      for _ in 0..<100
      where await !lab.backend.reaches(.milliseconds(100), { $0.deadLetters.count == 1 && $0.statuses.filter { $0 == .succeeded }.count == 4 }) {
        lab.clock.advance(by: .seconds(60))
        lab.service.wake()
      }
      #expect(await lab.backend.reaches { $0.deadLetters.map(\.event.sequence) == [3] && $0.statuses.filter { $0 == .succeeded }.count == 4 })
      #expect(
        lab.backend.state.invocations.contains { $0.error?.hasPrefix("In a batch of ") == true } || lab.outbound.sent.allSatisfy { Self.ids($0).count == 1 })
    }
  }

  @Test func `slow endpoints of some do not hinder others`() async throws {
    try await FunctionsLab.run { lab in
      let gate = Hold()
      lab.outbound.answers { request in
        if request.url.text.contains("slow") { await gate.wait() }
        return .success(FakeOutbound.answer(200))
      }
      for number in 0..<100 { try await Self.deploy(lab, ["url": .string("https://slow.example/\(number)"), "concurrency": 100], name: "slow\(number)") }
      for number in 0..<20 { lab.backend.commit("s\(number)") }
      try await Self.deploy(lab, name: "quick")
      lab.backend.commit("q")
      #expect(await lab.backend.reaches { $0.invocations.contains { $0.function == "quick" && $0.status == .succeeded } })
      #expect(lab.outbound.mostRunning <= FunctionsLimits.remoteRequestsMax)
      gate.open()
      #expect(await lab.backend.reaches(.seconds(60)) { $0.invocations.count == 100 * 21 + 1 })
    }
  }

  @Test func `what is under way when the server stops runs again`() async throws {
    try await FunctionsLab.run { lab in
      let gate = Hold()
      lab.outbound.answers { _ in
        await gate.wait()
        return .failure(OutboundFailure(.cancelled, "stopping"))
      }
      try await Self.deploy(lab)
      lab.backend.commit("1")
      while lab.outbound.sent.isEmpty { await Task.yield() }
      gate.open()
      while lab.outbound.sent.count < 2 { await Task.yield() }
      lab.outbound.answers { _ in .success(FakeOutbound.answer(200)) }
      #expect(await lab.backend.reaches { $0.statuses == [.succeeded] })
      #expect(lab.backend.state.invocations[0].attempt == 1)
    }
  }

  @Test func `a missing secret fails the attempt and says which`() async throws {
    try await FunctionsLab.run { lab in
      try await Self.deploy(lab, ["secret": "NOT_THERE", "retry": ["attempts": 1, "backoff": "1ms"]])
      lab.backend.commit("1")
      #expect(try await lab.invocations(1)[0].error?.contains("'NOT_THERE'") == true)
      #expect(lab.outbound.sent.isEmpty)
    }
  }

  @Test func `a call by hand gets the answer`() async throws {
    try await FunctionsLab.run { lab in
      lab.outbound.answers { _ in .success(FakeOutbound.answer(200, #"{"twice": 42}"#)) }
      try await Self.deploy(lab)
      let answer = try await lab.service.invoke(
        DirectInvocation(function: "f", event: Array(#"{"id":"1"}"#.utf8), eventType: "test", eventSubject: "one"))
      #expect(answer.invocation.status == .succeeded && answer.value == Array(#"{"twice": 42}"#.utf8))
    }
  }

  @Test func `a call over HTTP goes on as it came, and so does its answer`() async throws {
    try await FunctionsLab.run { lab in
      lab.outbound.answers { _ in .success(FakeOutbound.answer(418, "tea", headers: [("Set-Cookie", "a=1"), ("set-cookie", "b=2"), ("Connection", "close")])) }
      try await Self.deploy(lab)
      func call(_ path: String) async throws -> JSONValue {
        let event: JSONValue = [
          "type": "roost.http.request", "method": "PATCH", "rawPath": .string(path), "rawQueryString": "x=1",
          "headers": ["content-type": "text/plain", "host": "me.example", "connection": "close", "webhook-id": "forged", "x-other": "y"], "body": "aGk=",
          "isBase64Encoded": true,
        ]
        let answer = try await lab.service.invoke(
          DirectInvocation(function: "f", event: event.bytes(), eventType: "roost.http.request", eventSubject: "PATCH \(path)"))
        #expect(answer.invocation.status == .succeeded)
        return try JSONValue(parsing: #require(answer.value))
      }
      let answer = try await call("/a/b")
      #expect(answer["statusCode"]?.intValue == 418 && answer["body"]?.stringValue == "tea")
      #expect(answer["multiValueHeaders"]?["set-cookie"]?.arrayValue == ["a=1", "b=2"])
      #expect(answer["multiValueHeaders"]?["connection"] == nil)
      let request = try #require(lab.outbound.sent.first)
      #expect(request.method == "PATCH" && request.url.text == "https://hooks.example/in/a/b?x=1" && request.body == Array("hi".utf8))
      #expect(Self.header(request, "x-other") == "y")
      for name in ["host", "connection", "webhook-id"] { #expect(Self.header(request, name) == nil) }
      #expect(try await call("/../admin")["statusCode"]?.intValue == 400)
      #expect(lab.outbound.sent.count == 1)
    }
  }

  @Test func `an OpenWhisk action gets its code once, and its answers are read`() async throws {
    try await FunctionsLab.run { lab in
      let inits = Mutex(0)
      lab.outbound.answers { request in
        if request.url.target.hasSuffix("/init") {
          inits.withLock { $0 += 1 }
          return .success(FakeOutbound.answer(200, #"{"ok":true}"#))
        }
        let value = try? JSONValue(parsing: request.body)
        let isBad = value?["value"]?["subject"]?.stringValue == "posts/bad"
        return .success(isBad ? FakeOutbound.answer(502, #"{"error":"no such thing"}"#) : FakeOutbound.answer(200, #"{"done":true}"#))
      }
      try await Self.deploy(
        lab, ["kind": "openwhisk", "source": "def main(args): return {}", "concurrency": 1, "retry": ["attempts": 1, "backoff": "1ms"]])
      lab.backend.commit("good")
      lab.backend.commit("bad")
      let invocations = try await lab.invocations(2)
      #expect(invocations.map(\.status) == [.succeeded, .failed])
      #expect(invocations[1].error?.contains("no such thing") == true)
      #expect(inits.withLock { $0 } == 1)
      let run = try #require(lab.outbound.sent.last)
      #expect(run.url.text == "https://hooks.example/in/run")
    }
  }

  @Test(
    arguments: [
      ["url": "http://127.0.0.1/"], ["url": "http://2130706433"], ["url": "https://[::ffff:169.254.169.254]/"], ["url": "ftp://a.example/"],
      ["url": "https://user:pw@a.example/"], ["mode": "sideways"], ["kind": "soap"], ["batchSize": 0, "mode": "batched"], ["batchSize": 5],
      ["secret": "whsec_no"],
      ["secret": "not a name"], ["secret": 5], ["headers": ["Host": "a"]], ["headers": ["ce-id": "a"]], ["headers": ["Webhook-Id": "a"]],
      ["headers": ["a": "b\r\nc: d"]], ["headers": ["a b": "c"]], ["headers": ["a": 1]], ["source": "export default 1"],
    ] as [JSONObject])
  func `a bad manifest is refused`(_ more: JSONObject) async throws {
    try await FunctionsLab.run { lab in
      await #expect(throws: RoostError.self) { try await Self.deploy(lab, more) }
    }
  }

  @Test func `a manifest comes back without its secrets, and is read again the same`() throws {
    let definition = try FunctionDefinition(
      name: "f", value: Self.manifest(["secret": [.string(Self.secret), "OLD"], "mode": "batched", "batchSize": 7, "headers": ["A": "${B}"]]))
    let text = definition.manifest.text
    #expect(!text.contains("whsec_"))
    #expect(definition.remote?.newSecrets.map(\.name) == ["WEBHOOK_SECRET"])
    #expect(definition.remote?.signingSecrets == ["WEBHOOK_SECRET", "OLD"])
    #expect(try FunctionDefinition(name: "f", value: definition.manifest).manifest.text == text)
  }
}

/// Holds those who wait until it is opened.
final class Hold: Sendable {
  private let state = Mutex<[CheckedContinuation<Void, Never>]?>([])

  func wait() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        state?.append(continuation)
        return state == nil
      }
      if isOpen { continuation.resume() }
    }
  }

  func open() {
    let waiting = state.withLock { state in
      defer { state = nil }
      return state ?? []
    }
    for continuation in waiting { continuation.resume() }
  }
}
