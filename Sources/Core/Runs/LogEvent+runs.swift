import JSON

// Events that make a durable run go on.
extension LogEvent {
  /// What such events of a function are in. No collection is called so.
  package static func runsContainer(of function: String) -> String { function + "/runs" }

  package func wakesRun(of function: String) -> Bool { kind == .run && container == Self.runsContainer(of: function) }

  /// The run that a delivery of this event executes: the one that it wakes, or that begins with it.
  package var runID: Int64? { kind == .run ? Int64(subject) : sequence }

  /// Its path; of an event that wakes a run, the path of the event that the run began with, so that both go to the same version.
  package var firstPath: String {
    guard kind == .run else { return path }
    let first = after.flatMap { try? JSONValue(parsing: $0) }
    return first?["subject"]?.stringValue ?? ""
  }

  /// With the CloudEvent that the run began with.
  package func carrying(_ event: [UInt8]) -> LogEvent {
    LogEvent(
      sequence: sequence, time: time, kind: kind, action: action, container: container, subject: subject, before: nil, after: event, auth: auth, depth: depth,
      trace: trace)
  }
}
