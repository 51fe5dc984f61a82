import Core

extension SQLiteFunctionStore {
  func deliveryState(of function: String) async throws -> DeliveryState {
    try await readers.read { database in
      guard let number = try database.functionNumber(function) else { throw RoostError(.functionNotFound, "There is no function '\(function)'.") }
      let cursor = try database.first("SELECT cursor FROM function_cursors WHERE function = ?", .int(number)) { $0.int(0) } ?? 0
      let parked = try database.rows(
        "SELECT attempts, due, born, \(LogEvent.columns) FROM parked_deliveries WHERE function = ? ORDER BY sequence", .int(number)
      ) { row in
        ParkedDelivery(
          event: try LogEvent(row: row, from: 3), attempts: Int(row.int(0)), due: Timestamp(milliseconds: row.int(1)),
          born: row.optionalInt(2).map(Timestamp.init(milliseconds:)))
      }
      return DeliveryState(cursor: cursor, parked: parked, schedules: try database.scheduleMarks(of: number))
    }
  }

  func record(_ changes: DeliveryChanges, of function: String) async throws {
    guard !changes.isEmpty else { return }
    try await writer.write { transaction in
      // Deleted meanwhile, or made anew: nobody asks for its deliveries any more.
      guard let number = try transaction.database.functionNumber(function, created: changes.created) else {
        return try transaction.addUsage(of: changes.invocations)
      }
      try transaction.record(changes, of: number)
    }
  }

  func deadLetters(of function: String, limit: Int, after id: String?) async throws -> [DeadLetter] {
    try await deadLetters(where: "id > ? ORDER BY id LIMIT ?", of: function, .text(id ?? ""), .int(Int64(limit)))
  }

  func deadLetter(_ id: String, of function: String) async throws -> DeadLetter? {
    try await deadLetters(where: "id = ?", of: function, .text(id)).first
  }

  func deleteDeadLetters(of function: String, id: String?) async throws -> Int {
    var deleted = 0
    while true {
      let count = try await writer.write { transaction in
        let database = transaction.database
        guard let number = try database.functionNumber(function) else { return 0 }
        try database.run(
          "DELETE FROM dead_letters WHERE rowid IN (SELECT rowid FROM dead_letters WHERE function = ?1 AND (?2 IS NULL OR id = ?2) LIMIT ?3)", .int(number),
          SQLValue(id), .int(Self.lettersPerCommit))
        return database.changedRows
      }
      deleted += count
      if count < Self.lettersPerCommit { return deleted }
    }
  }

  /// Letters that one commit deletes: callers' writes wait for no longer than that takes.
  private static let lettersPerCommit: Int64 = 200

  private func deadLetters(where condition: String, of function: String, _ values: SQLValue...) async throws -> [DeadLetter] {
    try await readers.read { database in
      try database.rows(
        """
        SELECT id, attempts, error, invocation, created, \(LogEvent.columns) FROM dead_letters
        WHERE function = (SELECT number FROM functions WHERE name = ?) AND \(condition)
        """, [.text(function)] + values
      ) { row in
        DeadLetter(
          id: row.text(0), event: try LogEvent(row: row, from: 5), attempts: Int(row.int(1)), error: row.text(2), invocation: row.optionalText(3),
          created: Timestamp(milliseconds: row.int(4)))
      }
    }
  }
}

extension WriteTransaction {
  fileprivate func record(_ changes: DeliveryChanges, of function: Int64) throws {
    if let cursor = changes.cursor {
      try database.run("UPDATE function_cursors SET cursor = ? WHERE function = ?", .int(cursor), .int(function))
    }
    for sequence in changes.unpark {
      try database.run("DELETE FROM parked_deliveries WHERE function = ? AND sequence = ?", .int(function), .int(sequence))
    }
    for delivery in changes.park {
      try database.run(
        "INSERT OR REPLACE INTO parked_deliveries (function, attempts, due, born, \(LogEvent.columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [.int(function), .int(Int64(delivery.attempts)), .int(delivery.due.milliseconds), .int(delivery.born.milliseconds)] + delivery.event.values)
    }
    for id in changes.removeDeadLetters {
      try database.run("DELETE FROM dead_letters WHERE function = ? AND id = ?", .int(function), .text(id))
    }
    for letter in changes.deadLetters {
      try database.run(
        """
        INSERT OR REPLACE INTO dead_letters (function, id, attempts, error, invocation, created, \(LogEvent.columns))
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        [
          .int(function), .text(letter.id), .int(Int64(letter.attempts)), .text(letter.error), SQLValue(letter.invocation), .int(letter.created.milliseconds),
        ] + letter.event.values)
      try failRun(for: letter, of: function)
    }
    for outcome in changes.runs { try record(outcome, of: function) }
    try record(changes.invocations, changes.logs, of: function)
    for completion in changes.completions {
      try append(
        kind: .function, action: .completed, container: completion.next, subject: completion.subject, before: nil, after: completion.value,
        actor: completion.actor, at: now)
    }
  }
}
