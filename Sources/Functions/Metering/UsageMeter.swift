import Core
import Synchronization

/// The project's budget of today, as the engine and who loads it share it. Without limits it keeps nothing.
final class UsageMeter: Sendable {
  private let limits: UsageLimits
  private let budget = Mutex<DayBudget?>(nil)

  init(_ limits: UsageLimits) {
    self.limits = limits
  }

  /// Reads what was used today; once, before anything runs.
  func prime(_ functions: any FunctionStore, at now: Timestamp) async throws {
    guard !limits.isEmpty, budget.withLock({ $0 == nil }) else { return }
    let today = UsageDay(now)
    let used = try await functions.usage(UsageQuery(group: .project, from: today, to: today, function: nil, limit: 1, after: nil))
    let limits = limits
    budget.withLock { $0 = $0 ?? DayBudget(limits: limits, used: used.first?.sum ?? UsageSum(), at: now) }
  }

  /// Nil if an invocation may start; else when the next may.
  func waits(at now: Timestamp) -> Timestamp? {
    guard !limits.isEmpty else { return nil }
    return budget.withLock { budget in budget?.exhausted(at: now) == nil ? nil : budget?.renewed }
  }

  /// Nil if a call may be made; else the error to answer it with.
  func refusal(at now: Timestamp) -> RoostError? {
    guard !limits.isEmpty else { return nil }
    return budget.withLock { budget in
      guard let exhausted = budget?.exhausted(at: now), let renewed = budget?.renewed else { return nil }
      return RoostError(
        .tooManyRequests, "This project's functions have used up \(exhausted) that they have for today. They run again from \(renewed.text) on.",
        retryAfter: renewed - now)
    }
  }

  func started(at now: Timestamp) { change { $0.started(at: now) } }
  func handedBack(at now: Timestamp) { change { $0.handedBack(at: now) } }
  func ended(_ invocation: Invocation, at now: Timestamp) { change { $0.ended(invocation, at: now) } }

  private func change(_ body: (inout DayBudget) -> Void) {
    guard !limits.isEmpty else { return }
    budget.withLock { budget in
      guard var today = budget else { return }
      body(&today)
      budget = today
    }
  }
}
