import Core

extension DeliveryMachine {
  /// What waits for its time does so by the clock on the wall, because it also waits over restarts. When that clock is set back, the waits stay
  /// as long as they were meant to be.
  mutating func follow(clock now: Timestamp) {
    defer { latest = now }
    guard let latest else {
      // Parked before the start, perhaps by a clock that was wrong: nothing waits longer than this.
      let longest = max(FunctionsLimits.backoffMax, FunctionsLimits.retryAfterMax, policy.backoff)
      return changeDues { $0 > now + longest ? now : $0 }
    }
    guard latest > now + FunctionsLimits.clockStepMin else { return }
    let back = now - latest
    changeDues { $0 + back }
  }
}
