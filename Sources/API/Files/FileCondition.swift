import Core
import HTTPServer
import Synchronization

/// If-Match and If-None-Match of a write to a file (RFC 9110, section 13.1).
struct FileCondition: Sendable {
  private enum Kind: Sendable {
    case none, exists, isMissing
    case oneOf([String])
    case noneOf([String])
  }

  private let kind: Kind

  init(_ headers: HTTPHeaders) throws {
    let ifMatch = try EntityTags.parse(headers, "If-Match")
    let ifNoneMatch = try EntityTags.parse(headers, "If-None-Match")
    kind =
      switch (ifMatch, ifNoneMatch) {
      case (.any?, _): .exists
      case (.tags(let tags)?, _): .oneOf(tags.compactMap { $0.isWeak ? nil : $0.tag })
      case (_, .any?): .isMissing
      case (_, .tags(let tags)?): .noneOf(tags.map(\.tag))
      case (nil, nil): .none
      }
  }

  /// Throws `precondition_failed`.
  func require(_ current: StoredFile?) throws {
    let tag = current.map { hexadecimal($0.digest) }
    let holds =
      switch kind {
      case .none: true
      case .exists: current != nil
      case .isMissing: current == nil
      case .oneOf(let tags): tag.map(tags.contains) ?? false
      case .noneOf(let tags): !(tag.map(tags.contains) ?? false)
      }
    guard holds else {
      throw RoostError(.preconditionFailed, "The file is not in the state that the request expects. Look at its ETag again and retry.")
    }
  }
}

/// Carries one answer out of a decision that runs in the writer's transaction.
final class NewFlag: Sendable {
  private let flag = Mutex(false)

  var value: Bool { flag.withLock { $0 } }

  func set(_ value: Bool) { flag.withLock { $0 = value } }
}
