import Core
import JSON

/// Events as HTTP requests: the HTTP Protocol Binding for CloudEvents 1.0.2
/// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md).
struct CloudEventRequest {
  let headers: [(name: String, value: String)]
  let body: [UInt8]

  /// `events` are validated CloudEvents in the JSON format; only a batch takes more than one.
  init(_ events: [[UInt8]], mode: RemoteEndpoint.Mode) {
    switch mode {
    case .structured:
      // Section 3.2: the whole event is the body.
      self.init(headers: [("content-type", "application/cloudevents+json; charset=utf-8")], body: events.first ?? [])
    case .batched:
      // Section 3.3.
      let list = [UInt8(ascii: "[")] + events.joined(separator: [UInt8(ascii: ",")]) + [UInt8(ascii: "]")]
      self.init(headers: [("content-type", "application/cloudevents-batch+json; charset=utf-8")], body: list)
    case .binary:
      self.init(binary: events.first ?? [])
    }
  }

  private init(headers: [(name: String, value: String)], body: [UInt8]) {
    self.headers = headers
    self.body = body
  }

  /// Section 3.1: the data is the body, and each attribute a header.
  private init(binary event: [UInt8]) {
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []
    JSONText.forEachMember(of: event) { name, range in
      let value = Array(event[range])
      switch name {
      case "data": body = value
      case "data_base64": body = (try? JSONValue(parsing: value))?.stringValue.flatMap(Base64.decode) ?? []
      case "datacontenttype":
        if let text = (try? JSONValue(parsing: value))?.stringValue, OutboundHeaders.isValue(text) { headers.append(("content-type", text)) }
      default:
        if Self.isAttribute(name), let text = Self.text(value) { headers.append(("ce-" + name, Self.encoded(text))) }
      }
    }
    // JSON events without a datacontenttype are JSON (JSON event format, section 3.1.1).
    if !headers.contains(where: { $0.name == "content-type" }) { headers.append(("content-type", "application/json")) }
    self.init(headers: headers, body: body)
  }

  /// The names that attributes have (CloudEvents 1.0.2, section 3): anything else is no attribute, and no header.
  private static func isAttribute(_ name: String) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { ($0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z")) || ($0 >= 48 && $0 < 58) }
  }

  /// A scalar in its canonical text form; `nil` for null and for what is no attribute's value.
  private static func text(_ json: [UInt8]) -> String? {
    switch try? JSONValue(parsing: json) {
    case .string(let text): text
    case .int, .bool: String(decoding: json, as: UTF8.self)
    default: nil
    }
  }

  /// Section 3.1.3.2: what is not printable ASCII, and space, double quote and percent, as percent-encoded UTF-8.
  static func encoded(_ text: String) -> String {
    var encoded: [UInt8] = []
    for byte in text.utf8 {
      if byte > 0x20, byte < 0x7f, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "%") {
        encoded.append(byte)
      } else {
        encoded.append(UInt8(ascii: "%"))
        for digit in [byte >> 4, byte & 15] { encoded.append(digit < 10 ? 48 + digit : 55 + digit) }
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }
}
