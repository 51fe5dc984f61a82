/// Which records of runs somebody wants to see; what is nil does not matter.
package struct InvocationFilter: Sendable {
  package var statuses: [Invocation.Status] = []
  /// Started at or after, and before.
  package var from: Timestamp?
  package var until: Timestamp?
  /// The event's type, or its beginning with a star at the end: `roost.document.*`.
  package var eventType: String?
  package var subject: String?
  package var version: Int64?
  /// Somewhere in the error, in any case.
  package var text: String?

  package init() {}
}

/// Which log lines somebody wants to see.
package struct LogFilter: Sendable {
  package var levels: [String] = []
  package var from: Timestamp?
  package var until: Timestamp?
  package var invocation: String?
  /// Somewhere in the line, in any case.
  package var text: String?

  package init() {}

  /// The same for a line that has not been stored yet.
  package func matches(_ line: InvocationLog) -> Bool {
    (levels.isEmpty || levels.contains(line.level)) && (invocation.map { $0 == line.invocation } ?? true) && (from.map { $0 <= line.time } ?? true)
      && (until.map { line.time < $0 } ?? true) && (text.map { line.message.lowercased().contains($0.lowercased()) } ?? true)
  }
}

extension FunctionStore {
  /// All of them, newest first.
  package func invocations(of function: String, limit: Int, before id: String?) async throws -> [Invocation] {
    try await invocations(of: function, InvocationFilter(), limit: limit, before: id)
  }

  /// All of them, newest first.
  package func logs(of function: String, limit: Int, before id: String?) async throws -> [InvocationLog] {
    try await logs(of: function, LogFilter(), limit: limit, before: id).lines
  }
}

extension Timestamp {
  /// The smallest id of a record made at this moment (UUID version 7): ids are ordered by time.
  package var firstID: String {
    let digits = String(max(0, milliseconds), radix: 16)
    let padded = String(repeating: "0", count: max(0, 12 - digits.count)) + digits.suffix(12)
    return "\(padded.prefix(8))-\(padded.suffix(4))-7000-8000-000000000000"
  }
}
