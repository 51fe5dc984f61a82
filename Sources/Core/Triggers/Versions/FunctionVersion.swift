import JSON

/// One deploy of a function. It never changes.
package struct FunctionVersion: Sendable {
  package let version: Int64
  package let created: Timestamp
  /// Who deployed it: a JSON object; nil where that is not known.
  package let author: [UInt8]?
  /// Bytes of the source, or of the archive as it was sent.
  package let size: Int64
  /// SHA-256 of the same, in hexadecimal digits; nil for versions of old that had none.
  package let checksum: String?
  package let isArchive: Bool
  /// What keeps it from being deleted: `current`, `live`, names of aliases.
  package let uses: [String]

  package init(version: Int64, created: Timestamp, author: [UInt8]?, size: Int64, checksum: String?, isArchive: Bool, uses: [String]) {
    self.version = version
    self.created = created
    self.author = author
    self.size = size
    self.checksum = checksum
    self.isArchive = isArchive
    self.uses = uses
  }

  package var value: JSONObject {
    [
      "version": .int(version), "createdAt": .string(created.text), "by": author.flatMap { try? JSONValue(parsing: $0) } ?? .null, "size": .int(size),
      "checksum": checksum.map(JSONValue.string) ?? .null, "kind": .string(isArchive ? "archive" : "source"),
      "uses": .array(uses.map(JSONValue.string)),
    ]
  }
}

/// A name for a version of a function, or for two with weights.
package struct FunctionAlias: Sendable {
  /// The alias that decides who takes events. It is always there; while it names one version, that is the function's current one.
  package static let live = "live"

  package let name: String
  package let split: VersionSplit
  package let updated: Timestamp

  package init(name: String, split: VersionSplit, updated: Timestamp) {
    self.name = name
    self.split = split
    self.updated = updated
  }

  package var value: JSONValue {
    ["name": .string(name), "versions": split.value, "updatedAt": .string(updated.text)]
  }
}

/// How a deploy goes.
package struct DeployOptions: Sendable {
  /// Who deploys: a JSON object.
  package var author: [UInt8]?
  /// The share of events that the new version gets. With less than 1 the version before goes on with the rest.
  package var share = 1.0
  /// `If-Match`: the versions of which one must be the current one.
  package var expected: VersionCondition = .none

  package init(author: [UInt8]? = nil, share: Double = 1, expected: VersionCondition = .none) {
    self.author = author
    self.share = share
    self.expected = expected
  }
}

/// The versions of functions at rest. All throw `function_not_found`.
package protocol FunctionVersionStore: Sendable {
  /// Newest first.
  func versions(of function: String, limit: Int, before version: Int64?) async throws -> [FunctionVersion]
  /// Nil if there is no such version, or none any more.
  func version(_ number: Int64, of function: String) async throws -> (version: FunctionVersion, definition: FunctionDefinition)?
  /// Throws `not_found`, and `conflict` for a version that is in use.
  func deleteVersion(_ number: Int64, of function: String) async throws
  /// `live` first, then by name.
  func aliases(of function: String) async throws -> [FunctionAlias]
  /// Throws `not_found` if it names a version that is not there, `conflict` past the limit of aliases. `live` changes which version is current.
  func setAlias(_ name: String, of function: String, to split: VersionSplit, expected: VersionCondition, at now: Timestamp) async throws
    -> (alias: FunctionAlias, created: Bool)
  /// Throws `not_found`. Deleting `live` ends a split: the current version takes everything.
  func deleteAlias(_ name: String, of function: String, at now: Timestamp) async throws
}

extension RoostError {
  package static func versionNotFound(_ version: Int64, of function: String) -> RoostError {
    RoostError(.notFound, "The function '\(function.prefix(80))' has no version \(version), or none any more.")
  }
}
