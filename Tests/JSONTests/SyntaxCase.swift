import Testing

/// One text and what becomes of it. The names follow the categories of Nicolas Seriot's "Parsing JSON is a Minefield":
/// `accepted` is what RFC 8259 demands, `refused` what it forbids, and the `decided…` are where it leaves the choice to us.
struct SyntaxCase: Sendable, CustomTestStringConvertible {
  enum Outcome: Sendable { case accepted, refused }

  let name: String
  let bytes: [UInt8]
  let outcome: Outcome

  var testDescription: String { name }

  static func accepted(_ name: String, _ text: String) -> SyntaxCase { accepted(name, Array(text.utf8)) }
  static func accepted(_ name: String, _ bytes: [UInt8]) -> SyntaxCase { SyntaxCase(name: "y_" + name, bytes: bytes, outcome: .accepted) }

  static func refused(_ name: String, _ text: String) -> SyntaxCase { refused(name, Array(text.utf8)) }
  static func refused(_ name: String, _ bytes: [UInt8]) -> SyntaxCase { SyntaxCase(name: "n_" + name, bytes: bytes, outcome: .refused) }

  static func decidedAccepted(_ name: String, _ text: String) -> SyntaxCase {
    SyntaxCase(name: "i_" + name, bytes: Array(text.utf8), outcome: .accepted)
  }
  static func decidedRefused(_ name: String, _ text: String) -> SyntaxCase { decidedRefused(name, Array(text.utf8)) }
  static func decidedRefused(_ name: String, _ bytes: [UInt8]) -> SyntaxCase {
    SyntaxCase(name: "i_" + name, bytes: bytes, outcome: .refused)
  }

  /// `bytes` as the only string of an array: `["…"]`.
  static func inString(_ bytes: [UInt8]) -> [UInt8] { Array(#"[""#.utf8) + bytes + Array(#""]"#.utf8) }
}
