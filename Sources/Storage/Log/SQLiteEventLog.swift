import Core
import Glibc

/// The project's log in SQLite.
final class SQLiteEventLog: EventLog {
  private let writer: Writer
  let readers: ReaderPool
  /// A reader for those who follow the log, so that no query that scans holds up triggers and live queries.
  private let follower: ReaderPool
  /// One reading holds no more than this of events, and at least one: documents may be large.
  static let readBytesMax = 8 << 20
  /// Events that one commit deletes: callers' writes wait for no longer than that takes.
  private static let prunedPerCommit = 1000

  init(writer: Writer, readers: ReaderPool, follower: ReaderPool) {
    self.writer = writer
    self.readers = readers
    self.follower = follower
  }

  func events(after sequence: Int64, limit: Int) async throws -> [LogEvent] {
    try await follower.read { database in
      let statement = try database.statement(
        .text("events"), "SELECT \(LogEvent.columns) FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?")
      defer { statement.reset() }
      try statement.bind([.int(sequence), .int(Int64(limit))])
      var events: [LogEvent] = []
      var bytes = 0
      while bytes < Self.readBytesMax, try statement.step() {
        let event = try LogEvent(row: statement, from: 0)
        bytes += event.byteCount
        events.append(event)
      }
      return events
    }
  }

  func lastSequence() async throws -> Int64 {
    try await follower.read { try $0.first("SELECT max(sequence) FROM events") { $0.int(0) } ?? 0 }
  }

  func databaseSize() async throws -> DatabaseSize {
    try await readers.read { database in
      func number(_ pragma: String) throws -> Int64 { try database.first("PRAGMA " + pragma) { $0.int(0) } ?? 0 }
      let page = try number("page_size")
      let path = try database.first("PRAGMA database_list") { $0.text(2) } ?? ""
      var facts = stat()
      let log = stat(path + "-wal", &facts) == 0 ? Int64(facts.st_size) : 0
      return DatabaseSize(main: try number("page_count") * page, free: try number("freelist_count") * page, log: log)
    }
  }

  func onCommit(_ wake: @escaping @Sendable () -> Void) { writer.onCommit(wake) }

  func emit(_ event: NamedEvent, by actor: EventActor, repeatable: Repeatable<Int64>?) async throws -> Int64 {
    try await writer.write { transaction in
      try transaction.once(repeatable) {
        try transaction.append(
          kind: .event, action: .emitted, container: event.name, subject: event.subject, before: nil, after: event.data, actor: actor, at: transaction.now)
        return transaction.lastSequence
      }
    }
  }

  func prune(through sequence: Int64, before moment: Timestamp) async throws -> Int {
    var pruned = 0
    while true {
      let count = try await writer.write { transaction in
        let database = transaction.database
        // The oldest first, up to one that is still to stay; the newest event stays whatever the caller says.
        try database.run(
          """
          DELETE FROM events WHERE sequence IN (
            SELECT sequence FROM events WHERE sequence <= ?1 AND sequence < (SELECT max(sequence) FROM events) ORDER BY sequence LIMIT ?3
          ) AND time < ?2
          """, .int(sequence), .int(moment.milliseconds), .int(Int64(Self.prunedPerCommit)))
        return database.changedRows
      }
      pruned += count
      if count < Self.prunedPerCommit { return pruned }
    }
  }
}

extension LogEvent {
  /// What `init(row:from:)` reads, in its order.
  static let columns = "sequence, time, kind, action, container, subject, before, after, auth, depth, trace"

  init(row: Statement, from first: Int32) throws {
    guard let kind = Kind(rawValue: row.text(first + 2)), let action = Action(rawValue: row.text(first + 3)) else {
      throw RoostError(.internal, "The log holds an event of an unknown kind.")
    }
    self.init(
      sequence: row.int(first), time: Timestamp(milliseconds: row.int(first + 1)), kind: kind, action: action, container: row.text(first + 4),
      subject: row.text(first + 5), before: row.optionalBytes(first + 6), after: row.optionalBytes(first + 7), auth: row.optionalBytes(first + 8),
      depth: Int(row.int(first + 9)), trace: row.optionalText(first + 10))
  }

  /// The values of `columns`.
  var values: [SQLValue] {
    [
      .int(sequence), .int(time.milliseconds), .text(kind.rawValue), .text(action.rawValue), .text(container), .text(subject), SQLValue(utf8: before),
      SQLValue(utf8: after), SQLValue(utf8: auth), .int(Int64(depth)), SQLValue(trace),
    ]
  }

  var byteCount: Int { 256 + (before?.count ?? 0) + (after?.count ?? 0) + (auth?.count ?? 0) }
}
