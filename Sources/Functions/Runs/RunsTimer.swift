import Core

/// When the store is to be asked about suspended runs, as a plain state machine: one question at a time, as soon as a run is due, when an event may
/// have come that one waits for, and when a run was suspended that the timer does not know of.
struct RunsTimer {
  private var agenda = RunsAgenda()
  /// Something was suspended, resumed or cancelled since the agenda was read.
  private var isOutdated = true
  /// The log has grown since it was read.
  private var hasNews = true
  private(set) var isAsking = false
  private var pausedUntil: Timestamp?

  mutating func runsChanged() { isOutdated = true }

  mutating func logChanged() { hasNews = true }

  /// Whether to ask now. Whoever asks tells the answer.
  mutating func ask(at now: Timestamp) -> Bool {
    guard !isAsking, pausedUntil.map({ $0 <= now }) ?? true else { return false }
    guard isOutdated || agenda.nextWake.map({ $0 <= now }) ?? false || hasNews && agenda.matchAfter != nil else { return false }
    isAsking = true
    isOutdated = false
    hasNews = false
    pausedUntil = nil
    return true
  }

  /// `isAtEnd`: the log was matched to its end, as it was.
  mutating func answered(_ agenda: RunsAgenda, isAtEnd: Bool) {
    isAsking = false
    self.agenda = agenda
    if !isAtEnd { hasNews = true }
  }

  /// The store refused.
  mutating func failed(at now: Timestamp) {
    isAsking = false
    isOutdated = true
    hasNews = true
    pausedUntil = now + FunctionsLimits.storeRetry
  }

  /// When to look at the clock again.
  var next: Timestamp? { isAsking ? nil : pausedUntil ?? agenda.nextWake }

  /// The log is needed from there on.
  var matchAfter: Int64? { agenda.matchAfter }
}
