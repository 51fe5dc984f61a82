import Core
import JSON

/// What the server says to a worker, as bytes on the wire.
enum ServerFrame {
  /// `more` are variables that only this worker has; `folder` is where it sees its archive.
  static func load(_ definition: FunctionDefinition, more: [(name: String, value: String)], folder: String? = nil) -> [UInt8] {
    framed(capacity: definition.source.utf8.count + 1024) { writer in
      writer.key("type")
      writer.string("load")
      writer.key("name")
      writer.string(definition.name)
      if definition.archive != nil, let folder {
        writer.key("folder")
        writer.string(folder)
        writer.key("entry")
        writer.string(definition.entry ?? "")
      } else {
        writer.key("source")
        writer.string(definition.source)
        if let file = definition.entry {
          writer.key("file")
          writer.string(file)
        }
      }
      writer.key("env")
      writer.beginObject()
      for (name, value) in definition.environment.map({ (name: $0.key, value: $0.value) }) + more {
        writer.key(name)
        writer.string(value)
      }
      writer.endObject()
      if !definition.triggers.isEmpty, definition.httpTriggers.count == definition.triggers.count {
        writer.key("isOnlyCalled")
        writer.bool(true)
      }
      writer.key("limits")
      writer.value(["lines": .int(Int64(Limits.logLinesPerInvocationMax)), "bytes": .int(Int64(Limits.logBytesPerInvocationMax))])
    }
  }

  static func invoke(_ run: Worker.Run, event: [UInt8]) -> [UInt8] {
    framed(capacity: event.count + 128) { writer in
      writer.key("type")
      writer.string("invoke")
      writer.key("id")
      writer.int(run.id)
      writer.key("attempt")
      writer.int(run.work.attempt)
      if run.work.wantsValue {
        writer.key("wantsValue")
        writer.bool(true)
      }
      if let trace = run.trace {
        writer.key("traceparent")
        writer.string(trace)
      }
      if run.work.takesPieces {
        writer.key("takesPieces")
        writer.bool(true)
      }
      writer.key("event")
      writer.raw(event)
    }
  }

  /// So many bytes of a streamed answer were taken: as many more may come.
  static func more(_ id: Int64, bytes: Int) -> [UInt8] {
    framed(capacity: 64) { writer in
      writer.key("type")
      writer.string("more")
      writer.key("id")
      writer.int(id)
      writer.key("bytes")
      writer.int(bytes)
    }
  }

  /// Nobody wants the rest of a streamed answer.
  static func cancel(_ id: Int64) -> [UInt8] { about("cancel", id) }

  /// The end of a streamed answer has arrived: the last frame about it.
  static func done(_ id: Int64) -> [UInt8] { about("done", id) }

  private static func about(_ type: String, _ id: Int64) -> [UInt8] {
    framed(capacity: 64) { writer in
      writer.key("type")
      writer.string(type)
      writer.key("id")
      writer.int(id)
    }
  }

  /// `nil` if the answer is larger than a frame may be.
  static func answer(_ number: Int64, _ answer: LocalAnswer) -> [UInt8]? {
    let type = answer.headers.first { $0.name.lowercased() == "content-type" }?.value ?? ""
    let isJSON = type.hasPrefix("application/json") || type.hasPrefix("application/problem+json")
    let frame = framed(capacity: answer.body.count + 512) { writer in
      writer.key("type")
      writer.string("answer")
      writer.key("n")
      writer.int(number)
      writer.key("status")
      writer.int(answer.status)
      writer.key("headers")
      writer.beginObject()
      var names: Set<String> = []
      for (name, value) in answer.headers where names.insert(name.lowercased()).inserted {
        writer.key(name.lowercased())
        writer.string(value)
      }
      writer.endObject()
      if answer.body.isEmpty { return }
      if isJSON {
        writer.key("json")
        writer.raw(answer.body)
      } else if let text = String(validating: answer.body, as: UTF8.self) {
        writer.key("body")
        writer.string(text)
      } else {
        writer.key("body64")
        writer.string(Base64.encode(answer.body))
      }
    }
    return frame.count - 4 <= Limits.workerFrameBytesMax ? frame : nil
  }

  private static func framed(capacity: Int, _ fill: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter(capacity: capacity)
    writer.beginObject()
    fill(&writer)
    writer.endObject()
    let json = writer.take()
    let length = UInt32(clamping: json.count)
    var frame: [UInt8] = []
    frame.reserveCapacity(json.count + 4)
    for shift in [24, 16, 8, 0] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: length >> shift)) }
    frame.append(contentsOf: json)
    return frame
  }
}
