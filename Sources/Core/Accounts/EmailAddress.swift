/// An address people log in with. Compared without regard to case, as every mail provider does.
package struct EmailAddress: Sendable, Hashable {
  /// Lower case.
  package let text: String

  /// `nil` unless there is one `@` with something before it and a domain after it (a loose reading of RFC 5321: the mail decides).
  package init?(_ text: String) {
    let text = text.lowercased()
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard text.count <= Limits.emailCharactersMax, parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64,
      parts[1].utf8.count >= 3, parts[1].contains("."), !parts[1].hasPrefix("."), !parts[1].hasSuffix("."),
      !text.unicodeScalars.contains(where: { $0.value <= 32 || $0.value == 127 || "<>()[]\\,;:\"".unicodeScalars.contains($0) })
    else { return nil }
    self.text = text
  }
}
