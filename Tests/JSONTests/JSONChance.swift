@testable import JSON

/// Random JSON: values of all kinds, and texts that write them with odd white space, escapes and number forms.
struct JSONChance {
  var chance: SeededChance
  static let names = ["a", "b", "c", "id", "name", "é", "e\u{301}", "", "a.b", "long name of more than eight bytes", "\u{1F600}", "q\"\\"]

  mutating func value(depth: Int = 4) -> JSONValue {
    switch chance.below(depth > 0 ? 10 : 7) {
    case 0: return .null
    case 1: return .bool(chance.oneIn(2))
    case 2: return .int(Int64(chance.below(2000) - 1000))
    case 3: return .int(Int64(bitPattern: chance.next()))
    case 4: return .double(double())
    case 5, 6: return .string(string())
    case 7: return .array((0..<chance.below(5)).map { _ in value(depth: depth - 1) })
    default: return .object(object(depth: depth))
    }
  }

  mutating func object(depth: Int = 4) -> JSONObject {
    var object = JSONObject()
    let count = chance.oneIn(10) ? 15 + chance.below(10) : chance.below(6)
    for number in 0..<count { object[count > 10 ? "k\(number)" : chance.pick(JSONChance.names)] = value(depth: depth - 1) }
    return object
  }

  mutating func double() -> Double {
    let bits = Double(bitPattern: chance.next())
    return chance.oneIn(2) && bits.isFinite ? bits : Double(chance.below(100_000)) / 1000
  }

  mutating func string() -> String {
    let parts = ["a", "é", "\u{1F600}", "\n", "\"", "\\", "\u{0}", "\u{1F}", "\u{7F}", "\u{2028}", "plain text ", "/", "\u{FFFF}"]
    return (0..<chance.below(8)).map { _ in chance.pick(parts) }.joined()
  }

  /// A text that parses to `value`.
  mutating func text(_ value: JSONValue) -> String {
    switch value {
    case .string(let string): return quoted(string)
    case .array(let elements):
      return row("[", elements.map { text($0) }, "]")
    case .object(let object):
      return row("{", object.map { "\(quoted($0.key))\(space()):\(space())\(text($0.value))" }, "}")
    default: return value.text
    }
  }

  private mutating func row(_ open: String, _ parts: [String], _ close: String) -> String {
    var text = open + space()
    for (index, part) in parts.enumerated() {
      if index > 0 { text += "," + space() }
      text += part + space()
    }
    return text + close
  }

  private mutating func space() -> String { chance.oneIn(4) ? chance.pick([" ", "\n", "\t", "\r\n", "  "]) : "" }

  private mutating func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      if chance.oneIn(3) || scalar.value < 0x20 || scalar == "\"" || scalar == "\\" {
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16, uppercase: chance.oneIn(2))
          text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }
}
