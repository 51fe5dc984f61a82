/// Builds values from a text. The members and elements of the arrays and objects that are still open wait on two stacks; when one
/// ends, they move into an array of just their number: one allocation for each, and none larger than needed, so that a text of
/// many tiny objects does not take many times its size.
struct JSONParser: ~Copyable {
  var scanner: JSONScanner
  private var members = PendingStack<JSONObject.Member>()
  private var elements = PendingStack<JSONValue>()

  init(base: UnsafePointer<UInt8>, count: Int, depthMax: Int) {
    scanner = JSONScanner(base: base, count: count, depthMax: depthMax)
  }

  /// Reads the text as one value.
  mutating func parseText() throws(JSONFault) -> JSONValue {
    try scanner.startText(mustBeObject: false)
    let value = try parseValue(depth: 0)
    try scanner.endText()
    return value
  }

  // Part of the two loops below, which saves a call for each value.
  @inline(__always)
  private mutating func parseValue(depth: Int) throws(JSONFault) -> JSONValue {
    guard scanner.position < scanner.count else { throw JSONFault(.expectedValue, at: scanner.position) }
    switch scanner.base[scanner.position] {
    case UInt8(ascii: "\""): return .string(string(try scanner.scanString()))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return JSONNumber.value(of: try scanner.scanNumber(), in: scanner.text)
    case UInt8(ascii: "{"): return .object(try parseObject(depth: depth + 1))
    case UInt8(ascii: "["): return .array(try parseArray(depth: depth + 1))
    case UInt8(ascii: "t"):
      try scanner.scanWord(Word.true, length: 4)
      return .bool(true)
    case UInt8(ascii: "f"):
      try scanner.scanWord(Word.alse, length: 5)
      return .bool(false)
    case UInt8(ascii: "n"):
      try scanner.scanWord(Word.null, length: 4)
      return .null
    default: throw JSONFault(.expectedValue, at: scanner.position)
    }
  }

  @inline(never)
  private mutating func parseObject(depth: Int) throws(JSONFault) -> JSONObject {
    guard try scanner.enterObject(depth: depth) else { return JSONObject() }
    let first = members.count
    var mark = scanner.keys.beginObject()
    repeat {
      let key = string(try scanner.scanKey(&mark))
      members.push(JSONObject.Member(key: key, value: try parseValue(depth: depth)))
    } while try scanner.continueObject()
    scanner.keys.endObject(mark)
    return JSONObject(distinct: members.pop(from: first))
  }

  @inline(never)
  private mutating func parseArray(depth: Int) throws(JSONFault) -> [JSONValue] {
    guard try scanner.enterArray(depth: depth) else { return [] }
    let first = elements.count
    repeat { elements.push(try parseValue(depth: depth)) } while try scanner.continueArray()
    return elements.pop(from: first)
  }

  @inline(__always)
  private func string(_ token: StringToken) -> String {
    let raw = UnsafeBufferPointer(start: scanner.base + token.start, count: token.end - token.start)
    return token.escaped ? JSONEscapes.string(raw) : String(decoding: raw, as: UTF8.self)
  }
}
