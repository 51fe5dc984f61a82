import Core

/// A direct invocation and who waits for it.
struct DirectCall: Sendable {
  let invocation: DirectInvocation
  /// The version that takes it.
  let version: Int64
  let answer: DirectReply
  /// Until when it may wait for a worker.
  let giveUp: ContinuousClock.Instant
  /// When it was asked for.
  let since: Timestamp
}
