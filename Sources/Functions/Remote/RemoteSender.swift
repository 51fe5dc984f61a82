import Core
import JSON

/// Turns the engine's calls of remote functions into requests, and answers into outcomes.
struct RemoteSender: Sendable {
  let project: String
  let outbound: any OutboundHTTP
  let wall: any WallClock
  let openWhisk: OpenWhiskInstances

  init(project: String, outbound: any OutboundHTTP, wall: any WallClock) {
    self.project = project
    self.outbound = outbound
    self.wall = wall
    openWhisk = OpenWhiskInstances()
  }

  func send(_ call: RemoteCall) async -> RemoteOutcome {
    do throws(OutboundFailure) {
      switch (call.purpose, call.remote.kind) {
      case (.call, .cloudevents): return try await forward(call)
      case (.events, .cloudevents): return try await sendEvents(call)
      case (_, .openwhisk): return try await runAction(call)
      }
    } catch {
      return Self.outcome(error)
    }
  }

  static func outcome(_ failure: OutboundFailure) -> RemoteOutcome {
    switch failure.kind {
    case .timeout: .failed(.timeout, failure.text, then: .retry(after: nil))
    case .refused, .broken: .failed(failure.text)
    case .cancelled: .cancelled
    }
  }

  private func sendEvents(_ call: RemoteCall) async throws(OutboundFailure) -> RemoteOutcome {
    // Calls by hand carry one event, whatever the mode.
    let request = CloudEventRequest(call.events, mode: call.remote.mode)
    let answer = try await outbound.send(
      try self.request(call, url: call.remote.url, headers: request.headers + [("roost-attempt", String(call.attempt))], body: request.body))
    return Self.outcome(answer, wantsValue: call.wantsValue)
  }

  /// The request as it goes out: with the function's own headers, and signed.
  func request(
    _ call: RemoteCall, url: OutboundURL, method: String = "POST", headers: [(name: String, value: String)], body: [UInt8],
    timeout: Duration? = nil, answerBytesMax: Int? = nil
  ) throws(OutboundFailure) -> OutboundRequest {
    var headers = headers + [("user-agent", "Roost")]
    if let trace = call.trace {
      headers.removeAll { $0.name == "traceparent" }
      headers.append(("traceparent", trace))
    }
    for (name, value) in call.remote.headers {
      headers.removeAll { $0.name.lowercased() == name.lowercased() }
      headers.append((name, try filledIn(value, call)))
    }
    var secrets: [WebhookSecret] = []
    for name in call.remote.signingSecrets {
      guard let text = call.secrets[name] else { throw OutboundFailure(.broken, "There is no secret '\(name)' to sign with: set it.") }
      guard let secret = WebhookSecret(text) else {
        throw OutboundFailure(.broken, "The secret '\(name)' does not sign: expected whsec_ and the base64 of 24 to 64 bytes.")
      }
      secrets.append(secret)
    }
    if !secrets.isEmpty { headers += WebhookSignature.headers(id: call.messageID, at: wall.now(), body: body, secrets: secrets) }
    return OutboundRequest(
      url: url, method: method, headers: headers, body: body, timeout: timeout ?? call.timeout,
      answerBytesMax: answerBytesMax ?? (call.wantsValue ? FunctionsLimits.remoteValueBytesMax : FunctionsLimits.remoteAnswerBytesMax))
  }

  /// `${NAME}` stands for a secret.
  private func filledIn(_ text: String, _ call: RemoteCall) throws(OutboundFailure) -> String {
    var filled = ""
    var rest = text[...]
    while let start = rest.firstRange(of: "${"), let end = rest[start.upperBound...].firstIndex(of: "}") {
      let name = String(rest[start.upperBound..<end])
      guard let value = call.secrets[name] else { throw OutboundFailure(.broken, "There is no secret '\(name.prefix(80))' for a header: set it.") }
      guard OutboundHeaders.isValue(value) else { throw OutboundFailure(.broken, "The secret '\(name)' cannot stand in a header.") }
      filled += rest[..<start.lowerBound] + value
      rest = rest[rest.index(after: end)...]
    }
    return filled + rest
  }

  // MARK: What the answer means

  static func outcome(_ answer: OutboundAnswer, wantsValue: Bool) -> RemoteOutcome {
    switch answer.status {
    case 200..<300:
      guard wantsValue else { return .succeeded(value: nil) }
      guard !answer.isCut else { return .failed("The answer is larger than \(FunctionsLimits.remoteValueBytesMax) bytes.") }
      return .succeeded(value: value(answer))
    case 300..<400:
      let target = answer.header("location").map { " to \(printable($0, 300))" } ?? ""
      return .failed("The endpoint redirects\(target) (\(answer.status)). Redirects are not followed: deploy with the URL that takes the events.")
    case 410:
      // Standard Webhooks: "the endpoint is gone, stop sending".
      return .failed(.failed, "The endpoint is gone (410)." + beginning(answer), then: .giveUp)
    case 429, 503:
      let wait = retryAfter(answer)
      return .failed(.failed, "The endpoint answered \(answer.status)." + beginning(answer), then: .retry(after: wait))
    default:
      return .failed("The endpoint answered \(answer.status)." + beginning(answer))
    }
  }

  /// JSON as it is, anything else as text; `nil` for nothing.
  static func value(_ answer: OutboundAnswer) -> [UInt8]? {
    guard !answer.body.isEmpty else { return nil }
    if (try? JSONText.validate(answer.body)) != nil { return answer.body }
    return JSONValue.string(String(decoding: answer.body, as: UTF8.self)).bytes()
  }

  /// Seconds (RFC 9110, section 10.2.3). A date is not read: clocks differ, and the function's own backoff does as well.
  static func retryAfter(_ answer: OutboundAnswer) -> Duration? {
    guard let text = answer.header("retry-after"), let seconds = Int64(text), seconds >= 0 else { return nil }
    return min(.seconds(min(seconds, 1 << 32)), FunctionsLimits.retryAfterMax)
  }

  private static func beginning(_ answer: OutboundAnswer) -> String {
    let text = printable(String(decoding: answer.body.prefix(FunctionsLimits.remoteErrorBytesMax), as: UTF8.self), FunctionsLimits.remoteErrorBytesMax)
    return text.isEmpty ? "" : " It said: " + text
  }

  private static func printable(_ text: String, _ bytesMax: Int) -> String {
    let clean = String(text.prefix(bytes: bytesMax).unicodeScalars.map { $0.value < 32 || $0.value == 127 ? " " : Character($0) })
    return String(clean.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
  }
}
