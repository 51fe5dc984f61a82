import Core
import Synchronization

/// The one thread that writes to a project's database, with group commit: everything that is queued becomes one transaction, so
/// that one flush to the disk serves many callers. Nobody is answered before the commit has returned.
final class Writer: Sendable {
  private let queue = WorkQueue<any WriteJob>(itemsMax: Limits.writerQueueMax)
  private let commitCount = Atomic<UInt64>(0)
  private let wakers = Mutex<[@Sendable () -> Void]>([])
  private let ended = Latch(count: 1)
  let before: BeforeTriggers

  init(before: BeforeTriggers) {
    self.before = before
  }

  /// Commits so far: a reader whose snapshot is older than this has to renew it.
  var commits: UInt64 { commitCount.load(ordering: .acquiring) }

  /// Takes the connection over to a thread of its own.
  func start(_ database: sending Database, clock: any WallClock, name: String) {
    let handover = Handover(database)
    WorkerThread.start(name: "writer-" + name) { [self] in
      let transaction = WriteTransaction(database: handover.database, clock: clock)
      var last = 0
      while true {
        let jobs = queue.take { waiting in Self.share(waiting: waiting, last: last) }
        if jobs.isEmpty { break }
        last = jobs.count
        for commit in Self.commits(of: jobs) { self.commit(commit, in: transaction) }
      }
      // What remains in the write-ahead log goes into the database, so that the folder can be copied as it lies.
      try? transaction.database.run("PRAGMA wal_checkpoint(TRUNCATE)")
      ended.countDown()
    }
  }

  /// How many jobs one commit takes. Those who were answered by the last commit are about to send their next: half of all that is under
  /// way is written while the event loops answer and read the other half. Taking everything would let loop and writer wait for each other.
  private static func share(waiting: Int, last: Int) -> Int {
    min(Limits.writesPerCommitMax, max(smallestShare, (waiting + last + 1) / 2))
  }

  /// Fewer are not worth a flush to the disk of their own.
  private static let smallestShare = 16

  func submit(_ job: any WriteJob) {
    switch queue.push(job) {
    case nil: break
    case .full: job.finish(RoostError(.overloaded, "Too many writes are waiting. Try again in a moment.", retryAfter: .seconds(1)))
    case .closed: job.finish(RoostError(.unavailable, "The server is stopping.", retryAfter: .seconds(5)))
    }
  }

  /// A job of the server's own, of which one at a time waits: it is not refused when the queue is full.
  func submitOwn(_ job: any WriteJob) {
    if queue.push(job, isBounded: false) != nil { job.finish(RoostError(.unavailable, "The server is stopping.")) }
  }

  /// Runs `work` inside a commit and answers after it.
  func write<Value: Sendable>(_ work: @escaping @Sendable (WriteTransaction) throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      submit(WorkJob(work) { continuation.resume(with: $0) })
    }
  }

  /// `wake` runs on the writer's thread after each commit that added events.
  func onCommit(_ wake: @escaping @Sendable () -> Void) {
    wakers.withLock { $0.append(wake) }
  }

  /// Finishes what is queued and ends the thread.
  func close() async {
    queue.close()
    await ended.wait()
  }

  // MARK: On the writer's thread

  /// A job may be many writes: so that the first caller does not wait for all of them, a commit takes jobs until it has enough.
  private static func commits(of jobs: [any WriteJob]) -> [ArraySlice<any WriteJob>] {
    var commits: [ArraySlice<any WriteJob>] = []
    var start = 0
    var writes = 0
    for (position, job) in jobs.enumerated() {
      writes += job.writes
      if writes >= Limits.writesPerCommitMax {
        commits.append(jobs[start...position])
        (start, writes) = (position + 1, 0)
      }
    }
    if start < jobs.count { commits.append(jobs[start...]) }
    return commits
  }

  private func commit(_ jobs: ArraySlice<any WriteJob>, in transaction: WriteTransaction) {
    var failures: [(any Error)?] = []
    failures.reserveCapacity(jobs.count)
    do {
      transaction.beforeHooks = before.hooks
      try transaction.begin()
      let before = transaction.lastSequence
      for job in jobs {
        do {
          try transaction.run(job)
          failures.append(nil)
        } catch let error as WriteTransaction.HalfDone {
          throw error.cause
        } catch {
          // SQLite itself undoes the transaction when the disk fails: then nothing of this batch stands.
          guard transaction.database.isInTransaction else { throw error }
          failures.append(error)
        }
      }
      try transaction.commit()
      commitCount.add(1, ordering: .releasing)
      if transaction.lastSequence > before {
        for wake in wakers.withLock({ $0 }) { wake() }
      }
    } catch {
      transaction.rollback()
      failures = Array(repeating: error, count: jobs.count)
    }
    for (job, failure) in zip(jobs, failures) {
      if let failure, let open = failure as? BeforeOpen { review(job, open) } else { job.finish(failure) }
    }
  }
}
