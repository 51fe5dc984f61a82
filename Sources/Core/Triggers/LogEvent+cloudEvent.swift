import JSON

extension LogEvent {
  /// `roost.document.created`; of named events the name.
  package var type: String { kind == .event ? container : "roost.\(kind.rawValue).\(action.rawValue)" }

  /// `posts/0190…`; what deliveries are ordered by. Empty for a named event without a subject.
  package var path: String {
    switch kind {
    case .document, .file, .user, .run: container + "/" + subject
    case .event, .function: subject
    case .schedule: container
    }
  }

  /// Deliveries with the same key are made one after the other.
  package var orderKey: String { path.isEmpty ? "#\(sequence)" : path }

  /// The event as a CloudEvent 1.0 in the JSON format. The id is the same at every delivery.
  package func cloudEvent(project: String) -> [UInt8] {
    // Each execution of a run gets the event that it began with.
    if kind == .run, let after { return after }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("specversion")
    writer.string("1.0")
    writer.key("id")
    writer.string(String(sequence))
    writer.key("source")
    writer.string("/p/" + project + (kind == .function ? "/functions/" + emitter : ""))
    writer.key("type")
    writer.string(type)
    // CloudEvents 1.0.2, section "subject": "If present, MUST be a non-empty string".
    if !path.isEmpty {
      writer.key("subject")
      writer.string(path)
    }
    writer.key("time")
    writer.string(time.text)
    if let trace {
      // The extension "Distributed Tracing".
      writer.key("traceparent")
      writer.string(trace)
    }
    writer.key("datacontenttype")
    writer.string("application/json")
    writer.key("data")
    writeData(&writer)
    writer.endObject()
    return writer.bytes
  }

  /// The function that returned what this event is about.
  private var emitter: String { auth.flatMap { try? JSONValue(parsing: $0) }?["id"]?.stringValue ?? "" }

  private func writeData(_ writer: inout JSONWriter) {
    func members(_ members: [(String, [UInt8]?)]) {
      writer.beginObject()
      for (name, value) in members {
        writer.key(name)
        if let value { writer.raw(value) } else { writer.null() }
      }
      writer.endObject()
    }
    switch kind {
    case .document, .file: members([("before", before), ("after", after), ("auth", auth)])
    case .user where action == .signedIn: members([("before", nil), ("after", after), ("auth", auth), ("session", before)])
    case .user: members([("before", before), ("after", after), ("auth", auth)])
    case .event, .schedule, .function, .run: if let after { writer.raw(after) } else { writer.null() }
    }
  }
}
