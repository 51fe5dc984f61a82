import JSON

/// A plain scalar's value by the core schema of YAML 1.2 (section 10.3.2): only null, true, false and numbers are not text. So `yes`,
/// `no`, `on`, `12:30` and `2026-11-21` are text.
enum YAMLScalar {
  /// Throws for numbers that are likely meant as text, and for those that JSON does not have.
  static func value(of text: String, line: Int) throws(AppFileError) -> JSONValue {
    switch text {
    case "", "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE": return .bool(true)
    case "false", "False", "FALSE": return .bool(false)
    default: return try number(text, line: line) ?? .string(text)
    }
  }

  private static func number(_ text: String, line: Int) throws(AppFileError) -> JSONValue? {
    let unsigned = text.first.map { "+-".contains($0) } ?? false ? text.dropFirst() : text[...]
    switch unsigned {
    case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN":
      throw AppFileError(line: line, "\(text): documents have no infinite numbers and no NaN; put quotes around it if text is meant")
    default: break
    }
    guard let first = unsigned.utf8.first, isDigit(first) || first == UInt8(ascii: ".") else { return nil }
    let isHex = unsigned.hasPrefix("0x") && unsigned.count > 2 && unsigned.dropFirst(2).allSatisfy(\.isHexDigit)
    let isOctal = unsigned.hasPrefix("0o") && unsigned.count > 2 && unsigned.utf8.dropFirst(2).allSatisfy { (0x30...0x37).contains($0) }
    if isHex || isOctal {
      throw AppFileError(line: line, "\(text) is not a decimal number; write it as one, or put quotes around it if text is meant")
    }
    guard let parts = Decimal(unsigned.utf8) else { return nil }
    if parts.whole.count > 1, parts.whole.first == UInt8(ascii: "0") {
      throw AppFileError(line: line, "\(text) begins with a zero; put quotes around it if text is meant, or leave the zero out")
    }
    if !parts.isFraction, let integer = Int64(text.first == "+" ? unsigned : text[...]), !(integer == 0 && text.first == "-") {
      return .int(integer)
    }
    let magnitude = String(decoding: unsigned.utf8, as: UTF8.self)
    guard let double = Double(magnitude.hasSuffix(".") ? magnitude + "0" : magnitude), double.isFinite else {
      throw AppFileError(line: line, "\(text) is too large for a number; put quotes around it if text is meant")
    }
    return .double(text.first == "-" ? -double : double)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  /// `[0-9]+ ( "." [0-9]* )? ( [eE] [-+]? [0-9]+ )?`, or the same beginning with `"." [0-9]+`.
  private struct Decimal {
    let whole: Substring.UTF8View.SubSequence
    let isFraction: Bool

    init?(_ text: Substring.UTF8View) {
      whole = text.prefix(while: YAMLScalar.isDigit)
      var rest = text[whole.endIndex...]
      var isFraction = false
      if rest.first == UInt8(ascii: ".") {
        isFraction = true
        rest = rest.dropFirst()
        let digits = rest.prefix(while: YAMLScalar.isDigit)
        if whole.isEmpty && digits.isEmpty { return nil }
        rest = rest[digits.endIndex...]
      }
      if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
        isFraction = true
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let digits = rest.prefix(while: YAMLScalar.isDigit)
        if digits.isEmpty { return nil }
        rest = rest[digits.endIndex...]
      }
      guard rest.isEmpty else { return nil }
      self.isFraction = isFraction
    }
  }
}
