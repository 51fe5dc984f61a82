/// Where deadlines and durations come from: a clock that nobody sets. Tests move it by hand.
protocol SteadyClock: Sendable {
  func now() -> ContinuousClock.Instant
}

struct MachineSteadyClock: SteadyClock {
  func now() -> ContinuousClock.Instant { ContinuousClock.now }
}
