import Core

/// One reading of the log for all functions that stand at the same place.
struct LogReading: Sendable {
  struct Reader: Sendable {
    let function: String
    let generation: UInt64
    let triggers: [Trigger]
  }

  let after: Int64
  let limit: Int
  /// How often the log had grown when this was asked for.
  let logChanges: UInt64
  let readers: [Reader]

  /// For each reader, in their order, what of these it gets.
  func wanted(_ events: [LogEvent]) -> [[LogEvent]] {
    var wanted = [[LogEvent]](repeating: [], count: readers.count)
    func offer(_ event: LogEvent, to position: Int) {
      if let event = event.delivered(to: readers[position].function, by: readers[position].triggers) { wanted[position].append(event) }
    }
    // Changes of documents are the many, and most functions have nothing to do with most collections.
    let concerned = events.count < FunctionsLimits.eventsWorthSorting ? nil : concernedByCollection()
    for event in events {
      if let concerned, event.kind == .document {
        for position in concerned[event.container] ?? [] { offer(event, to: position) }
      } else {
        for position in readers.indices { offer(event, to: position) }
      }
    }
    return wanted
  }

  private func concernedByCollection() -> [String: [Int]] {
    var concerned: [String: [Int]] = [:]
    for (position, reader) in readers.enumerated() {
      for collection in Set(reader.triggers.compactMap(\.collection)) { concerned[collection, default: []].append(position) }
    }
    return concerned
  }
}

struct LogPage: Sendable {
  /// The last sequence looked at.
  let through: Int64
  let count: Int
  let bytes: Int
  /// For each reader, in their order, the events that it wants.
  let wanted: [[LogEvent]]
}

extension Trigger {
  /// Whose documents' changes it may take.
  fileprivate var collection: String? {
    switch self {
    case .document(let trigger): trigger.collection
    case .user: Collection.users
    case .before, .http, .file, .event, .schedule: nil
    }
  }
}
