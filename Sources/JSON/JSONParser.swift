extension JSONScanner {
  /// Reads the text as one value.
  mutating func parseText() throws(JSONFault) -> JSONValue {
    try startText(mustBeObject: false)
    let value = try parseValue(depth: 0)
    try endText()
    return value
  }

  private mutating func parseValue(depth: Int) throws(JSONFault) -> JSONValue {
    guard position < count else { throw JSONFault(.expectedValue, at: position) }
    switch base[position] {
    case UInt8(ascii: "\""): return .string(string(try scanString()))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return JSONNumber.value(of: try scanNumber(), in: text)
    case UInt8(ascii: "{"): return .object(try parseObject(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try parseArray(depth: depth + 1))
    case UInt8(ascii: "t"):
      try scanWord("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try scanWord("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try scanWord("null")
      return .null
    default: throw JSONFault(.expectedValue, at: position)
    }
  }

  private mutating func parseObject(depth: Int) throws(JSONFault) -> JSONObject {
    guard try enterObject(depth: depth) else { return JSONObject() }
    var members: [JSONObject.Element] = []
    members.reserveCapacity(4)
    var mark = keys.beginObject()
    repeat {
      let key = try scanKey(&mark)
      members.append((key: string(key), value: try parseValue(depth: depth)))
    } while try continueObject()
    keys.endObject(mark)
    return JSONObject(distinct: members)
  }

  private mutating func parseArray(depth: Int) throws(JSONFault) -> [JSONValue] {
    guard try enterArray(depth: depth) else { return [] }
    var elements: [JSONValue] = []
    repeat { elements.append(try parseValue(depth: depth)) } while try continueArray()
    return elements
  }

  @inline(__always)
  private func string(_ token: StringToken) -> String {
    let raw = UnsafeBufferPointer(start: base + token.start, count: token.end - token.start)
    return token.escaped ? JSONEscapes.string(raw) : String(decoding: raw, as: UTF8.self)
  }
}

extension JSONEscapes {
  /// The string that `raw`, the validated text between two quotes, stands for.
  static func string(_ raw: UnsafeBufferPointer<UInt8>) -> String {
    String(unsafeUninitializedCapacity: raw.count) { buffer in
      guard let out = buffer.baseAddress else { return 0 }
      return unescape(raw, into: out)
    }
  }
}
