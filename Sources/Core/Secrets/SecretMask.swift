import JSON

/// Hides the values of secrets in what a function printed or returned, as they are, line by line, and as JSON writes them. Whoever prints them in another form
/// (encoded, in pieces) is not helped.
package struct SecretMask: Sendable {
  private static let stars = Array("***".utf8)

  // Bytes: of characters the last could join with one behind it (an accent, the LF after a CR) and be another.
  private let values: [[UInt8]]

  package init(_ secrets: [String: String]) {
    var values: Set<[UInt8]> = []
    for secret in secrets.values {
      values.insert(Array(secret.utf8))
      // A key of several lines, whose lines are printed one after the other.
      for line in secret.split(whereSeparator: \.isNewline) { values.insert(line.utf8.drop { $0 == 0x20 || $0 == 0x09 }.map { $0 }) }
      values.insert(Array(JSONValue.string(secret).bytes().dropFirst().dropLast()))
    }
    // Longer ones first: one may stand in another.
    self.values = values.filter { $0.count >= Limits.maskedSecretCharactersMin }.sorted { ($0.count, $1[0]) > ($1.count, $0[0]) }
  }

  package func masking(_ text: String) -> String {
    guard !values.isEmpty else { return text }
    var bytes = Array(text.utf8)
    for value in values where bytes.count >= value.count && bytes.contains(value) { bytes = bytes.replacing(value, with: Self.stars) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The same in every name, text and number of a value; what held a secret is a text then.
  package func masking(_ value: JSONValue) -> JSONValue {
    guard !values.isEmpty else { return value }
    switch value {
    case .string(let text): return .string(masking(text))
    case .array(let items): return .array(items.map(masking))
    case .object(let members):
      var masked = JSONObject()
      for (name, member) in members { masked[masking(name)] = masking(member) }
      return .object(masked)
    default:
      let text = String(decoding: value.bytes(), as: UTF8.self)
      let masked = masking(text)
      return masked == text ? value : .string(masked)
    }
  }
}
