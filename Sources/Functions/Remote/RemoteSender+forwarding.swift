import Core
import JSON

// Calls over HTTP: the request goes on as it came, and so does the answer.
extension RemoteSender {
  func forward(_ call: RemoteCall) async throws(OutboundFailure) -> RemoteOutcome {
    guard let event = call.events.first, let request = try? JSONValue(parsing: event, depthMax: 128), let method = request["method"]?.stringValue else {
      return .failed("The call has no method.")
    }
    guard let url = call.remote.url.appending(path: request["rawPath"]?.stringValue ?? "/", query: request["rawQueryString"]?.stringValue) else {
      return .succeeded(value: Self.refusal)
    }
    let body = request["body"]?.stringValue ?? ""
    let bytes = request["isBase64Encoded"]?.boolValue == true ? Base64.decode(body) ?? [] : Array(body.utf8)
    var headers: [(name: String, value: String)] = []
    for (name, value) in request["headers"]?.objectValue ?? [:] {
      guard let text = value.stringValue, Self.isForwarded(name), OutboundHeaders.isValue(text) else { continue }
      headers.append((name, text))
    }
    let answer = try await outbound.send(
      try self.request(call, url: url, method: method, headers: headers, body: bytes, answerBytesMax: FunctionsLimits.remoteValueBytesMax))
    guard !answer.isCut else { return .failed("The answer is larger than \(FunctionsLimits.remoteValueBytesMax) bytes.") }
    return .succeeded(value: Self.response(answer))
  }

  /// Whatever frames the message, or could be taken for something that we say.
  private static func isForwarded(_ name: String) -> Bool {
    let own: Set<String> = [
      "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "accept-encoding", "proxy-connection",
      "proxy-authorization", "proxy-authenticate", "user-agent",
    ]
    return !own.contains(name) && !name.hasPrefix("webhook-") && !name.hasPrefix("roost-")
      && name.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: ":") }
  }

  /// In the form in which every runtime answers calls.
  private static func response(_ answer: OutboundAnswer) -> [UInt8] {
    var headers = JSONObject()
    for (name, value) in answer.headers {
      let name = name.lowercased()
      if ["connection", "keep-alive", "transfer-encoding", "content-length"].contains(name) { continue }
      headers[name] = .array((headers[name]?.arrayValue ?? []) + [.string(value)])
    }
    let text = String(validating: answer.body, as: UTF8.self)
    return JSONValue.object([
      "statusCode": .int(Int64(answer.status)), "multiValueHeaders": .object(headers),
      "body": .string(text ?? Base64.encode(answer.body)), "isBase64Encoded": .bool(text == nil),
    ]).bytes()
  }

  private static let refusal = JSONValue.object([
    "statusCode": .int(400), "headers": ["content-type": "text/plain; charset=utf-8"], "body": "The path could lead out of the function's own URL.",
  ]).bytes()
}
