import Core

extension SQLiteEventLog {
  func portion(of collection: String, after sequence: Int64, limit: Int, then: @escaping @Sendable (Result<LogPortion, any Error>) -> Void) {
    readers.submit { scanner in
      then(
        Result { try scanner.get().snapshot { try Self.portion(of: collection, after: sequence, limit: limit, on: $0.database) } }.mapError(storageError))
    }
  }

  private static func portion(of collection: String, after sequence: Int64, limit: Int, on database: Database) throws -> LogPortion {
    let (first, last) = try database.first("SELECT (SELECT min(sequence) FROM events), (SELECT max(sequence) FROM events)") { ($0.int(0), $0.int(1)) } ?? (0, 0)
    guard sequence >= first - 1, sequence <= last else { return LogPortion(changes: [], through: sequence, last: last, isBroken: true) }
    let end = last - sequence > Int64(Limits.eventsScannedMax) ? sequence + Int64(Limits.eventsScannedMax) : last
    // Events of others are passed over by their first columns; their documents are not read.
    let statement = try database.statement(
      .text("events of collection"),
      """
      SELECT \(LogEvent.columns) FROM events WHERE sequence > ? AND sequence <= ? AND container = ? AND kind = 'document'
      ORDER BY sequence LIMIT ?
      """)
    defer { statement.reset() }
    try statement.bind([.int(sequence), .int(end), .text(collection), .int(Int64(limit))])
    var changes: [LoggedChange] = []
    var bytes = 0
    while bytes < readBytesMax, try statement.step() {
      let event = try LogEvent(row: statement, from: 0)
      bytes += event.byteCount
      if let change = LoggedChange(event) { changes.append(change) }
    }
    let isCut = changes.count == limit || bytes >= readBytesMax
    return LogPortion(changes: changes, through: isCut ? changes.last?.sequence ?? end : end, last: last, isBroken: false)
  }
}
