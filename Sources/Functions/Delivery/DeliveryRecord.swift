import Core

/// What the machine wants written down next. Later news of one delivery replace earlier ones.
struct DeliveryRecord {
  /// The cursor that was last taken.
  private(set) var cursor: Int64
  /// Everything but the parked list and the cursor.
  var changes = DeliveryChanges()
  private var parked: [Int64: ParkedDelivery] = [:]
  private var unparked: Set<Int64> = []

  init(cursor: Int64) {
    self.cursor = cursor
  }

  /// Whether something waits for it to be written down.
  var isUrgent: Bool { !parked.isEmpty || !unparked.isEmpty || changes.isUrgent }

  var isEmpty: Bool { changes.isEmpty && parked.isEmpty && unparked.isEmpty }

  mutating func park(_ delivery: ParkedDelivery) {
    parked[delivery.event.sequence] = delivery
    unparked.remove(delivery.event.sequence)
  }

  mutating func unpark(_ sequence: Int64) {
    parked[sequence] = nil
    unparked.insert(sequence)
  }

  mutating func take(cursor now: Int64) -> DeliveryChanges {
    var taken = changes
    taken.park = parked.values.sorted { $0.event.sequence < $1.event.sequence }
    taken.unpark = unparked.sorted()
    if now > cursor {
      taken.cursor = now
      cursor = now
    }
    changes = DeliveryChanges()
    parked = [:]
    unparked = []
    return taken
  }

  /// Puts back what could not be committed, below what has come since.
  mutating func restore(_ older: DeliveryChanges) {
    for delivery in older.park where parked[delivery.event.sequence] == nil && !unparked.contains(delivery.event.sequence) {
      parked[delivery.event.sequence] = delivery
    }
    for sequence in older.unpark where parked[sequence] == nil { unparked.insert(sequence) }
    changes.deadLetters = older.deadLetters + changes.deadLetters
    changes.removeDeadLetters = older.removeDeadLetters + changes.removeDeadLetters
    changes.invocations = older.invocations + changes.invocations
    changes.logs = older.logs + changes.logs
    changes.completions = older.completions + changes.completions
    changes.runs = older.runs + changes.runs
    // The next one taken carries a cursor at least as far.
    if let lost = older.cursor { cursor = min(cursor, lost - 1) }
  }
}
