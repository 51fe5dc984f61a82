import JSON

/// Which step of a run: its name, and how often the name came before in the same run.
package struct StepKey: Sendable, Hashable {
  package let name: String
  /// 0 for the first of its name.
  package let occurrence: Int

  package init(name: String, occurrence: Int) {
    self.name = name
    self.occurrence = occurrence
  }

  package var text: String { occurrence == 0 ? "'\(name)'" : "'\(name)' (number \(occurrence + 1) of that name)" }
}

/// One step of a run, as it is kept.
package struct RunStep: Sendable {
  package enum Kind: String, Sendable {
    case run, sleep
    case event = "wait"
  }

  package enum Status: String, Sendable {
    case completed, failed, sleeping, waiting
    /// Failed, and tried again when it is due.
    case retrying

    package var isFinished: Bool { self == .completed || self == .failed }
  }

  package let key: StepKey
  package let kind: Kind
  package var status: Status
  /// Times that its function ran to an end.
  package var attempts: Int
  /// JSON; nil where it returned nothing.
  package var result: [UInt8]?
  /// A JSON object with `name` and `message`.
  package var error: [UInt8]?
  /// When it is looked at again; nil once it is finished.
  package var due: Timestamp?
  package var wait: EventWait?
  package let created: Timestamp
  package var ended: Timestamp?

  package init(
    key: StepKey, kind: Kind, status: Status, attempts: Int = 0, result: [UInt8]? = nil, error: [UInt8]? = nil, due: Timestamp? = nil, wait: EventWait? = nil,
    created: Timestamp, ended: Timestamp? = nil
  ) {
    self.key = key
    self.kind = kind
    self.status = status
    self.attempts = attempts
    self.result = result
    self.error = error
    self.due = due
    self.wait = wait
    self.created = created
    self.ended = ended
  }

  /// What its run's budget of bytes is charged.
  package var bytes: Int { 64 + key.name.utf8.count + (result?.count ?? 0) + (error?.count ?? 0) }

  /// The moment that it waited for has come. A failed one may be tried again.
  package mutating func wake(at now: Timestamp) {
    guard let due, due <= now else { return }
    self.due = nil
    guard status == .sleeping || status == .waiting else { return }
    status = .completed
    ended = now
    // What was waited for did not come.
    if kind == .event { result = Array("null".utf8) }
  }

  /// The event that it waited for is there. False if it does not wait any more.
  package mutating func comeTrue(_ event: [UInt8], at now: Timestamp) -> Bool {
    guard status == .waiting else { return false }
    status = .completed
    result = event
    due = nil
    ended = now
    return true
  }

  /// As callers see it.
  package var value: JSONValue {
    var value: JSONObject = [
      "name": .string(key.name), "occurrence": .int(Int64(key.occurrence + 1)), "kind": .string(kind.rawValue), "status": .string(status.rawValue),
      "attempts": .int(Int64(attempts)), "result": json(result), "error": json(error), "startedAt": .string(created.text),
      "endedAt": ended.map { .string($0.text) } ?? .null, "dueAt": due.map { .string($0.text) } ?? .null,
    ]
    if let wait { value["waitsFor"] = wait.value }
    return .object(value)
  }

  private func json(_ bytes: [UInt8]?) -> JSONValue { bytes.flatMap { try? JSONValue(parsing: $0) } ?? .null }
}
