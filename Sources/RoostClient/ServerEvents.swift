import JSON

/// Server-sent events as a server of ours writes them: `event:`, `id:`, `data:` with JSON on one line, comments (WHATWG HTML, section 9.2).
struct ServerEvents {
  struct Event {
    let type: String
    let data: JSONValue
  }

  private var line: [UInt8] = []
  private var type = ""
  private var data: [UInt8] = []

  /// The events that a piece of the stream ends. Throws `answer_invalid` for what no server of ours writes.
  mutating func take(_ bytes: [UInt8]) throws -> [Event] {
    var events: [Event] = []
    for byte in bytes {
      guard byte == UInt8(ascii: "\n") else {
        line.append(byte)
        guard line.count <= ClientLimits.eventBytesMax else { throw Self.invalid("a line of more than \(ClientLimits.eventBytesMax) bytes") }
        continue
      }
      if let event = try endLine() { events.append(event) }
    }
    return events
  }

  private mutating func endLine() throws -> Event? {
    defer { line.removeAll(keepingCapacity: true) }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    guard line.isEmpty else {
      let name = line.prefix { $0 != UInt8(ascii: ":") }
      var value = line.dropFirst(name.count + 1)
      if value.first == UInt8(ascii: " ") { value.removeFirst() }
      if name.elementsEqual("event".utf8) { type = String(decoding: value, as: UTF8.self) }
      if name.elementsEqual("data".utf8) { data = Array(value) }
      return nil
    }
    defer { (type, data) = ("", []) }
    guard !data.isEmpty else { return nil }
    do {
      return Event(type: type, data: try JSONValue(parsing: data, depthMax: 128))
    } catch {
      throw Self.invalid("data that is not JSON")
    }
  }

  private static func invalid(_ what: String) -> RoostClientError {
    RoostClientError(code: .answerInvalid, detail: "The stream of events has \(what): another server, or a proxy, answers.")
  }
}
