/// Reads a text token by token, checking everything that Roost asks of JSON. Validation and parsing both run on it, so they
/// accept the same texts and report the same faults.
///
/// It holds an unsafe pointer because a bounds check and a uniqueness check for each byte would halve its speed; every read is
/// guarded by `count`, and the caller keeps the text alive.
struct JSONScanner: ~Copyable {
  /// More nesting than this is refused whatever the caller allows, because the scanner calls itself for each level.
  static let depthLimit = 512

  let base: UnsafePointer<UInt8>
  let count: Int
  let depthMax: Int
  var position = 0
  var keys: KeyRegister
  /// Whether white space was found between tokens.
  var hasSpace = false

  init(base: UnsafePointer<UInt8>, count: Int, depthMax: Int) {
    self.base = base
    self.count = count
    self.depthMax = min(depthMax, JSONScanner.depthLimit)
    keys = KeyRegister(base: base, count: count)
  }

  var text: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }

  // MARK: - The whole text

  /// Checks that the text is one value, with nothing but white space around it.
  mutating func scanText(mustBeObject: Bool) throws(JSONFault) {
    try startText(mustBeObject: mustBeObject)
    try scanValue(depth: 0)
    try endText()
  }

  mutating func startText(mustBeObject: Bool) throws(JSONFault) {
    skipSpace()
    if position == 0, count >= 3, base[0] == 0xEF, base[1] == 0xBB, base[2] == 0xBF { throw JSONFault(.byteOrderMark, at: 0) }
    if mustBeObject, position == count || base[position] != UInt8(ascii: "{") { throw JSONFault(.expectedObject, at: position) }
  }

  mutating func endText() throws(JSONFault) {
    skipSpace()
    guard position == count else { throw JSONFault(.expectedEnd, at: position) }
  }

  // MARK: - Values

  // Part of the two loops below, which saves a call for each value.
  @inline(__always)
  private mutating func scanValue(depth: Int) throws(JSONFault) {
    guard position < count else { throw JSONFault(.expectedValue, at: position) }
    switch base[position] {
    case UInt8(ascii: "\""): _ = try scanString()
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try scanNumber()
    case UInt8(ascii: "{"): try scanObject(depth: depth + 1)
    case UInt8(ascii: "["): try scanArray(depth: depth + 1)
    case UInt8(ascii: "t"): try scanWord(Word.true, length: 4)
    case UInt8(ascii: "f"): try scanWord(Word.alse, length: 5)
    case UInt8(ascii: "n"): try scanWord(Word.null, length: 4)
    default: throw JSONFault(.expectedValue, at: position)
    }
  }

  @inline(never)
  private mutating func scanObject(depth: Int) throws(JSONFault) {
    guard try enterObject(depth: depth) else { return }
    var mark = keys.beginObject()
    repeat {
      _ = try scanKey(&mark)
      try scanValue(depth: depth)
    } while try continueObject()
    keys.endObject(mark)
  }

  @inline(never)
  private mutating func scanArray(depth: Int) throws(JSONFault) {
    guard try enterArray(depth: depth) else { return }
    repeat { try scanValue(depth: depth) } while try continueArray()
  }

  // MARK: - The tokens between values

  /// Steps behind `{`, and behind `}` too when the object is empty.
  /// - Returns: whether a key follows.
  @inline(__always)
  mutating func enterObject(depth: Int) throws(JSONFault) -> Bool {
    guard depth <= depthMax else { throw JSONFault(.tooDeep, at: position) }
    position += 1
    skipSpace()
    guard position < count else { throw JSONFault(.expectedKeyOrEnd, at: position) }
    if base[position] == UInt8(ascii: "}") {
      position += 1
      return false
    }
    guard base[position] == UInt8(ascii: "\"") else { throw JSONFault(.expectedKeyOrEnd, at: position) }
    return true
  }

  /// Reads a key that is new in the object of `mark`, and the colon; the value follows.
  @inline(__always)
  mutating func scanKey(_ mark: inout KeyRegister.Mark) throws(JSONFault) -> StringToken {
    let quote = position
    let key = try scanString()
    guard keys.add(start: key.start, length: key.end - key.start, escaped: key.escaped, to: &mark) else {
      throw JSONFault(.duplicateKey, at: quote)
    }
    skipSpace()
    guard position < count, base[position] == UInt8(ascii: ":") else { throw JSONFault(.expectedColon, at: position) }
    position += 1
    skipSpace()
    return key
  }

  /// Steps behind the `,` or `}` that follows a member.
  /// - Returns: whether another key follows.
  @inline(__always)
  mutating func continueObject() throws(JSONFault) -> Bool {
    skipSpace()
    guard position < count else { throw JSONFault(.expectedCommaOrBrace, at: position) }
    switch base[position] {
    case UInt8(ascii: ","):
      position += 1
      skipSpace()
      guard position < count, base[position] == UInt8(ascii: "\"") else { throw JSONFault(.expectedKey, at: position) }
      return true
    case UInt8(ascii: "}"):
      position += 1
      return false
    default: throw JSONFault(.expectedCommaOrBrace, at: position)
    }
  }

  /// Steps behind `[`, and behind `]` too when the array is empty.
  /// - Returns: whether a value follows.
  @inline(__always)
  mutating func enterArray(depth: Int) throws(JSONFault) -> Bool {
    guard depth <= depthMax else { throw JSONFault(.tooDeep, at: position) }
    position += 1
    skipSpace()
    if position < count, base[position] == UInt8(ascii: "]") {
      position += 1
      return false
    }
    return true
  }

  /// Steps behind the `,` or `]` that follows an element.
  /// - Returns: whether another value follows.
  @inline(__always)
  mutating func continueArray() throws(JSONFault) -> Bool {
    skipSpace()
    guard position < count else { throw JSONFault(.expectedCommaOrBracket, at: position) }
    switch base[position] {
    case UInt8(ascii: ","):
      position += 1
      skipSpace()
      return true
    case UInt8(ascii: "]"):
      position += 1
      return false
    default: throw JSONFault(.expectedCommaOrBracket, at: position)
    }
  }

  /// Steps behind a word of `length` letters that ends with these four; its first letter was seen.
  @inline(__always)
  mutating func scanWord(_ letters: UInt32, length: Int) throws(JSONFault) {
    guard position + length <= count, ByteWord.loadHalf(base + position + length - 4) == letters else {
      throw JSONFault(.expectedValue, at: position)
    }
    position += length
  }

  /// Steps behind the white space of RFC 8259 section 2: space, tab, LF, CR.
  @inline(__always)
  mutating func skipSpace() {
    guard position < count, base[position] <= 0x20 else { return }
    skipSpaceSlowly()
  }

  private mutating func skipSpaceSlowly() {
    let start = position
    while position < count {
      switch base[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default:
        if position > start { hasSpace = true }
        return
      }
    }
    if position > start { hasSpace = true }
  }
}

/// The last four letters of the words, the first one lowest.
enum Word {
  static let `true`: UInt32 = 0x6575_7274
  static let alse: UInt32 = 0x6573_6C61
  static let null: UInt32 = 0x6C6C_756E
}
