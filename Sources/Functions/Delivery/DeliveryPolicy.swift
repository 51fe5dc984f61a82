import Core

/// How a function wants its events delivered.
struct DeliveryPolicy: Sendable {
  let concurrency: Int
  let attemptsMax: Int
  let backoff: Duration
  /// How old an event may be when it is tried again.
  let ageMax: Duration?
  /// Whether what the function returns is wanted.
  let wantsValue: Bool

  init(concurrency: Int, attemptsMax: Int, backoff: Duration, ageMax: Duration? = nil, wantsValue: Bool = false) {
    self.concurrency = concurrency
    self.attemptsMax = attemptsMax
    self.backoff = backoff
    self.ageMax = ageMax
    self.wantsValue = wantsValue
  }

  init(_ definition: FunctionDefinition) {
    // A batch is one request and many deliveries.
    self.init(
      concurrency: definition.concurrency * (definition.remote?.batchSize ?? 1), attemptsMax: definition.attemptsMax, backoff: definition.backoff,
      ageMax: definition.retryAgeMax, wantsValue: !definition.then.isEmpty)
  }

  /// Exponential backoff with full jitter: anything between nothing and `backoff` doubled for each failed attempt.
  func delay(afterAttempts attempts: Int, using chance: inout some RandomNumberGenerator) -> Duration {
    let first = max(backoff.milliseconds, 1)
    let most = max(FunctionsLimits.backoffMax.milliseconds, first)
    let doublings = min(max(attempts - 1, 0), 40)
    let (grown, overflow) = first.multipliedReportingOverflow(by: 1 << Int64(doublings))
    return .milliseconds(Int64.random(in: 0...(overflow ? most : min(grown, most)), using: &chance))
  }
}

/// One try at delivering one event.
struct Delivery: Sendable {
  let event: LogEvent
  /// 1 for the first.
  let attempt: Int
  /// Since when it could have been started, as far as that is known.
  var since: Timestamp?
  var wantsValue = false
}
