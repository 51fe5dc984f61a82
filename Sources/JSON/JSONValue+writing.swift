extension JSONValue {
  /// Appends this value as compact JSON, members in their order.
  package func write(into bytes: inout [UInt8]) {
    switch self {
    case .null: bytes.append(text: "null")
    case .bool(let value): bytes.append(text: value ? "true" : "false")
    case .int(let value): JSONWriter.append(value, to: &bytes)
    case .double(let value): JSONWriter.append(value, to: &bytes)
    case .string(let value): JSONWriter.append(value, to: &bytes)
    case .array(let elements):
      bytes.append(UInt8(ascii: "["))
      var isFirst = true
      for element in elements {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        element.write(into: &bytes)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let object): object.write(into: &bytes)
    }
  }

  /// This value as compact JSON, members in their order.
  package func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    write(into: &bytes)
    return bytes
  }

  /// This value as compact JSON, members in their order.
  package var text: String { String(decoding: bytes(), as: UTF8.self) }
}

extension JSONObject {
  /// Appends this object as compact JSON, members in their order.
  package func write(into bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "{"))
    var isFirst = true
    for member in members {
      member.key.withUTF8Bytes { JSONWriter.append(utf8: $0, to: &bytes, afterComma: !isFirst, beforeColon: true) }
      isFirst = false
      member.value.write(into: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// This object as compact JSON, members in their order.
  package func bytes() -> [UInt8] {
    var bytes: [UInt8] = []
    write(into: &bytes)
    return bytes
  }

  /// This object as compact JSON, members in their order.
  package var text: String { String(decoding: bytes(), as: UTF8.self) }
}
