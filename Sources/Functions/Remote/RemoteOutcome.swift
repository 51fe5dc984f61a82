import Core

/// How one request to a remote function ended.
enum RemoteOutcome: Sendable {
  /// `value` is JSON: what the function answered, for a caller who waits.
  case succeeded(value: [UInt8]?)
  case failed(Invocation.Status, String, then: RemoteFailureAdvice)
  /// The server stops: it was not the function's fault.
  case cancelled

  static func failed(_ text: String) -> RemoteOutcome { .failed(.failed, text, then: .retry(after: nil)) }
}

/// What is to become of a delivery that failed.
enum RemoteFailureAdvice: Sendable {
  /// As the function's policy says, and not before so much time has passed.
  case retry(after: Duration?)
  /// The other side says that it will never take it.
  case giveUp
}
