import JSON

/// One row of the project's log: a committed change of a document (users are documents too) or a file, or something else that happened and that
/// functions are told of.
package struct LogEvent: Sendable {
  package enum Kind: String, Sendable {
    case document, file
    /// Of an account. In the log only `signedIn`; the others are documents' events as user triggers show them.
    case user
    /// Named and emitted by a function or over the API: the container is its name.
    case event
    /// A schedule came due: the container is the function that it is for, the only one that gets it.
    case schedule
    /// A function of a sequence has finished: the container is the next one, the only one that gets it.
    case function
    /// A durable run goes on: addressed to its function, as `runsContainer(of:)`; its subject is the run's id.
    case run
  }

  package enum Action: String, Sendable {
    case created, updated, deleted, signedIn, emitted, due, completed
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
  /// The W3C trace context of what caused it, as a `traceparent`.
  package let trace: String?

  package init(
    sequence: Int64, time: Timestamp, kind: Kind, action: Action, container: String, subject: String, before: [UInt8]?, after: [UInt8]?,
    auth: [UInt8]?,
    depth: Int, trace: String? = nil
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
    self.trace = trace
  }
}

/// The log, read from a cursor. Everything that happens after a change reads it.
package protocol EventLog: Sendable {
  /// At most `limit` events after `sequence`, in commit order.
  func events(after sequence: Int64, limit: Int) async throws -> [LogEvent]
  func lastSequence() async throws -> Int64
  /// The changes of one collection's documents after `sequence`, in commit order: of so many events looked at, at most `limit`.
  func portion(of collection: String, after sequence: Int64, limit: Int, then: @escaping @Sendable (Result<LogPortion, any Error>) -> Void)
  /// How large the database is that the log lies in.
  func databaseSize() async throws -> DatabaseSize
  /// Calls `wake` after commits that added events, from the writer's thread: it must only signal.
  func onCommit(_ wake: @escaping @Sendable () -> Void)
  /// Adds an event that somebody emits, and returns its place. Durable when it returns.
  func emit(_ event: NamedEvent, by actor: EventActor, repeatable: Repeatable<Int64>?) async throws -> Int64
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
