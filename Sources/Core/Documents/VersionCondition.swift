/// What the caller says must be true of the document before it is written (If-Match and If-None-Match of RFC 9110, `ifVersion`).
package enum VersionCondition: Sendable, Equatable {
  case none
  /// `If-Match: *`
  case exists
  /// `If-None-Match: *`
  case isMissing
  /// `If-Match: "3", "4"`
  case oneOf([Int64])
  /// `If-None-Match: "3"`
  case noneOf([Int64])

  /// Throws `precondition_failed` and says which version there is.
  package func require(_ current: DocumentRecord?) throws {
    let holds =
      switch self {
      case .none: true
      case .exists: current != nil
      case .isMissing: current == nil
      case .oneOf(let versions): current.map { versions.contains($0.version) } ?? false
      case .noneOf(let versions): current.map { !versions.contains($0.version) } ?? true
      }
    guard !holds else { return }
    throw RoostError(
      .preconditionFailed,
      current.map { "The document has version \($0.version), not what the request expects. Read it again and retry." }
        ?? "The document does not exist.")
  }
}
