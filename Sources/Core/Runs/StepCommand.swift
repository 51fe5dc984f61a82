import JSON

/// What a worker says about the steps of the run that it executes. Written by user code: every member is checked.
package enum StepCommand: Sendable {
  /// The first word of an execution: which steps are known?
  case begin
  /// A step's function returned; its result as JSON, nil for nothing.
  case completed(StepKey, result: [UInt8]?)
  /// A step's function threw. `isFinal`: it is not to be tried again.
  case failed(StepKey, error: [UInt8], isFinal: Bool)
  case sleeping(StepKey, until: Timestamp)
  case waiting(StepKey, EventWait, until: Timestamp)

  /// The method of the call that carries a command, instead of one of HTTP's.
  package static let method = "STEP"

  /// Throws `bad_request`, `validation_failed`, `expression_invalid` or `payload_too_large`, with a sentence for the function's author.
  package init(target: String, body: [UInt8], at now: Timestamp) throws {
    if target == "/begin" {
      self = .begin
      return
    }
    guard let value = try? JSONValue(parsing: body), case .object(let object) = value else {
      throw RoostError(.badRequest, "A step is told as a JSON object.")
    }
    let key = try Self.key(object)
    switch target {
    case "/completed":
      let result = object["result"]?.bytes()
      guard (result?.count ?? 0) <= Limits.stepResultBytesMax else {
        throw RoostError(
          .payloadTooLarge,
          "The result of step \(key.text) is larger than \(Limits.stepResultBytesMax >> 10) KB; store it as a document or a file and return its id.")
      }
      self = .completed(key, result: result)
    case "/failed":
      let error: JSONValue = ["name": .string(Self.text(object["name_of_error"], most: 100)), "message": .string(Self.text(object["message"], most: 4096))]
      self = .failed(key, error: error.bytes(), isFinal: object["final"]?.boolValue ?? false)
    case "/sleep":
      if let until = object["until"] {
        self = .sleeping(key, until: try WaitingTime.moment(until, of: "The end of step \(key.text)", at: now))
      } else {
        self = .sleeping(key, until: now + (try WaitingTime.duration(object["for"] ?? .null, of: "The sleep")))
      }
    case "/wait":
      guard case .object(var options)? = object["options"] else {
        throw RoostError(.validationFailed, "A wait for an event has options: step.waitForEvent({ event: \"order.paid\", timeout: \"7d\" }).")
      }
      let timeout = try options.remove("timeout").map { try WaitingTime.duration($0, of: "The timeout") } ?? Limits.runEventWaitDefault
      self = .waiting(key, try EventWait(.object(options)), until: now + timeout)
    default: throw RoostError(.badRequest, "There is no such word about steps.")
    }
  }

  private static func key(_ object: JSONObject) throws -> StepKey {
    guard let name = object["name"]?.stringValue, !name.isEmpty, name.utf8.count <= Limits.stepNameBytesMax, !name.utf8.contains(0) else {
      throw RoostError(.validationFailed, "A step has a name: text of 1 to \(Limits.stepNameBytesMax) bytes.")
    }
    guard let occurrence = object["n"]?.intValue, (0..<Int64(Limits.stepsPerRunMax)).contains(occurrence) else {
      throw RoostError(.validationFailed, "A run has at most \(Limits.stepsPerRunMax) steps; this one has more of the name '\(name)' alone.")
    }
    return StepKey(name: name, occurrence: Int(occurrence))
  }

  private static func text(_ value: JSONValue?, most: Int) -> String { String((value?.stringValue ?? "").prefix(most)) }
}
