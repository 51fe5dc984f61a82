import CEL
import JSON

/// One file's record. Its content lies under `contentID` and never changes: a new upload is new content.
package struct StoredFile: Sendable {
  package let bucket: String
  package let path: String
  package let size: Int64
  /// SHA-256 of the content; its hexadecimal form is the ETag.
  package let digest: [UInt8]
  package let contentType: String
  package let created: Timestamp
  package let updated: Timestamp
  /// The id of the user who uploaded it, for rules.
  package let owner: String?
  package let contentID: String

  package init(
    bucket: String, path: String, size: Int64, digest: [UInt8], contentType: String, created: Timestamp, updated: Timestamp, owner: String?,
    contentID: String
  ) {
    self.bucket = bucket
    self.path = path
    self.size = size
    self.digest = digest
    self.contentType = contentType
    self.created = created
    self.updated = updated
    self.owner = owner
    self.contentID = contentID
  }

  package var entityTag: String { "\"\(hexadecimal(digest))\"" }

  package var value: JSONValue {
    [
      "bucket": .string(bucket), "path": .string(path), "size": .int(size), "contentType": .string(contentType),
      "sha256": .string(hexadecimal(digest)), "owner": owner.map(JSONValue.string) ?? .null,
      "createdAt": .string(created.text), "updatedAt": .string(updated.text),
    ]
  }
}

/// The variables of a bucket's rule: bare names are the file's (`path`, `size`, `contentType`, `owner`).
package struct FileRuleContext: CELActivation {
  private let variables: RuleVariables
  private let file: CELValue
  package let lookups: (any CELLookups)?

  package init(_ variables: RuleVariables, file: StoredFile, lookups: (any CELLookups)? = nil) {
    self.variables = variables
    self.lookups = lookups
    self.file = CELValue(file.value)
  }

  /// Before an upload there is only what the caller says of it.
  package init(_ variables: RuleVariables, bucket: String, path: String, contentType: String, size: Int64?, owner: String?, lookups: (any CELLookups)? = nil) {
    self.variables = variables
    self.lookups = lookups
    file = CELValue([
      "bucket": .string(bucket), "path": .string(path), "contentType": .string(contentType),
      "size": size.map(JSONValue.int) ?? .null, "owner": owner.map(JSONValue.string) ?? .null,
    ])
  }

  package func value(of variable: String) -> CELValue? {
    switch variable {
    case "auth": variables.auth
    case "request": variables.request
    case "file": file
    default: nil
    }
  }
}
