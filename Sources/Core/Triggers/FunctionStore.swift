import JSON

/// A function as it stands: its current version and when it was deployed.
package struct DeployedFunction: Sendable {
  package let definition: FunctionDefinition
  package let version: Int64
  package let created: Timestamp
  package let updated: Timestamp
  /// Who takes events: the current version, unless a split runs.
  package let live: VersionSplit
  /// Names for versions, other than `live`.
  package let aliases: [String: VersionSplit]
  /// Versions besides the current one that take events or have a name.
  package let others: [Int64: FunctionDefinition]
  /// Only in the answer to a deploy: the version that it made, which need not be the current one.
  package var deployed: Int64?

  package init(
    definition: FunctionDefinition, version: Int64, created: Timestamp, updated: Timestamp, live: VersionSplit? = nil, aliases: [String: VersionSplit] = [:],
    others: [Int64: FunctionDefinition] = [:]
  ) {
    self.definition = definition
    self.version = version
    self.created = created
    self.updated = updated
    self.live = live ?? VersionSplit(version)
    self.aliases = aliases
    self.others = others
  }

  /// The version that takes a direct call, by chance where there is a choice; nil if none of that name is in use.
  /// - Parameter name: an alias, or a version's number; nil for `live`.
  package func version(named name: String?) -> Int64? {
    let split: VersionSplit
    switch name {
    case nil, FunctionAlias.live: split = live
    case let name?:
      if let number = Int64(name) { return definition(of: number) == nil ? nil : number }
      guard let named = aliases[name] else { return nil }
      split = named
    }
    guard split.shares.count > 1 else { return split.main }
    return split.version(for: String(UInt64.random(in: 0...UInt64.max)), of: definition.name)
  }

  /// Nil for a version that is not in use.
  package func definition(of number: Int64) -> FunctionDefinition? { number == version ? definition : others[number] }

  /// The same, as workers get it.
  package func filled(with secrets: FunctionSecrets) -> DeployedFunction {
    DeployedFunction(
      definition: secrets.filling(definition), version: version, created: created, updated: updated, live: live, aliases: aliases,
      others: others.mapValues(secrets.filling))
  }

  package var value: JSONValue {
    guard case .object(var object) = definition.manifest else { return definition.manifest }
    object["version"] = .int(version)
    object["live"] = live.value
    object["createdAt"] = .string(created.text)
    object["updatedAt"] = .string(updated.text)
    return .object(object)
  }
}

/// Functions, their deliveries and what became of them, at rest.
package protocol FunctionStore: FunctionVersionStore, FunctionArchiveStore, RunStore {
  func functions() async throws -> [DeployedFunction]
  /// A new version; a new function's cursor starts at the end of the log. Throws `precondition_failed` where another version is current than expected.
  func deploy(_ definition: FunctionDefinition, _ options: DeployOptions, at now: Timestamp) async throws -> (DeployedFunction, created: Bool)
  /// Deletes the function with its cursor, parked deliveries, dead letters and records. False if there was none.
  func deleteFunction(_ name: String) async throws -> Bool

  /// Where delivery to this function stands after a start.
  func deliveryState(of function: String) async throws -> DeliveryState
  /// One durable commit. Several functions' changes may share it.
  func record(_ changes: DeliveryChanges, of function: String) async throws

  /// Writes the event of a due time and moves the schedule's mark, in one commit. Where the mark is not the expected one any more, only the mark as
  /// it is comes back, and nothing is written.
  func tick(_ schedule: ScheduleTrigger, of function: String, due: Timestamp, expecting mark: Timestamp) async throws -> ScheduleMark

  /// Newest first.
  func invocations(of function: String, _ filter: InvocationFilter, limit: Int, before id: String?) async throws -> [Invocation]
  /// Newest first. Looks at so many lines and no more: then a page may hold less than `limit`, and `next` says where to go on.
  func logs(of function: String, _ filter: LogFilter, limit: Int, before id: String?) async throws -> (lines: [InvocationLog], next: String?)
  /// Those stored after a line, oldest first.
  func logs(of function: String, after id: String, limit: Int) async throws -> [InvocationLog]
  func deadLetters(of function: String, limit: Int, after id: String?) async throws -> [DeadLetter]
  func deadLetter(_ id: String, of function: String) async throws -> DeadLetter?
  /// Forgets one of them, or all, and returns how many that were.
  func deleteDeadLetters(of function: String, id: String?) async throws -> Int

  /// Sums of what functions used, in the order of their keys. Deleted functions are among them.
  func usage(_ query: UsageQuery) async throws -> [UsageEntry]
}

extension FunctionStore {
  package func deploy(_ definition: FunctionDefinition, at now: Timestamp) async throws -> (DeployedFunction, created: Bool) {
    try await deploy(definition, DeployOptions(), at: now)
  }
}

package struct DeliveryState: Sendable {
  /// Every event up to here is done, parked or dead.
  package let cursor: Int64
  package let parked: [ParkedDelivery]
  /// By their triggers' keys.
  package let schedules: [String: ScheduleMark]

  package init(cursor: Int64, parked: [ParkedDelivery], schedules: [String: ScheduleMark] = [:]) {
    self.cursor = cursor
    self.parked = parked
    self.schedules = schedules
  }
}

/// A delivery that failed and waits for its next attempt, or one that waits behind such a delivery of its own document.
package struct ParkedDelivery: Sendable {
  package let event: LogEvent
  /// Attempts made so far.
  package let attempts: Int
  package let due: Timestamp
  /// From when on its age counts: when the event happened, or when it came back from the dead letters.
  package let born: Timestamp

  package init(event: LogEvent, attempts: Int, due: Timestamp, born: Timestamp? = nil) {
    self.event = event
    self.attempts = attempts
    self.due = due
    self.born = born ?? event.time
  }
}

