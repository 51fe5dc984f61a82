import Core

extension SQLiteFunctionStore {
  func tick(_ schedule: ScheduleTrigger, of function: String, due: Timestamp, expecting mark: Timestamp) async throws -> ScheduleMark {
    try await writer.write { transaction in
      let database = transaction.database
      // Deleted meanwhile: nobody asks any more.
      guard let number = try database.functionNumber(function) else { return ScheduleMark(mark: due, sequence: 0) }
      if let known = try database.scheduleMarks(of: number)[schedule.key], known.mark != mark { return known }
      try transaction.append(
        kind: .schedule, action: .due, container: function, subject: schedule.key, before: nil, after: schedule.data(due: due), actor: .schedule,
        at: transaction.now)
      try database.run(
        "INSERT OR REPLACE INTO schedules (function, schedule, mark, sequence) VALUES (?, ?, ?, ?)", .int(number), .text(schedule.key),
        .int(due.milliseconds), .int(transaction.lastSequence))
      return ScheduleMark(mark: due, sequence: transaction.lastSequence)
    }
  }
}

extension WriteTransaction {
  /// A version is deployed: its new schedules begin now, those that it shares with the last one go on.
  func keepSchedules(_ definition: FunctionDefinition, of function: Int64, at now: Timestamp) throws {
    let keys = Set(definition.schedules.map(\.key))
    let known = try database.scheduleMarks(of: function)
    for key in known.keys where !keys.contains(key) {
      try database.run("DELETE FROM schedules WHERE function = ? AND schedule = ?", .int(function), .text(key))
    }
    for key in keys where known[key] == nil {
      try database.run(
        "INSERT INTO schedules (function, schedule, mark, sequence) VALUES (?, ?, ?, 0)", .int(function), .text(key), .int(now.milliseconds))
    }
  }
}

extension Database {
  func scheduleMarks(of function: Int64) throws -> [String: ScheduleMark] {
    let rows = try rows("SELECT schedule, mark, sequence FROM schedules WHERE function = ?", .int(function)) { row in
      (row.text(0), ScheduleMark(mark: Timestamp(milliseconds: row.int(1)), sequence: row.int(2)))
    }
    return Dictionary(uniqueKeysWithValues: rows)
  }
}
