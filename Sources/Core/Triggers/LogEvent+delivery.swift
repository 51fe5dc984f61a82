extension LogEvent {
  /// The event as a function with these triggers gets it; nil if it does not.
  package func delivered(to function: String, by triggers: [Trigger]) -> LogEvent? {
    switch kind {
    // For one function only.
    case .schedule, .function: if container != function { return nil }
    case .run: return wakesRun(of: function) ? self : nil
    default: break
    }
    if kind == .function { return self }
    for trigger in triggers {
      if let event = trigger.taken(self) { return event }
    }
    return nil
  }
}

extension Trigger {
  /// The event as the function gets it, if it makes the function run.
  fileprivate func taken(_ event: LogEvent) -> LogEvent? {
    switch self {
    case .file(let trigger): trigger.taken(event)
    case .user(let trigger): trigger.taken(event)
    default: matches(event) ? event : nil
    }
  }
}
