import JSON

/// One row of the project's log: a committed change of a document (users are documents too) or a file.
package struct LogEvent: Sendable {
  package enum Kind: String, Sendable {
    case document, file
    /// A durable run goes on: addressed to its function, as `runsContainer(of:)`; its subject is the run's id.
    case run
  }

  package enum Action: String, Sendable {
    case created, updated, deleted
  }

  /// Its place in the commit order: 1, 2, …
  package let sequence: Int64
  package let time: Timestamp
  package let kind: Kind
  package let action: Action
  /// The collection or bucket.
  package let container: String
  /// The document's id or the file's path.
  package let subject: String
  /// Complete JSON documents, with our fields.
  package let before: [UInt8]?
  package let after: [UInt8]?
  /// Who did it; a JSON object.
  package let auth: [UInt8]?
  package let depth: Int

  package init(
    sequence: Int64, time: Timestamp, kind: Kind, action: Action, container: String, subject: String, before: [UInt8]?, after: [UInt8]?,
    auth: [UInt8]?,
    depth: Int
  ) {
    self.sequence = sequence
    self.time = time
    self.kind = kind
    self.action = action
    self.container = container
    self.subject = subject
    self.before = before
    self.after = after
    self.auth = auth
    self.depth = depth
  }

  /// `roost.document.created`
  package var type: String { "roost.\(kind.rawValue).\(action.rawValue)" }

  /// `posts/0190…`: what deliveries are ordered by.
  package var path: String { container + "/" + subject }

  /// The event as a CloudEvent 1.0 in the JSON format. The id is the same at every delivery.
  package func cloudEvent(project: String) -> [UInt8] {
    // Each execution of a run gets the event that it began with.
    if kind == .run, let after { return after }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("specversion")
    writer.string("1.0")
    writer.key("id")
    writer.string(String(sequence))
    writer.key("source")
    writer.string("/p/" + project)
    writer.key("type")
    writer.string(type)
    writer.key("subject")
    writer.string(path)
    writer.key("time")
    writer.string(time.text)
    writer.key("datacontenttype")
    writer.string("application/json")
    writer.key("data")
    writer.beginObject()
    for (name, value) in [("before", before), ("after", after), ("auth", auth)] {
      writer.key(name)
      if let value { writer.raw(value) } else { writer.null() }
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}

/// The log, read from a cursor. Everything that happens after a change reads it.
package protocol EventLog: Sendable {
  /// At most `limit` events after `sequence`, in commit order.
  func events(after sequence: Int64, limit: Int) async throws -> [LogEvent]
  func lastSequence() async throws -> Int64
  /// The changes of one collection's documents after `sequence`, in commit order: of so many events looked at, at most `limit`.
  func portion(of collection: String, after sequence: Int64, limit: Int, then: @escaping @Sendable (Result<LogPortion, any Error>) -> Void)
  /// Calls `wake` after commits that added events, from the writer's thread: it must only signal.
  func onCommit(_ wake: @escaping @Sendable () -> Void)
  /// Deletes events up to `sequence` that are older than `moment`; the newest event always stays. Returns how many.
  func prune(through sequence: Int64, before moment: Timestamp) async throws -> Int
}

extension EventLog {
  package func portion(of collection: String, after sequence: Int64, limit: Int) async throws -> LogPortion {
    try await withCheckedThrowingContinuation { continuation in
      portion(of: collection, after: sequence, limit: limit) { continuation.resume(with: $0) }
    }
  }
}
