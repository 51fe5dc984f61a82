import Glibc
import Synchronization

/// Argon2id off the event loops: two threads and a bounded queue, so that a flood of logins costs a bounded share of
/// the machine and is told to come back, instead of stopping everything.
package final class PasswordPool: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var isClosed = false
  }

  /// One thread waits here for work: a semaphore of Glibc's, because the standard library has no condition variable.
  /// `@unchecked` because the pointer is set once and sem_t is made for sharing.
  private struct Signal: @unchecked Sendable {
    let semaphore: UnsafeMutablePointer<sem_t>
  }

  private let state = Mutex(State())
  private let signal: Signal

  package init(threads: Int = 2) {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    signal = Signal(semaphore: semaphore)
    for index in 0..<threads {
      WorkerThread.start(name: "password-\(index)") { [self] in work() }
    }
  }

  package func hash(_ password: String) async throws -> String {
    try await run { try PasswordHash.make(password) }
  }

  /// `hash` nil stands for an account that does not exist: as slow, and false.
  package func verify(_ password: String, against hash: String?) async throws -> Bool {
    try await run { PasswordHash.verify(password, against: hash ?? PasswordHash.ofNobody) && hash != nil }
  }

  private func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      let accepted = state.withLock { state in
        guard state.jobs.count < Limits.hashingQueueMax, !state.isClosed else { return false }
        state.jobs.append { continuation.resume(with: Result { try work() }) }
        return true
      }
      if accepted {
        sem_post(signal.semaphore)
      } else {
        continuation.resume(
          throwing: RoostError(.overloaded, "Too many people are signing in right now. Try again in a moment.", retryAfter: .seconds(3)))
      }
    }
  }

  private func work() {
    while true {
      while sem_wait(signal.semaphore) != 0 {}
      let job = state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
      job?()
    }
  }
}
