import Core

/// What a write job works with: the writer's connection inside the running transaction. Only valid in the job.
final class WriteTransaction {
  let database: Database
  private let clock: any WallClock
  private var identifiers = IdentifierGenerator(random: BufferedRandom())
  /// The newest event's place in the log, those of this transaction included.
  private(set) var lastSequence: Int64 = 0
  /// Set by the first change, so that a job that failed before it changed anything needs no undoing.
  var hasChanges = false
  /// How many invocation records each function has, once they were counted.
  var invocationsKept: [Int64: Int] = [:]
  /// Runs that are over since the old ones were last removed, and how many new ones of each function there is room for before they are counted again.
  var runsUnpruned: [Int64: Int] = [:]
  var runsUncounted: [Int64: Int] = [:]
  /// How long documents live in each collection that says so; nil until it is read.
  var lifetimes: [Int64: CollectionLifetime]?
  /// Set by a change of it that may yet be undone: until the next transaction it is read anew each time.
  var lifetimesChanged = false
  var textIndexes = KnownTextIndexes()
  /// The project's before triggers, as they are for this transaction; nil where there are none.
  var beforeHooks: [String: [BeforeHook]]?
  /// The job's attempt at passing them.
  var round: BeforeRound?

  init(database: Database, clock: any WallClock) {
    self.database = database
    self.clock = clock
  }

  var now: Timestamp { clock.now() }

  func makeID(at now: Timestamp) -> String { identifiers.next(at: now) }

  // MARK: The writer's own steps

  /// Begins with the write lock. The log's end is read anew, since another process may have written to the folder.
  func begin() throws {
    try database.run("BEGIN IMMEDIATE")
    lifetimesChanged = false
    let sql = "SELECT (SELECT max(sequence) FROM events), (SELECT value FROM meta WHERE name = 'text_index_changes')"
    let (sequence, changes) = try database.first(sql) { ($0.int(0), $0.int(1)) } ?? (0, 0)
    lastSequence = sequence
    textIndexes.begin(changes: changes)
  }

  func commit() throws { try database.run("COMMIT") }

  func rollback() {
    guard database.isInTransaction else { return }
    // A ROLLBACK fails only where there is nothing left to undo.
    try? database.run("ROLLBACK")
  }

  /// Runs one job so that it leaves nothing behind if it throws.
  func run(_ job: any WriteJob) throws {
    let sequence = lastSequence
    hasChanges = false
    round = beforeHooks.map { BeforeRound(job, hooks: $0) }
    if job.isSingleChange, round == nil || !job.collectsProposals {
      do {
        try job.run(in: self)
      } catch {
        if hasChanges { throw HalfDone(cause: error) }
        lastSequence = sequence
        throw error
      }
      return
    }
    try database.run("SAVEPOINT job")
    do {
      try job.run(in: self)
      try database.run("RELEASE job")
    } catch {
      lastSequence = sequence
      guard database.isInTransaction else { throw HalfDone(cause: error) }
      do {
        try database.run("ROLLBACK TO job")
        try database.run("RELEASE job")
      } catch {
        throw HalfDone(cause: error)
      }
      throw error
    }
  }

  /// Work that may fail on its own inside a job.
  func undoing<Value>(_ work: () throws -> Value) throws -> Value {
    let sequence = lastSequence
    try database.run("SAVEPOINT step")
    do {
      let value = try work()
      try database.run("RELEASE step")
      return value
    } catch {
      lastSequence = sequence
      if database.isInTransaction {
        try database.run("ROLLBACK TO step")
        try database.run("RELEASE step")
      }
      throw error
    }
  }

  /// A job failed and could not be undone alone: the whole transaction must go.
  struct HalfDone: Error {
    let cause: any Error
  }

  // MARK: The log

  /// Appends an event to the log, in this transaction.
  func append(
    kind: LogEvent.Kind, action: LogEvent.Action, container: String, subject: String, before: [UInt8]?, after: [UInt8]?, actor: EventActor, at now: Timestamp
  ) throws {
    let sequence = lastSequence + 1
    let statement = try database.statement(
      .text("append event"),
      """
      INSERT INTO events (sequence, time, kind, action, container, subject, before, after, auth, depth, trace)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """)
    defer { statement.reset() }
    try statement.bind(sequence, at: 1)
    try statement.bind(now.milliseconds, at: 2)
    try statement.bind(kind.rawValue, at: 3)
    try statement.bind(action.rawValue, at: 4)
    try statement.bind(container, at: 5)
    try statement.bind(subject, at: 6)
    try statement.bind(Int64(actor.depth), at: 10)
    try statement.bind(SQLValue(utf8: actor.auth), at: 9)
    try statement.bind(SQLValue(actor.trace), at: 11)
    try Self.withBytes(before) { before in
      try Self.withBytes(after) { after in
        if let before { try statement.bindUncopied(before, at: 7) } else { try statement.bind(.null, at: 7) }
        if let after { try statement.bindUncopied(after, at: 8) } else { try statement.bind(.null, at: 8) }
        _ = try statement.step()
        statement.reset()
      }
    }
    lastSequence = sequence
  }

  private static func withBytes(_ bytes: [UInt8]?, _ body: (UnsafeBufferPointer<UInt8>?) throws -> Void) rethrows {
    if let bytes { try bytes.withUnsafeBufferPointer { try body($0) } } else { try body(nil) }
  }
}
