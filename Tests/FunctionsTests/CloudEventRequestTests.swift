import Core
import JSON
import Testing

@testable import Functions

@Suite struct CloudEventRequestTests {
  private static let event = Array(
    #"{"specversion":"1.0","id":"4711","source":"/p/default","type":"roost.document.created","subject":"posts/Grüße \"50%\"","time":"2026-11-21T09:30:00.123Z","datacontenttype":"application/json","flag":true,"n":-3,"none":null,"list":[1],"Bad-Name":"x","data":{"after":{"id":"é"}}}"#
      .utf8)

  @Test func `structured mode sends the event as it is`() {
    let request = CloudEventRequest([Self.event], mode: .structured)
    #expect(request.body == Self.event)
    #expect(request.headers.map(\.value) == ["application/cloudevents+json; charset=utf-8"])
  }

  @Test func `batched mode sends a list`() throws {
    let request = CloudEventRequest([Self.event, Self.event], mode: .batched)
    #expect(try JSONValue(parsing: request.body).arrayValue?.count == 2)
    #expect(request.headers.map(\.value) == ["application/cloudevents-batch+json; charset=utf-8"])
    #expect(CloudEventRequest([], mode: .batched).body == Array("[]".utf8))
  }

  @Test func `binary mode sends the data, and attributes as headers`() {
    let request = CloudEventRequest([Self.event], mode: .binary)
    #expect(request.body == Array(#"{"after":{"id":"é"}}"#.utf8))
    let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
    #expect(
      headers == [
        "content-type": "application/json", "ce-specversion": "1.0", "ce-id": "4711", "ce-source": "/p/default", "ce-type": "roost.document.created",
        "ce-subject": "posts/Gr%C3%BC%C3%9Fe%20%2250%25%22", "ce-time": "2026-11-21T09:30:00.123Z", "ce-flag": "true", "ce-n": "-3",
      ])
  }

  @Test func `data in base64 becomes bytes, and no header can be split`() {
    let request = CloudEventRequest([Array(#"{"id":"a\r\nx: y","type":"t","data_base64":"AAEC","datacontenttype":"a/b\r\nx: y"}"#.utf8)], mode: .binary)
    #expect(request.body == [0, 1, 2])
    #expect(request.headers.first { $0.name == "ce-id" }?.value == "a%0D%0Ax:%20y")
    #expect(request.headers.first { $0.name == "content-type" }?.value == "application/json")
  }
}

@Suite struct RemoteAnswerTests {
  private func outcome(_ status: Int, _ body: String = "", _ headers: [(name: String, value: String)] = []) -> RemoteOutcome {
    RemoteSender.outcome(FakeOutbound.answer(status, body, headers: headers), wantsValue: false)
  }

  @Test func `every status has its meaning`() {
    for status in [200, 202, 204, 299] {
      guard case .succeeded = outcome(status) else {
        Issue.record("\(status)")
        continue
      }
    }
    for status in [300, 301, 302, 304, 307, 308, 400, 404, 422, 500, 502, 599, 199, 600] {
      guard case .failed(.failed, let text, .retry(nil)) = outcome(status, "no\nway", [("Location", "http://169.254.169.254/")]) else {
        Issue.record("\(status)")
        continue
      }
      #expect(text.contains("\(status)"))
      #expect(text.contains(status < 400 && status >= 300 ? "not followed" : "no way"))
    }
    guard case .failed(.failed, _, .giveUp) = outcome(410) else {
      Issue.record("410")
      return
    }
  }

  @Test(arguments: [
    ("7", 7), ("0", 0), ("100000", 3600), ("99999999999", 3600), ("-1", nil), ("soon", nil), ("1.5", nil), ("Wed, 21 Oct 2026 07:28:00 GMT", nil), ("", nil),
    ("99999999999999999999999", nil),
  ])
  func `Retry-After is kept to, within bounds`(_ text: String, _ seconds: Int?) {
    for status in [429, 503] {
      guard case .failed(_, _, .retry(let wait)) = outcome(status, "", [("retry-after", text)]) else {
        Issue.record("\(status)")
        return
      }
      #expect(wait == seconds.map { .seconds($0) })
    }
    guard case .failed(_, _, .retry(nil)) = outcome(500, "", [("retry-after", "9")]) else {
      Issue.record("500")
      return
    }
  }

  @Test func `a record holds the beginning of what was said, and no control characters`() {
    guard case .failed(_, let text, _) = outcome(500, String(repeating: "\u{1b}[31mx\0", count: 10_000)) else {
      Issue.record("500")
      return
    }
    #expect(text.utf8.count < 1200)
    #expect(text.utf8.allSatisfy { $0 >= 32 })
  }
}
