import JSON

/// Reads a configuration object member by member and remembers which were asked for, so that a misspelt one is named.
package struct ConfigurationReader {
  private let object: JSONObject
  private let kind: String
  private let pointer: String
  private var known: Set<String> = []

  /// - Parameter pointer: leads to the object, where it is a part of a larger configuration.
  package init(_ value: JSONValue, of kind: String, at pointer: String = "") throws {
    guard let object = value.objectValue else {
      throw RoostError(.validationFailed, "A \(kind) is a JSON object.", fields: [FieldError(pointer, "expected an object")])
    }
    self.object = object
    self.kind = kind
    self.pointer = pointer
  }

  package mutating func string(_ name: String) throws -> String? {
    try read(name, expected: "a string") { $0.stringValue }
  }

  /// Throws `validation_failed` where it is missing.
  package mutating func required(_ name: String, _ what: String) throws -> String {
    guard let text = try string(name) else {
      throw RoostError(.validationFailed, "A \(kind) needs `\(name)`.", fields: [FieldError("\(pointer)/\(name)", "expected \(what)")])
    }
    return text
  }

  package mutating func bool(_ name: String) throws -> Bool? {
    try read(name, expected: "true or false") { $0.boolValue }
  }

  package mutating func int(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
    try read(name, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") { value in
      value.intValue.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  package mutating func object(_ name: String) throws -> JSONObject? {
    try read(name, expected: "an object") { $0.objectValue }
  }

  package mutating func array(_ name: String) throws -> [JSONValue]? {
    try read(name, expected: "a list") { $0.arrayValue }
  }

  /// As it stands; null counts as missing.
  package mutating func value(_ name: String) throws -> JSONValue? {
    try read(name, expected: "a value") { $0 }
  }

  /// `"10s"`, `"250ms"`, `"2m"`, `"1h"`.
  package mutating func duration(_ name: String, most: Duration) throws -> Duration? {
    try read(name, expected: "a duration like \"10s\", at most \(most.components.seconds)s") { value in
      value.stringValue.flatMap(Duration.init(configured:)).flatMap { $0 > .zero && $0 <= most ? $0 : nil }
    }
  }

  /// `"128MB"` (also KB, GB; powers of 1024) or a number of bytes.
  package mutating func byteCount(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
    try read(name, expected: "a size like \"128MB\", from \(range.lowerBound) to \(range.upperBound) bytes") { value in
      let bytes = value.intValue ?? value.stringValue.flatMap(Int64.init(configuredBytes:))
      return bytes.flatMap { range.contains($0) ? $0 : nil }
    }
  }

  /// A member that somebody else reads.
  package mutating func accept(_ name: String) { known.insert(name) }

  private mutating func read<Value>(_ name: String, expected: String, _ convert: (JSONValue) -> Value?) throws -> Value? {
    known.insert(name)
    guard let value = object[name], !value.isNull else { return nil }
    guard let converted = convert(value) else {
      throw RoostError(.validationFailed, "`\(name)` of a \(kind) is wrong.", fields: [FieldError("\(pointer)/\(name)", "expected \(expected)")])
    }
    return converted
  }

  /// Members that the product promises and this version does not have: better refused than ignored.
  package mutating func refuseUnbuilt(_ names: [String]) throws {
    for name in names {
      known.insert(name)
      if let value = object[name], !value.isNull, value != .bool(false) {
        throw RoostError(.notImplemented, "`\(name)` of a \(kind) is not built yet.", fields: [FieldError("\(pointer)/\(name)", "not built yet")])
      }
    }
  }

  /// Call last: whatever nobody asked for is a mistake. What the server itself adds to an answer may come back.
  package func refuseUnknown(besides ours: Set<String> = ["createdAt", "updatedAt", "version"]) throws {
    for (name, _) in object where !known.contains(name) && !ours.contains(name) {
      let names = known.sorted().joined(separator: ", ")
      throw RoostError(
        .validationFailed, "A \(kind) has no '\(name.prefix(64))'.",
        fields: [FieldError("\(pointer)/\(name.pointerSegment)", "expected one of \(names)")])
    }
  }
}

extension Duration {
  private static let configurationUnits: [(unit: String, milliseconds: Int64)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)]

  /// `nil` unless the text is a whole number and one of ms, s, m, h.
  package init?(configured text: String) {
    for (unit, milliseconds) in Self.configurationUnits where text.hasSuffix(unit) {
      guard let count = Int64(text.dropLast(unit.count)), count >= 0, count < 1 << 40 else { continue }
      self = .milliseconds(count * milliseconds)
      return
    }
    return nil
  }

  /// The same text for the same time, in the largest unit of which it is a whole number: `"90s"`, `"1h"`.
  package var configured: String {
    let unit = Self.configurationUnits.last { milliseconds != 0 && milliseconds.isMultiple(of: $0.milliseconds) }
    return "\(milliseconds / (unit?.milliseconds ?? 1))\(unit?.unit ?? "ms")"
  }
}

extension Int64 {
  init?(configuredBytes text: String) {
    for (unit, factor) in [("KB", Int64(1) << 10), ("MB", 1 << 20), ("GB", 1 << 30)] where text.hasSuffix(unit) {
      guard let count = Int64(text.dropLast(2).filter { $0 != " " }), count >= 0, count < 1 << 30 else { return nil }
      self = count * factor
      return
    }
    return nil
  }
}
