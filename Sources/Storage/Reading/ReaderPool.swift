import CSQLite
import Core
import Synchronization

/// Threads with connections of their own for readings that may take long, so that no event loop ever waits for one. Each reading
/// has a deadline.
final class ReaderPool: Sendable {
  typealias Reading = @Sendable (Result<Scanner, any Error>) -> Void

  private let queue = WorkQueue<Reading>(itemsMax: Limits.readerQueueMax)
  private let ended: Latch
  private let deadline: Duration

  init(threads: Int, deadline: Duration = Limits.scanDeadline) {
    self.deadline = deadline
    ended = Latch(count: threads)
  }

  func start(_ databases: [Handover], name: String) {
    for (number, handover) in databases.enumerated() {
      WorkerThread.start(name: "reader\(number)-" + name) { [self] in
        let scanner = Scanner(handover.database)
        while let reading = queue.take(most: 1).first {
          scanner.begin(deadline)
          reading(.success(scanner))
          scanner.end()
        }
        ended.countDown()
      }
    }
  }

  func submit(_ reading: @escaping Reading) {
    switch queue.push(reading) {
    case nil: break
    case .full: reading(.failure(RoostError(.overloaded, "Too many queries are waiting. Try again in a moment.", retryAfter: .seconds(1))))
    case .closed: reading(.failure(RoostError(.unavailable, "The server is stopping.", retryAfter: .seconds(5))))
    }
  }

  /// Runs `work` with a connection of the pool. Errors: `overloaded`, `query_too_slow`.
  func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      submit { scanner in
        continuation.resume(with: Result { try work(try scanner.get().database) }.mapError(storageError))
      }
    }
  }

  func close() async {
    queue.close()
    await ended.wait()
  }
}
