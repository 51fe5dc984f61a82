import Core

/// One request to a remote function, as the engine hands it to the async world.
struct RemoteCall: Sendable {
  /// What the request is for.
  enum Purpose: Sendable {
    /// Events of the log, or an invocation by hand.
    case events
    /// A call over HTTP, whose caller gets the answer.
    case call
  }

  let id: UInt64
  let generation: UInt64
  let definition: FunctionDefinition
  let remote: RemoteEndpoint
  let secrets: [String: String]
  let purpose: Purpose
  /// Validated JSON; several only in a batch.
  let events: [[UInt8]]
  /// The same at each attempt.
  let messageID: String
  let attempt: Int
  let wantsValue: Bool
  /// W3C's `traceparent`, of the first event.
  let trace: String?
  let timeout: Duration
}
