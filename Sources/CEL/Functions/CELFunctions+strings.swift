extension CELFunctions {
  static let strings: [CELFunction] =
    [
      CELFunction("contains", [.method(.string, .string, gives: .bool)], .two(contains)),
      CELFunction("startsWith", [.method(.string, .string, gives: .bool)], .two(startsWith)),
      CELFunction("endsWith", [.method(.string, .string, gives: .bool)], .two(endsWith)),
      CELFunction("lowerAscii", [.method(.string, gives: .string)], .one(lowerAscii)),
      CELFunction("upperAscii", [.method(.string, gives: .string)], .one(upperAscii)),
      CELFunction("trim", [.method(.string, gives: .string)], .one(trim)),
      CELFunction("reverse", [.method(.string, gives: .string)], .one(reverse)),
      CELFunction("charAt", [.method(.string, .int, gives: .string)], .two(charAt)),
      CELFunction(
        "substring", [.method(.string, .int, gives: .string), .method(.string, .int, .int, gives: .string)], .many(substring)),
      CELFunction(
        "indexOf", [.method(.string, .string, gives: .int), .method(.string, .string, .int, gives: .int)], .many(indexOf)),
      CELFunction(
        "lastIndexOf", [.method(.string, .string, gives: .int), .method(.string, .string, .int, gives: .int)], .many(lastIndexOf)),
      CELFunction(
        "replace", [.method(.string, .string, .string, gives: .string), .method(.string, .string, .string, .int, gives: .string)],
        .many(replace)),
      CELFunction(
        "split", [.method(.string, .string, gives: .list(.string)), .method(.string, .string, .int, gives: .list(.string))], .many(split)),
      CELFunction("join", [.method(.list(.string), gives: .string), .method(.list(.string), .string, gives: .string)], .many(join)),
    ]

  // MARK: Bytes suffice: UTF-8 has no character inside another

  private static func two(_ left: CELValue, _ right: CELValue, _ frame: inout CELFrame) throws(CELFault) -> (String, String) {
    guard case .string(let a) = left, case .string(let b) = right else { throw frame.mismatch(left, right) }
    try frame.charge(bytes: a.utf8.count + b.utf8.count)
    return (a, b)
  }

  private static func contains(_ text: CELValue, _ part: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let (text, part) = try two(text, part, &frame)
    return .bool(CELText.withBytes(text) { text in CELText.withBytes(part) { CELText.contains(text, $0) } })
  }

  private static func startsWith(_ text: CELValue, _ start: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let (text, start) = try two(text, start, &frame)
    return .bool(CELText.withBytes(text) { text in CELText.withBytes(start) { CELText.starts(text, $0) } })
  }

  private static func endsWith(_ text: CELValue, _ end: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let (text, end) = try two(text, end, &frame)
    return .bool(CELText.withBytes(text) { text in CELText.withBytes(end) { CELText.ends(text, $0) } })
  }

  private static func one(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> String {
    guard case .string(let text) = value else { throw frame.mismatch(value) }
    try frame.charge(bytes: text.utf8.count)
    return text
  }

  private static func lowerAscii(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let lower = try one(value, &frame).utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
    return .string(String(decoding: lower, as: UTF8.self))
  }

  private static func upperAscii(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let upper = try one(value, &frame).utf8.map { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") ? $0 & 0xDF : $0 }
    return .string(String(decoding: upper, as: UTF8.self))
  }

  /// Without the white space of Unicode at both ends.
  private static func trim(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    var rest = try one(value, &frame).unicodeScalars[...]
    while let first = rest.first, first.properties.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
    return .string(String(rest))
  }

  private static func reverse(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    var reversed = String.UnicodeScalarView()
    reversed.append(contentsOf: try one(value, &frame).unicodeScalars.reversed())
    return .string(String(reversed))
  }

  // MARK: By code points

  /// A string's code points, which the methods with indexes count.
  private static func scalars(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> [Unicode.Scalar] {
    guard case .string(let text) = value else { throw frame.mismatch(value) }
    // Four bytes for each.
    try frame.charge(bytes: text.utf8.count * 4)
    return Array(text.unicodeScalars)
  }

  static func string(_ scalars: some Sequence<Unicode.Scalar>) -> CELValue {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: scalars)
    return .string(String(view))
  }

  /// An index that is within `0...count`.
  private static func index(_ value: CELValue, _ count: Int, _ frame: inout CELFrame) throws(CELFault) -> Int {
    guard case .int(let index) = value else { throw frame.mismatch(value) }
    guard index >= 0, index <= Int64(count) else {
      frame.detail = .key(value)
      throw CELFault(.indexOutOfRange)
    }
    return Int(index)
  }

  private static func charAt(_ text: CELValue, _ position: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let text = try scalars(text, &frame)
    let position = try index(position, text.count, &frame)
    return position == text.count ? .string("") : string([text[position]])
  }

  private static func substring(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let text = try scalars(arguments[0], &frame)
    let start = try index(arguments[1], text.count, &frame)
    let end = arguments.count > 2 ? try index(arguments[2], text.count, &frame) : text.count
    guard start <= end else {
      frame.detail = .key(arguments[1])
      throw CELFault(.indexOutOfRange)
    }
    return string(text[start..<end])
  }

  private static func indexOf(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let text = try scalars(arguments[0], &frame)
    let part = try scalars(arguments[1], &frame)
    let start = arguments.count > 2 ? try index(arguments[2], text.count, &frame) : 0
    return .int(Int64(try find(part, in: text, from: start, &frame) ?? -1))
  }

  /// The first place of `part` at or after `start`.
  static func find(_ part: [Unicode.Scalar], in text: [Unicode.Scalar], from start: Int, _ frame: inout CELFrame) throws(CELFault) -> Int? {
    guard part.count <= text.count - start else { return nil }
    for place in start...(text.count - part.count) where try matches(part, at: place, of: text, &frame) { return place }
    return nil
  }

  private static func matches(
    _ part: [Unicode.Scalar], at place: Int, of text: [Unicode.Scalar], _ frame: inout CELFrame
  ) throws(CELFault) -> Bool {
    for offset in 0..<part.count where text[place + offset] != part[offset] {
      // What was compared in vain adds up where texts repeat themselves.
      try frame.charge(bytes: offset)
      return false
    }
    return true
  }

  private static func lastIndexOf(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let text = try scalars(arguments[0], &frame)
    let part = try scalars(arguments[1], &frame)
    let last = arguments.count > 2 ? try index(arguments[2], text.count, &frame) : text.count
    var place = min(last, text.count - part.count)
    while place >= 0 {
      if try matches(part, at: place, of: text, &frame) { return .int(Int64(place)) }
      place -= 1
    }
    return .int(-1)
  }

  /// How many are wanted; without a limit, or with a negative one, all.
  private static func limit(_ arguments: [CELValue], at place: Int, _ frame: inout CELFrame) throws(CELFault) -> Int {
    guard arguments.count > place else { return .max }
    guard case .int(let limit) = arguments[place] else { throw frame.mismatch(arguments[0], arguments[place]) }
    return limit < 0 ? .max : Int(limit)
  }

  private static func replace(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let text = try scalars(arguments[0], &frame)
    let part = try scalars(arguments[1], &frame)
    let new = try scalars(arguments[2], &frame)
    let limit = try limit(arguments, at: 3, &frame)
    var result = String.UnicodeScalarView()
    var position = 0
    var count = 0
    while count < limit, let place = try find(part, in: text, from: position, &frame) {
      try frame.charge(bytes: 4 * new.count)
      result.append(contentsOf: text[position..<place])
      result.append(contentsOf: new)
      count += 1
      position = place + part.count
      // An empty part is found before each character and at the end.
      guard part.isEmpty else { continue }
      guard position < text.count else { return .string(String(result)) }
      result.append(text[position])
      position += 1
    }
    result.append(contentsOf: text[position...])
    return .string(String(result))
  }

  private static func split(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let text = try scalars(arguments[0], &frame)
    let separator = try scalars(arguments[1], &frame)
    let limit = try limit(arguments, at: 2, &frame)
    guard limit > 0 else { return .list([]) }
    var parts: [CELValue] = []
    var position = 0
    while parts.count < limit - 1 {
      let end: Int
      if separator.isEmpty {
        guard position + 1 < text.count else { break }
        end = position + 1
      } else {
        guard let place = try find(separator, in: text, from: position, &frame) else { break }
        end = place
      }
      try frame.charge(1)
      parts.append(string(text[position..<end]))
      position = end + separator.count
    }
    if separator.isEmpty, text.isEmpty { return .list([]) }
    parts.append(string(text[position...]))
    return .list(parts)
  }

  private static func join(_ arguments: [CELValue], _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    guard case .list(let elements) = arguments[0] else { throw frame.mismatch(arguments[0]) }
    var separator = ""
    if arguments.count > 1 {
      guard case .string(let text) = arguments[1] else { throw frame.mismatch(arguments[0], arguments[1]) }
      separator = text
    }
    var result = ""
    for (position, element) in elements.enumerated() {
      guard case .string(let text) = element else { throw frame.mismatch(element) }
      try frame.charge(1 + (text.utf8.count + separator.utf8.count) >> 4)
      if position > 0 { result += separator }
      result += text
    }
    return .string(result)
  }
}