/// What one commit writes about deliveries. The parked list is keyed by the event's sequence.
package struct DeliveryChanges: Sendable {
  /// When the function was made that they are of: of another one of its name, made meanwhile, they are not. `nil` for whichever there is.
  package var created: Timestamp?
  package var cursor: Int64?
  package var park: [ParkedDelivery] = []
  package var unpark: [Int64] = []
  package var deadLetters: [DeadLetter] = []
  package var removeDeadLetters: [String] = []
  package var invocations: [Invocation] = []
  package var logs: [InvocationLog] = []
  package var completions: [FunctionResult] = []
  package var runs: [RunOutcome] = []

  package init() {}

  /// Whether there is more than records of runs that went well.
  package var isUrgent: Bool {
    !park.isEmpty || !unpark.isEmpty || !deadLetters.isEmpty || !removeDeadLetters.isEmpty || !completions.isEmpty || !runs.isEmpty
  }

  package var isEmpty: Bool { cursor == nil && !isUrgent && invocations.isEmpty && logs.isEmpty }
}

/// One run of a function.
package struct Invocation: Sendable {
  package enum Status: String, Sendable {
    case succeeded, failed, timeout, crashed
    case memoryLimit = "memory_limit"
    /// Its durable run waits, and goes on in another invocation.
    case suspended
  }

  package let id: String
  package let function: String
  package let version: Int64
  /// `nil` for direct invocations.
  package let eventSequence: Int64?
  package let eventType: String
  package let eventSubject: String
  /// 1 for the first.
  package let attempt: Int
  package let status: Status
  package let error: String?
  package let started: Timestamp
  package let duration: Duration
  package let isCold: Bool
  package let cpu: Duration?
  package let memoryBytesPeak: Int64?
  /// From the moment at which it could have started until it did.
  package let queued: Duration?
  /// What it could have used; its time is counted with this.
  package let memoryBytesMax: Int64?
  /// The W3C trace context of this run, as a `traceparent`: its calls are the span's children.
  package let trace: String?

  package init(
    id: String, function: String, version: Int64, eventSequence: Int64?, eventType: String, eventSubject: String, attempt: Int,
    status: Status, error: String?,
    started: Timestamp, duration: Duration, isCold: Bool, cpu: Duration?, memoryBytesPeak: Int64?, queued: Duration? = nil, memoryBytesMax: Int64? = nil,
    trace: String? = nil
  ) {
    self.id = id
    self.function = function
    self.version = version
    self.eventSequence = eventSequence
    self.eventType = eventType
    self.eventSubject = eventSubject
    self.attempt = attempt
    self.status = status
    self.error = error
    self.started = started
    self.duration = duration
    self.isCold = isCold
    self.cpu = cpu
    self.memoryBytesPeak = memoryBytesPeak
    self.queued = queued
    self.memoryBytesMax = memoryBytesMax
    self.trace = trace
  }

  package var value: JSONValue {
    [
      "id": .string(id), "function": .string(function), "version": .int(version),
      "event": ["id": eventSequence.map { .string(String($0)) } ?? .null, "type": .string(eventType), "subject": .string(eventSubject)],
      "attempt": .int(Int64(attempt)), "status": .string(status.rawValue), "error": error.map(JSONValue.string) ?? .null,
      "startedAt": .string(started.text),
      "durationMs": .double(
        Double(duration.components.attoseconds / 1_000_000_000_000) / 1000 + Double(duration.components.seconds) * 1000),
      "cold": .bool(isCold), "cpuMs": cpu.map { .int($0.milliseconds) } ?? .null, "memoryPeak": memoryBytesPeak.map(JSONValue.int) ?? .null,
      "queueMs": queued.map { .double(Double($0.microseconds) / 1000) } ?? .null,
      "gbSeconds": memoryBytesMax == nil ? .null : .double(gigabyteSeconds),
      "traceparent": trace.map(JSONValue.string) ?? .null,
    ]
  }
}

/// One line that an invocation printed.
package struct InvocationLog: Sendable {
  /// Sorts in the order of printing.
  package let id: String
  package let invocation: String
  package let time: Timestamp
  /// `debug`, `info`, `warn` or `error`.
  package let level: String
  package let message: String

  package init(id: String, invocation: String, time: Timestamp, level: String, message: String) {
    self.id = id
    self.invocation = invocation
    self.time = time
    self.level = level
    self.message = message
  }

  package var value: JSONValue {
    [
      "id": .string(id), "invocation": .string(invocation), "time": .string(time.text), "level": .string(level),
      "message": .string(message),
    ]
  }
}

/// An event whose delivery was given up. It can be replayed.
package struct DeadLetter: Sendable {
  package let id: String
  package let event: LogEvent
  package let attempts: Int
  package let error: String
  package let invocation: String?
  package let created: Timestamp

  package init(id: String, event: LogEvent, attempts: Int, error: String, invocation: String?, created: Timestamp) {
    self.id = id
    self.event = event
    self.attempts = attempts
    self.error = error
    self.invocation = invocation
    self.created = created
  }

  package func value(project: String) -> JSONValue {
    [
      "id": .string(id), "event": (try? JSONValue(parsing: event.cloudEvent(project: project))) ?? .null, "attempts": .int(Int64(attempts)),
      "error": .string(error), "invocation": invocation.map(JSONValue.string) ?? .null, "createdAt": .string(created.text),
    ]
  }
}
