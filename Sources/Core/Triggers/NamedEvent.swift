import JSON

/// An event that a function or an admin emits for functions with an `event` trigger.
package struct NamedEvent: Sendable {
  /// `order.paid`
  package let name: String
  /// Events of one subject are delivered in their order; empty: in no order with others.
  package let subject: String
  /// JSON.
  package let data: [UInt8]

  package static let nameCharactersMax = 128
  package static let subjectBytesMax = 256

  /// Throws `validation_failed` or `payload_too_large`.
  package init(_ value: JSONValue) throws {
    var reader = try ConfigurationReader(value, of: "event")
    name = try reader.required("name", "a name like \"order.paid\"")
    subject = try reader.string("subject") ?? ""
    data = (try reader.value("data") ?? .null).bytes()
    try reader.refuseUnknown(besides: [])
    guard Self.isValid(name: name) else {
      throw RoostError(
        .validationFailed, "An event's name is not valid.",
        fields: [
          FieldError("/name", "expected 1 to \(Self.nameCharactersMax) characters out of A–Z, a–z, 0–9, '.', '_' and '-', not beginning with \"roost.\"")
        ])
    }
    guard subject.utf8.count <= Self.subjectBytesMax, !subject.utf8.contains(where: { $0 < 32 || $0 == 127 }) else {
      throw RoostError(
        .validationFailed, "An event's subject is one short line.",
        fields: [FieldError("/subject", "expected at most \(Self.subjectBytesMax) bytes without control characters")])
    }
    guard data.count <= Limits.eventDataBytesMax else {
      throw RoostError(
        .payloadTooLarge, "The data of an event has at most \(Limits.eventDataBytesMax) bytes, this one \(data.count). Store it, and emit where it is.")
    }
  }

  package static func isValid(name: String) -> Bool {
    let isPlain = name.utf8.allSatisfy { byte in
      (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
        || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
    }
    return isPlain && (1...nameCharactersMax).contains(name.utf8.count) && !name.hasPrefix("roost.")
  }
}
