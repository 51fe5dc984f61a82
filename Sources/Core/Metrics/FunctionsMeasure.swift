/// What the Functions room has counted since its start, and how it stands now.
package struct FunctionsMeasure: Sendable {
  package struct Function: Sendable {
    package let name: String
    package var runs = FunctionCounters()
    package var running = 0
    /// Deliveries that wait for a worker, or behind others of their subject.
    package var waiting = 0
    /// Deliveries that wait for their next attempt.
    package var parked = 0
    /// Callers who wait for a worker.
    package var calls = 0
    /// Everything in the log up to here was dealt with or put aside.
    package var passed: Int64 = 0

    package init(name: String) { self.name = name }
  }

  package var functions: [Function] = []
  package var workers = 0

  package init() {}
}

/// Counters of one function, kept by the thread that runs it.
package struct FunctionCounters: Sendable {
  package private(set) var byStatus: [Invocation.Status: Int] = [:]
  package private(set) var durations = Histogram()
  package private(set) var coldStarts = 0
  package var deadLetters = 0

  package init() {}

  package mutating func add(_ invocation: Invocation) {
    byStatus[invocation.status, default: 0] += 1
    if invocation.isCold { coldStarts += 1 }
    let (seconds, attoseconds) = invocation.duration.components
    durations.add(nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
  }
}

/// The database on the disk, in bytes.
package struct DatabaseSize: Sendable {
  package let main: Int64
  /// Of it, what is free for new rows.
  package let free: Int64
  package let log: Int64

  package init(main: Int64, free: Int64, log: Int64) {
    self.main = main
    self.free = free
    self.log = log
  }
}
