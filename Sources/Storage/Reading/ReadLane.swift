import Core
import Glibc
import Synchronization

/// Runs `release` on the given lane's event loop once it has done everything that is ready now.
package typealias EndOfTick = @Sendable (_ lane: Int, _ release: @escaping @Sendable () -> Void) -> Void

/// An event loop's own read connection. All reads of one tick of the loop share one snapshot, which saves taking and giving back
/// SQLite's read lock for each; a commit in between renews it, so that everybody reads what they wrote.
///
/// `@unchecked` because only one thread uses what is not atomic: the first that comes. Others are turned away and go to the pool.
final class ReadLane: @unchecked Sendable {
  private let number: Int
  private let scanner: Scanner
  private let writer: Writer
  private let endOfTick: EndOfTick?
  private let owner = Atomic<UInt>(0)
  private var hasSnapshot = false
  private var snapshotCommits: UInt64 = 0
  private var releaseIsComing = false

  init(number: Int, database: sending Database, writer: Writer, endOfTick: EndOfTick?) {
    self.number = number
    scanner = Scanner(database)
    self.writer = writer
    self.endOfTick = endOfTick
  }

  /// Whether the calling thread is this lane's.
  @inline(__always)
  var isMine: Bool {
    let caller = UInt(pthread_self())
    let known = owner.load(ordering: .relaxed)
    if known == caller { return true }
    return known == 0 && owner.compareExchange(expected: 0, desired: caller, ordering: .relaxed).exchanged
  }

  /// Reads with this tick's snapshot. Call on the lane's own thread only.
  @inline(__always)
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try refreshSnapshot()
    return try body(scanner.database)
  }

  /// The same for what should take some microseconds but might, over unusual data, take longer: it is stopped then as `query_too_slow`,
  /// so that the loop's other callers do not wait.
  func readBriefly<Value>(_ body: (Scanner) throws -> Value) throws -> Value {
    try refreshSnapshot()
    scanner.begin(Self.pageTimeMax)
    defer { scanner.end() }
    return try body(scanner)
  }

  private static let pageTimeMax = Duration.milliseconds(10)

  @inline(__always)
  private func refreshSnapshot() throws {
    guard endOfTick != nil else { return }
    // Read before the snapshot is taken: a commit in between makes us renew once too often, never too seldom.
    let commits = writer.commits
    if hasSnapshot {
      if commits == snapshotCommits { return }
      release()
    }
    try scanner.database.run("BEGIN")
    hasSnapshot = true
    snapshotCommits = commits
    if !releaseIsComing {
      releaseIsComing = true
      endOfTick?(number) { [self] in
        releaseIsComing = false
        release()
      }
    }
  }

  private func release() {
    guard hasSnapshot else { return }
    hasSnapshot = false
    // Ends a reading transaction: there is nothing to lose and nothing that could fail.
    try? scanner.database.run("COMMIT")
  }
}
