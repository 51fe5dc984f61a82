/// A stretch of the log as one collection sees it.
package struct LogPortion: Sendable {
  package let changes: [LoggedChange]
  /// Everything up to here was looked at.
  package let through: Int64
  /// The log's end when it was read.
  package let last: Int64
  /// Events before the place that was asked for are missing, or the place is not in this log.
  package let isBroken: Bool

  package init(changes: [LoggedChange], through: Int64, last: Int64, isBroken: Bool) {
    self.changes = changes
    self.through = through
    self.last = last
    self.isBroken = isBroken
  }

  /// Whether it reached the log's end.
  package var isLast: Bool { through >= last }
}

/// What a query finds, and the place in the log that it belongs to: every change after it is still to come, none before.
package struct DocumentSnapshot: Sendable {
  package let items: [DocumentRecord]
  package let sequence: Int64

  package init(items: [DocumentRecord], sequence: Int64) {
    self.items = items
    self.sequence = sequence
  }
}
