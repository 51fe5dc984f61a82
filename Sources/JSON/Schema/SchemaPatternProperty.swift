/// Unicode properties as ECMA-262 names them (tables 68 to 70), and as RE2 does.
enum SchemaPatternProperty {
  /// The property as the inside of a bracket.
  static func set(_ name: String, isNegated: Bool) throws(SchemaPatternFault) -> String {
    let escape = isNegated ? "\\P" : "\\p"
    let parts = name.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { isWordByte($0) } }) else {
      throw SchemaPatternFault(description: "the unknown property '\(name.unicodeScalars.prefix(20))'")
    }
    if parts.count == 2 {
      switch parts[0] {
      case "General_Category", "gc": return "\(escape){\(categories[parts[1]] ?? parts[1])}"
      case "Script", "sc": return "\(escape){\(parts[1])}"
      default: throw SchemaPatternFault(description: "the unknown property '\(name)'")
      }
    }
    switch name {
    case "Any" where !isNegated: return "\\x{0}-\\x{10ffff}"
    case "ASCII": return isNegated ? "\\x{80}-\\x{10ffff}" : "\\x{0}-\\x{7f}"
    default: return "\(escape){\(categories[name] ?? name)}"
    }
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || byte == UInt8(ascii: "_")
  }

  /// The long names of the general categories.
  private static let categories: [String: String] = [
    "Letter": "L", "Cased_Letter": "LC", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Combining_Mark": "M", "Nonspacing_Mark": "Mn", "Spacing_Mark": "Mc",
    "Enclosing_Mark": "Me", "Number": "N", "Decimal_Number": "Nd", "digit": "Nd", "Letter_Number": "Nl", "Other_Number": "No",
    "Punctuation": "P", "punct": "P", "Connector_Punctuation": "Pc", "Dash_Punctuation": "Pd", "Open_Punctuation": "Ps",
    "Close_Punctuation": "Pe", "Initial_Punctuation": "Pi", "Final_Punctuation": "Pf", "Other_Punctuation": "Po", "Symbol": "S",
    "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Modifier_Symbol": "Sk", "Other_Symbol": "So", "Separator": "Z",
    "Space_Separator": "Zs", "Line_Separator": "Zl", "Paragraph_Separator": "Zp", "Other": "C", "Control": "Cc", "cntrl": "Cc",
    "Format": "Cf", "Surrogate": "Cs", "Private_Use": "Co", "Unassigned": "Cn",
  ]
}
