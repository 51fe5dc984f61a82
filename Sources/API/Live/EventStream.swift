import Core
import HTTPServer
import JSON

/// Server-sent events as the WHATWG's HTML standard writes them (section 9.2): https://html.spec.whatwg.org/multipage/server-sent-events.html
enum EventStream {
  static let mediaType = "text/event-stream"

  static let headers: HTTPHeaders = [
    "Content-Type": mediaType, "Cache-Control": "no-store",
    // nginx would otherwise hold events back until its buffer is full.
    "X-Accel-Buffering": "no",
  ]

  /// A comment: proxies see life, clients see nothing.
  static let heartbeat = HTTPPiece(Array(":\n\n".utf8))

  /// What comes first: how long a client waits before it comes back (milliseconds), with its last event's id.
  static let opening = Array("retry: 2000\n\n".utf8)

  /// Whether the caller asks for events rather than for one JSON answer (RFC 9110, section 12.5.1).
  static func isWanted(_ headers: HTTPHeaders) -> Bool {
    guard let accept = headers["Accept"], accept != "*/*" else { return false }
    let wanted = headers.all("Accept").joined(separator: ",").lowercased()
    guard wanted.contains(mediaType) else { return false }
    let stream = quality(of: mediaType, in: wanted)
    return stream > 0 && stream >= quality(of: "application/json", in: wanted)
  }

  /// In thousandths; 0 where the type is not named.
  private static func quality(of type: String, in accept: String) -> Int {
    for range in accept.split(separator: ",") {
      let parts = range.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
      guard parts.first == type else { continue }
      guard let weight = parts.dropFirst().first(where: { $0.hasPrefix("q=") }) else { return 1000 }
      return Double(weight.dropFirst(2)).map { Int($0 * 1000) } ?? 0
    }
    return 0
  }

  /// - Parameter data: JSON on one line.
  static func append(_ event: StaticString, id: String? = nil, to bytes: inout [UInt8], data: (inout [UInt8]) -> Void) {
    bytes.append(contentsOf: "event: ".utf8)
    event.withUTF8Buffer { bytes.append(contentsOf: $0) }
    if let id {
      bytes.append(contentsOf: "\nid: ".utf8)
      bytes.append(contentsOf: id.utf8)
    }
    bytes.append(contentsOf: "\ndata: ".utf8)
    data(&bytes)
    bytes.append(contentsOf: "\n\n".utf8)
  }

  static func ready(_ cursor: String, _ facts: JSONValue) -> [UInt8] {
    var bytes: [UInt8] = []
    append("ready", id: cursor, to: &bytes) { facts.write(into: &$0) }
    return bytes
  }

  /// What the client has is no longer the beginning of what follows: it forgets it.
  static func reset(_ reason: LiveEnd) -> [UInt8] {
    var bytes: [UInt8] = []
    append("reset", to: &bytes) { JSONValue.object(["reason": .string(reason.rawValue)]).write(into: &$0) }
    return bytes
  }

  static func end(_ reason: LiveEnd) -> HTTPPiece {
    var bytes: [UInt8] = []
    append("end", to: &bytes) { JSONValue.object(["reason": .string(reason.rawValue)]).write(into: &$0) }
    return HTTPPiece(bytes)
  }
}
