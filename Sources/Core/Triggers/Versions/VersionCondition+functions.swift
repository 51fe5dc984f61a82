extension VersionCondition {
  /// The same for a function, whose version is that of its current deploy. Throws `precondition_failed`.
  package func requireFunction(version current: Int64?) throws {
    let holds =
      switch self {
      case .none: true
      case .exists: current != nil
      case .isMissing: current == nil
      case .oneOf(let versions): current.map { versions.contains($0) } ?? false
      case .noneOf(let versions): current.map { !versions.contains($0) } ?? true
      }
    guard !holds else { return }
    throw RoostError(
      .preconditionFailed,
      current.map { "The function's current version is \($0), not what the request expects. Look at it again and retry." } ?? "The function does not exist.")
  }
}
