import Core

/// One delivery that the machine has in hand.
struct DeliveryEntry {
  enum State: Equatable {
    /// Its turn may have come or not: that is for its document's queue to say.
    case waiting
    case running
    /// Started, behind another that its worker is at.
    case ahead
    case backingOff(Timestamp)
  }

  let event: LogEvent
  /// What it has to come in order with.
  let key: String
  /// Attempts that failed.
  var attempts: Int
  var state: State
  /// In the durable list of parked deliveries, or in the record that goes there next.
  var isParked: Bool
  let bytes: Int
  /// Since when it could have been started, as far as that is known.
  var since: Timestamp?
  /// From when on its age counts: when it happened, or when it came back from the dead letters.
  let born: Timestamp
  /// How the last attempt ended, as far as that is known.
  var failure: (error: String, invocation: String?)?

  /// Whether somebody has it.
  var isStarted: Bool { state == .running || state == .ahead }

  init(_ event: LogEvent, attempts: Int, state: State, isParked: Bool, since: Timestamp? = nil, born: Timestamp? = nil) {
    self.event = event
    key = event.orderKey
    self.attempts = attempts
    self.state = state
    self.isParked = isParked
    self.since = since
    self.born = born ?? event.time
    bytes = 256 + (event.before?.count ?? 0) + (event.after?.count ?? 0)
  }
}

/// A parked delivery in the order of time.
struct DueDelivery: Comparable {
  let time: Timestamp
  let sequence: Int64

  static func < (left: DueDelivery, right: DueDelivery) -> Bool {
    (left.time, left.sequence) < (right.time, right.sequence)
  }
}
