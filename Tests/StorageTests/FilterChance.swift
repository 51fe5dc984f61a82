import TestKit

/// Documents and filters by chance, full of what SQL and CEL see differently.
enum FilterChance {
  private static let fields = ["a", "b", "c", "flag", "o", "o.x", "o.y", "o.x.z", "none"]
  private static let numbers = [
    "0", "1", "-1", "2", "5", "5.0", "1.0", "0.0", "-0.0", "-0", "0.1", "0.3", "19.99", "4.35", "1e3", "1e300", "-1e300", "5e-324", "2.5", "1e-7",
    "123456789.123",
    "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
    "12345678901234567890", "123456789012345678901234567890", "0.30000000000000004", "179769313486231570000000000", "4.9E1",
  ]
  private static let texts = [
    "", "a", "A", "b", "ab", "abc", "aé", "é", "e\\u0301", "{", "[", "[1]", "{}", "1", "true", "null", "a\\u0000", "a\\u0000b", "\\u0000", "😀",
    "\\ud83d\\ude00", "\\uffff",
    "Z", "~", "z", " ", "a%", "a_", "\\n", "2023-11-14T22:13:20.000Z",
  ]

  static func pick<Element>(_ elements: [Element], _ chance: inout SeededRandom) -> Element { elements[Int(chance.next() % UInt64(elements.count))] }

  static func id(_ chance: inout SeededRandom) -> String { pick(["a", "ab", "b", "x-", "_", "Z"], &chance) }

  // MARK: Documents

  static func document(_ chance: inout SeededRandom) -> String {
    var members: [String] = []
    for name in ["a", "b", "c", "flag"] where chance.next() % 5 != 0 {
      members.append("\(key(name, &chance)):\(name == "flag" && chance.next() % 2 == 0 ? pick(["true", "false"], &chance) : value(&chance, depth: 1))")
    }
    if chance.next() % 3 != 0 {
      let inner = ["x", "y"].filter { _ in chance.next() % 3 != 0 }.map { "\(key($0, &chance)):\(value(&chance, depth: 1))" }
      members.append("\"o\":{\(inner.joined(separator: ","))}")
    } else if chance.next() % 2 == 0 {
      members.append("\"o\":\(value(&chance, depth: 2))")
    }
    return "{\(members.joined(separator: ","))}"
  }

  private static func key(_ name: String, _ chance: inout SeededRandom) -> String {
    guard chance.next() % 12 == 0, let byte = name.utf8.first else { return "\"\(name)\"" }
    let hex = String(byte, radix: 16)
    return "\"\\u00\(hex.count == 1 ? "0" : "")\(hex)\(name.dropFirst())\""
  }

  static func value(_ chance: inout SeededRandom, depth: Int) -> String {
    switch chance.next() % 10 {
    case 0: return "null"
    case 1: return pick(["true", "false"], &chance)
    case 2...4: return pick(numbers, &chance)
    case 5...7: return "\"\(pick(texts, &chance))\""
    case 8 where depth > 0: return "[\((0..<chance.next() % 3).map { _ in value(&chance, depth: depth - 1) }.joined(separator: ","))]"
    case 9 where depth > 0: return #"{"z":\#(value(&chance, depth: depth - 1))}"#
    default: return pick(numbers, &chance)
    }
  }

  // MARK: Filters

  static func expression(_ chance: inout SeededRandom, depth: Int) -> String {
    guard depth > 0, chance.next() % 4 != 0 else { return comparison(&chance) }
    let left = expression(&chance, depth: depth - 1)
    switch chance.next() % 7 {
    case 0, 1: return "(\(left) && \(expression(&chance, depth: depth - 1)))"
    case 2, 3: return "(\(left) || \(expression(&chance, depth: depth - 1)))"
    case 4, 5: return "!(\(left))"
    default: return "(\(left) ? \(expression(&chance, depth: depth - 1)) : \(expression(&chance, depth: depth - 1)))"
    }
  }

  private static func comparison(_ chance: inout SeededRandom) -> String {
    let field = pick(fields, &chance)
    let sign = pick(["==", "!=", "<", "<=", ">", ">="], &chance)
    switch chance.next() % 20 {
    case 0: return field
    case 1: return "!\(field)"
    case 2: return "has(\(pick(fields.filter { $0.contains(".") } + ["document.a", "document.flag"], &chance)))"
    case 3: return "\(field).startsWith(\(literalText(&chance)))"
    case 4, 5: return "\(field) in [\((0..<chance.next() % 4).map { _ in literal(&chance) }.joined(separator: ", "))]"
    case 6: return "\(literal(&chance)) in \(field)"
    case 7: return "\(field) in params.list"
    case 8: return "\(literal(&chance)) \(sign) \(field)"
    case 9: return "\(field) \(sign) \(pick(fields, &chance))"
    case 10: return "\(field) \(sign) \(pick(["auth.id", "params.n", "params.s", "params.missing", "params.none", "auth.email", "\"a\" + \"b\""], &chance))"
    case 11: return pick(["auth != null", "auth.id == \"ab\"", "params.n > 3", "\"editor\" in auth.roles", "false", "true"], &chance)
    case 12: return "version \(sign) \(pick(["1", "2", "0", "1.0", "1.5", "3", "\"1\""], &chance))"
    case 13: return "createdAt \(sign) \(pick(["\"2023\"", "\"2023-11-14T22:14:00.000Z\"", "\"2023-11-14T22:30\"", "\"\"", "\"9\"", "5"], &chance))"
    case 14: return "id \(sign) \(pick(["\"a\"", "\"ab\"", "\"0\"", "\"z\"", "1"], &chance))"
    case 15: return "\(field) + \(field) \(sign) \(literal(&chance))"
    case 16: return "size(\(field)) \(sign) 1"
    case 17: return "document[\"a\"] \(sign) \(literal(&chance))"
    default: return "\(field) \(sign) \(literal(&chance))"
    }
  }

  private static func literal(_ chance: inout SeededRandom) -> String {
    switch chance.next() % 8 {
    case 0: return "null"
    case 1: return pick(["true", "false"], &chance)
    case 2...4:
      // A whole number beyond Int64 is no literal of CEL.
      return pick(
        [
          "0", "1", "-1", "2", "5", "5.0", "0.0", "-0.0", "0.1", "19.99", "4.35", "2.5", "1e3", "1e300", "5e-324", "9007199254740992", "9007199254740993",
          "9223372036854775807", "9223372036854775807.0", "1.2345678901234567e29", "5u", "-9007199254740993", "0.30000000000000004",
        ], &chance)
    case 5...6: return literalText(&chance)
    default: return pick(["[1]", "{}", "[]", "{\"z\": 1}", "[\"a\"]", "b\"a\"", "duration(\"1s\")"], &chance)
    }
  }

  private static func literalText(_ chance: inout SeededRandom) -> String {
    var text = pick(texts, &chance)
    if text == "\\ud83d\\ude00" { text = "\\U0001F600" }
    return "\"\(text)\""
  }

  static func sort(_ chance: inout SeededRandom) -> String {
    let keys = pick([["a"], ["b", "c"], ["o.x", "a"], ["createdAt"], ["id"], ["none"], ["c", "a"], ["flag", "version"], ["version", "id", "a"]], &chance)
    let flip = chance.next() % 2 == 0
    return keys.enumerated().map { ($0.offset % 2 == 0 ? flip : chance.next() % 2 == 0) ? "-" + $0.element : $0.element }.joined(separator: ",")
  }
}
