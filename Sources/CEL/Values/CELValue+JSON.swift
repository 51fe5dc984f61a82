import JSON

extension CELValue {
  /// The same value, numbers within Int64 as int and all others as double.
  package init(_ json: JSONValue) {
    switch json {
    case .null: self = .null
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .double(let value): self = .double(value)
    case .string(let value): self = .string(value)
    case .array(let elements): self = .list(elements.map(CELValue.init))
    case .object(let members): self = .map(CELMap(fields: members.map { ($0.key, CELValue($0.value)) }))
    }
  }

  /// The value as JSON: bytes as base64, times as their text, NaN and the infinities as strings, an absent optional as null.
  /// Nil if JSON has no such value: an uint past Int64, a map whose keys are not all different as strings, or more than a million
  /// parts, for which a small expression can be enough when it repeats the same list within lists.
  package var json: JSONValue? {
    var parts = 1_000_000
    return json(&parts)
  }

  private func json(_ parts: inout Int) -> JSONValue? {
    parts -= 1
    guard parts >= 0 else { return nil }
    switch self {
    case .null: return .null
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .uint(let value): return Int64(exactly: value).map(JSONValue.int)
    case .double(let value):
      if value.isFinite { return .double(value) }
      return .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")
    case .string(let value), .type(let value): return .string(value)
    case .bytes(let value): return .string(CELBase64.encode(value))
    case .timestamp(let value): return .string(value.text)
    case .duration(let value): return .string(value.text)
    case .optional(let wrapped): return wrapped.map { $0.json(&parts) } ?? .null
    case .list(let elements):
      var values: [JSONValue] = []
      for element in elements {
        guard let value = element.json(&parts) else { return nil }
        values.append(value)
      }
      return .array(values)
    case .map(let map):
      var members: [(String, JSONValue)] = []
      for (key, value) in map.entries {
        guard let name = key.keyText, let value = value.json(&parts) else { return nil }
        members.append((name, value))
      }
      let object = JSONObject(members)
      return object.count == map.count ? .object(object) : nil
    }
  }

  /// Writes the value as JSON, as ``json`` has it but with the exact digits of every uint. False if JSON has no such value, or if that
  /// would make more than `most` bytes; what was written then is of no use.
  package func write(into bytes: inout [UInt8], most: Int) -> Bool {
    guard bytes.count <= most else { return false }
    switch self {
    case .uint(let value): bytes.append(contentsOf: String(value).utf8)
    case .optional(let wrapped?): return wrapped.write(into: &bytes, most: most)
    case .list(let elements):
      bytes.append(UInt8(ascii: "["))
      for (position, element) in elements.enumerated() {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        guard element.write(into: &bytes, most: most) else { return false }
      }
      bytes.append(UInt8(ascii: "]"))
    case .map(let map):
      var names: Set<String> = []
      bytes.append(UInt8(ascii: "{"))
      for (position, entry) in map.entries.enumerated() {
        guard let name = entry.key.keyText, names.insert(name).inserted else { return false }
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        JSONValue.string(name).write(into: &bytes)
        bytes.append(UInt8(ascii: ":"))
        guard entry.value.write(into: &bytes, most: most) else { return false }
      }
      bytes.append(UInt8(ascii: "}"))
    default: json?.write(into: &bytes)
    }
    return bytes.count <= most
  }

  private var keyText: String? {
    switch self {
    case .string(let value): value
    case .int(let value): String(value)
    case .uint(let value): String(value)
    case .bool(let value): String(value)
    default: nil
    }
  }
}
