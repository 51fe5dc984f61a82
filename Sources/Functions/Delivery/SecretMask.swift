import Core

/// Hides the values of secrets in what a function printed. Whoever prints them in another form (encoded, in pieces) is not helped.
struct SecretMask {
  private let values: [String]

  init(_ secrets: [String: String]) {
    // Longer ones first: one may stand in another.
    values = Set(secrets.values).filter { $0.count >= Limits.maskedSecretCharactersMin }.sorted { ($0.count, $0) > ($1.count, $1) }
  }

  func masking(_ text: String) -> String {
    var text = text
    for value in values where text.utf8.count >= value.utf8.count && text.contains(value) { text = text.replacing(value, with: "***") }
    return text
  }
}
