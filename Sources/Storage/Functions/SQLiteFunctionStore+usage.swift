import Core

extension SQLiteFunctionStore {
  func usage(_ query: UsageQuery) async throws -> [UsageEntry] {
    let key =
      switch query.group {
      case .function: "function"
      case .day: "day"
      case .project: "''"
      }
    let after: SQLValue =
      switch query.group {
      case .function: query.after.map { .text($0) } ?? .null
      case .day: query.after.flatMap(UsageDay.init(text:)).map { .int($0.number) } ?? .null
      case .project: .null
      }
    return try await readers.read { database in
      try database.rows(
        """
        SELECT \(key), sum(succeeded), sum(failed), sum(timeout), sum(crashed), sum(memory_limit), sum(cold_starts), sum(queue_us), sum(duration_us),
          sum(cpu_us), sum(mb_us), max(memory_peak), sum(suspended)
        FROM usage WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR function = ?3) AND (?4 IS NULL OR \(key) > ?4)
        GROUP BY 1 ORDER BY 1 LIMIT ?5
        """, .int(query.from.number), .int(query.to.number), SQLValue(query.function), after, .int(Int64(query.limit))
      ) { row in
        var sum = UsageSum()
        sum.succeeded = row.int(1)
        sum.failed = row.int(2)
        sum.timeout = row.int(3)
        sum.crashed = row.int(4)
        sum.memoryLimit = row.int(5)
        sum.coldStarts = row.int(6)
        sum.queueMicroseconds = row.int(7)
        sum.durationMicroseconds = row.int(8)
        sum.cpuMicroseconds = row.int(9)
        sum.megabyteMicroseconds = row.int(10)
        sum.memoryBytesPeak = row.int(11)
        sum.suspended = row.int(12)
        return UsageEntry(key: query.group == .day ? UsageDay(number: row.int(0)).text : row.text(0), sum: sum)
      }
    }
  }
}

extension WriteTransaction {
  /// Adds to the sums of their days, in the commit of their records.
  func addUsage(of invocations: [Invocation]) throws {
    struct Key: Hashable {
      let day: UsageDay
      let function: String
    }
    var sums: [Key: UsageSum] = [:]
    for invocation in invocations {
      sums[Key(day: UsageDay(invocation.started), function: invocation.function), default: UsageSum()].add(UsageSum(invocation))
    }
    for (key, sum) in sums {
      try database.run(
        """
        INSERT INTO usage (day, function, succeeded, failed, timeout, crashed, memory_limit, cold_starts, queue_us, duration_us, cpu_us, mb_us, memory_peak,
          suspended)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (day, function) DO UPDATE SET succeeded = succeeded + excluded.succeeded, failed = failed + excluded.failed,
          timeout = timeout + excluded.timeout, crashed = crashed + excluded.crashed, memory_limit = memory_limit + excluded.memory_limit,
          cold_starts = cold_starts + excluded.cold_starts, queue_us = queue_us + excluded.queue_us, duration_us = duration_us + excluded.duration_us,
          cpu_us = cpu_us + excluded.cpu_us, mb_us = mb_us + excluded.mb_us, memory_peak = max(memory_peak, excluded.memory_peak), suspended = suspended + excluded.suspended
        """,
        [.int(key.day.number), .text(key.function)]
          + [
            sum.succeeded, sum.failed, sum.timeout, sum.crashed, sum.memoryLimit, sum.coldStarts, sum.queueMicroseconds, sum.durationMicroseconds,
            sum.cpuMicroseconds, sum.megabyteMicroseconds, sum.memoryBytesPeak, sum.suspended,
          ].map { SQLValue.int($0) })
    }
  }
}
