/// Others' text on a terminal: nothing in it may move the cursor, change colours or forge a line.
enum Printable {
  /// On one line, control characters replaced.
  static func line(_ text: String) -> String { replacing(text, keepsLines: false) }

  /// As it stands, except for control characters other than line ends and tabs.
  static func lines(_ text: String) -> String { replacing(text, keepsLines: true) }

  private static func replacing(_ text: String, keepsLines: Bool) -> String {
    guard text.unicodeScalars.contains(where: { isHarmful($0, keepsLines) }) else { return text }
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if !isHarmful(scalar, keepsLines) {
        scalars.append(scalar)
      } else {
        scalars.append(scalar == "\n" || scalar == "\t" ? " " : "\u{FFFD}")
      }
    }
    return String(scalars)
  }

  private static func isHarmful(_ scalar: Unicode.Scalar, _ keepsLines: Bool) -> Bool {
    if keepsLines && (scalar == "\n" || scalar == "\t") { return false }
    // C0, DEL, C1; line and paragraph separators; what turns the direction of writing.
    return scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x2028...0x202E).contains(scalar.value)
      || (0x2066...0x2069).contains(scalar.value)
  }

  /// How many cells of a terminal the text takes: two for what East Asian fonts draw wide, and for emoji.
  static func cells(_ text: String) -> Int {
    text.reduce(0) { sum, character in sum + (character.unicodeScalars.first.map(isWide) ?? false ? 2 : 1) }
  }

  /// The text, cut to so many cells where it is longer.
  static func cut(_ text: String, to cellsMax: Int) -> String {
    guard cells(text) > cellsMax else { return text }
    var kept = ""
    var left = cellsMax - 1
    for character in text {
      left -= cells(String(character))
      if left < 0 { break }
      kept.append(character)
    }
    return kept + "…"
  }

  private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
      0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}
