import Core

/// Threads of ours for work that blocks on the disk, behind a bounded queue.
final class WorkPool: Sendable {
  private let queue: WorkQueue<@Sendable () -> Void>
  private let ended: Latch

  init(threads: Int, queued: Int, name: String) {
    queue = WorkQueue(itemsMax: queued)
    ended = Latch(count: threads)
    for number in 0..<threads {
      WorkerThread.start(name: "\(name)\(number)") { [queue, ended] in
        while let work = queue.take(most: 1).first { work() }
        ended.countDown()
      }
    }
  }

  /// Runs `work` on one of the threads. Errors: `overloaded`, and what the work throws.
  func run<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      switch queue.push({ continuation.resume(with: Result { try work() }) }) {
      case nil: break
      case .full:
        continuation.resume(throwing: RoostError(.overloaded, "Too many file operations are waiting. Try again in a moment.", retryAfter: .seconds(1)))
      case .closed: continuation.resume(throwing: RoostError(.unavailable, "The server is stopping.", retryAfter: .seconds(5)))
      }
    }
  }

  /// Runs `work` some time, on a thread of the pool if it has room, else here and now.
  func runSometime(_ work: @escaping @Sendable () -> Void) {
    if queue.push(work) != nil { work() }
  }

  func close() async {
    queue.close()
    await ended.wait()
  }
}
