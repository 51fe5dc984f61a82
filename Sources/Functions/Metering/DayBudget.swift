import Core

/// What a project's functions may still use today. A plain state machine: told what starts and ends, it says whether more may start. Days are UTC's.
struct DayBudget {
  let limits: UsageLimits
  private var day: UsageDay
  private var invocations: Int64
  private var megabyteMicroseconds: Int64

  /// From the end of the next day on nobody reads the clock as slightly wrong.
  private static let clockErrorMax = Duration.seconds(2 * 86_400)

  /// - Parameter used: what today's records say; what runs at this moment is in no record.
  init(limits: UsageLimits, used: UsageSum, at now: Timestamp) {
    self.limits = limits
    day = UsageDay(now)
    invocations = used.invocations
    megabyteMicroseconds = used.megabyteMicroseconds
  }

  /// Nil if an invocation may start; else what is used up.
  mutating func exhausted(at now: Timestamp) -> String? {
    turn(now)
    if let most = limits.invocationsPerDay, invocations >= most { return "the \(most) invocations" }
    if let most = limits.gigabyteSecondsPerDay, megabyteMicroseconds >= most * 1_024_000_000 { return "the \(most) GB-seconds" }
    return nil
  }

  /// Counted when it starts, so that no more start than may.
  mutating func started(at now: Timestamp) {
    turn(now)
    invocations += 1
  }

  /// It started and could not be tried: it starts again.
  mutating func handedBack(at now: Timestamp) {
    turn(now)
    invocations = max(0, invocations - 1)
  }

  /// What it used is known now. What began yesterday is yesterday's.
  mutating func ended(_ invocation: Invocation, at now: Timestamp) {
    turn(now)
    guard UsageDay(invocation.started) >= day else { return }
    megabyteMicroseconds += UsageSum(invocation).megabyteMicroseconds
  }

  /// When there is something to use again.
  var renewed: Timestamp { day.end }

  private mutating func turn(_ now: Timestamp) {
    // A clock that is set back gives nothing twice; one that was wrong by more than a day, and has been put right, does not hold today up.
    if day.end > now + Self.clockErrorMax {
      day = UsageDay(now)
      return
    }
    guard UsageDay(now) > day else { return }
    day = UsageDay(now)
    invocations = 0
    megabyteMicroseconds = 0
  }
}
