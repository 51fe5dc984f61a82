import Core

/// Where processors are short, whoever writes comes first: deliveries then keep to a share of one processor, until they are late. A plain state
/// machine, told of each turn of the engine.
struct DeliveryPace {
  /// No delivery that is not late starts sooner.
  private(set) var restUntil: ContinuousClock.Instant?
  private var isRush = false
  /// Turns since `since` that found something new in the log, and what the engine's thread had run and waited by then.
  private var news = 0
  private var since: (at: ContinuousClock.Instant, times: ThreadTimes)?

  /// - Parameters:
  ///   - work: what the turn took of a processor.
  ///   - hasNews: whether somebody has written meanwhile.
  ///   - times: asked seldom.
  mutating func turned(at now: ContinuousClock.Instant, work: Duration, hasNews: Bool, times: () -> ThreadTimes?) {
    if hasNews { news += 1 }
    if since.map({ now - $0.at >= FunctionsLimits.rushLook }) ?? true { look(now, times()) }
    guard isRush else {
      restUntil = nil
      return
    }
    restUntil = min(max(restUntil ?? now, now) + work * FunctionsLimits.restPerWork, now + FunctionsLimits.restMax)
  }

  func isResting(at now: ContinuousClock.Instant) -> Bool { restUntil.map { now < $0 } ?? false }

  private mutating func look(_ now: ContinuousClock.Instant, _ times: ThreadTimes?) {
    defer {
      since = times.map { (now, $0) }
      news = 0
    }
    guard let since, let times, now - since.at < FunctionsLimits.rushLook * 4 else { return isRush = false }
    let ran = times.ran - since.times.ran
    let waited = times.waited - since.times.waited
    isRush = news >= FunctionsLimits.rushNewsMin && waited > (ran + waited) * FunctionsLimits.rushWaitFraction
  }
}
