import Core

extension SQLiteFunctionStore {
  /// Lines that one page looks at: some ten milliseconds.
  private static let linesLookedAt: Int64 = 20_000
  private static let lineColumns = "id, invocation, time, level, message"

  func logs(of function: String, _ filter: LogFilter, limit: Int, before id: String?) async throws -> (lines: [InvocationLog], next: String?) {
    try await readers.read { database in
      guard let number = try database.functionNumber(function) else { return ([], nil) }
      let end = [id, filter.until?.firstID].compactMap { $0 }.min()
      // With an index those of one run, at most a thousand; else the newest ones, up to a bound.
      let bound =
        filter.invocation != nil
        ? nil
        : try database.first(
          "SELECT id FROM invocation_logs WHERE function = ?1 AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT 1 OFFSET ?3", .int(number), SQLValue(end),
          .int(Self.linesLookedAt)
        ) { $0.text(0) }
      let start = [bound, filter.from?.firstID].compactMap { $0 }.max()
      var conditions = ["function = ?1", "(?2 IS NULL OR id < ?2)", "(?3 IS NULL OR id >= ?3)", "(?4 IS NULL OR instr(lower(message), lower(?4)) > 0)"]
      var values: [SQLValue] = [.int(number), SQLValue(end), SQLValue(start), SQLValue(filter.text), .int(Int64(limit) + 1)]
      if let invocation = filter.invocation {
        conditions.append("invocation = ?6")
        values.append(.text(invocation))
      }
      if !filter.levels.isEmpty {
        conditions.append("level IN (\(filter.levels.indices.map { "?\($0 + values.count + 1)" }.joined(separator: ", ")))")
        values += filter.levels.map(SQLValue.text)
      }
      let lines = try database.rows(
        "SELECT \(Self.lineColumns) FROM invocation_logs WHERE \(conditions.joined(separator: " AND ")) ORDER BY id DESC LIMIT ?5", values, row: Self.line)
      if lines.count > limit { return (Array(lines.prefix(limit)), lines[limit - 1].id) }
      let isEnd = bound.map { bound in filter.from.map { $0.firstID >= bound } ?? false } ?? true
      return (lines, isEnd ? nil : bound)
    }
  }

  func logs(of function: String, after id: String, limit: Int) async throws -> [InvocationLog] {
    try await readers.read { database in
      try database.rows(
        """
        SELECT \(Self.lineColumns) FROM invocation_logs WHERE function = (SELECT number FROM functions WHERE name = ?) AND id > ? ORDER BY id LIMIT ?
        """, [.text(function), .text(id), .int(Int64(limit))], row: Self.line)
    }
  }

  private static func line(_ row: Statement) -> InvocationLog {
    InvocationLog(id: row.text(0), invocation: row.text(1), time: Timestamp(milliseconds: row.int(2)), level: row.text(3), message: row.text(4))
  }
}
