// Events that make a durable run go on.
extension LogEvent {
  /// What such events of a function are in. No collection is called so.
  package static func runsContainer(of function: String) -> String { function + "/runs" }

  package func wakesRun(of function: String) -> Bool { kind == .run && container == Self.runsContainer(of: function) }

  /// The run that a delivery of this event executes: the one that it wakes, or that begins with it.
  package var runID: Int64? { kind == .run ? Int64(subject) : sequence }

  /// With the CloudEvent that the run began with.
  package func carrying(_ event: [UInt8]) -> LogEvent {
    LogEvent(
      sequence: sequence, time: time, kind: kind, action: action, container: container, subject: subject, before: nil, after: event, auth: auth, depth: depth,
      trace: trace)
  }
}
