extension CELFunctions {
  static let encoders: [CELFunction] = [
    CELFunction(
      "base64.encode", [.global(.bytes, gives: .string)],
      .one { (value, frame) throws(CELFault) in
        guard case .bytes(let bytes) = value else { throw frame.mismatch(value) }
        try frame.charge(bytes: bytes.count * 2)
        return .string(CELBase64.encode(bytes))
      }),
    CELFunction(
      "base64.decode", [.global(.string, gives: .bytes)],
      .one { (value, frame) throws(CELFault) in
        guard case .string(let text) = value else { throw frame.mismatch(value) }
        try frame.charge(bytes: text.utf8.count * 2)
        guard let bytes = CELBase64.decode(text) else {
          frame.detail = .key(value)
          throw CELFault(.badConversion)
        }
        return .bytes(bytes)
      }),
    CELFunction("strings.quote", [.global(.string, gives: .string)], .one(quote)),
  ]

  /// The string as a literal that stands for it.
  private static func quote(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    guard case .string(let text) = value else { throw frame.mismatch(value) }
    try frame.charge(bytes: text.utf8.count * 2)
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\u{07}": quoted += "\\a"
      case "\u{08}": quoted += "\\b"
      case "\u{0C}": quoted += "\\f"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{0B}": quoted += "\\v"
      case "\\": quoted += "\\\\"
      case "\"": quoted += "\\\""
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return .string(quoted + "\"")
  }
}
