import CEL
import JSON

/// When a collection's documents expire: at the time that a field of theirs holds, or so long after it.
package struct TimeToLive: Sendable, Hashable {
  /// A path of the documents' own, or `createdAt` or `updatedAt`.
  package let path: [String]
  package let afterSeconds: Int64

  package init(path: [String], afterSeconds: Int64) {
    self.path = path
    self.afterSeconds = afterSeconds
  }

  /// Reads `{"field": "expiresAt", "afterSeconds": 0}`; nil for none. Throws `validation_failed`.
  init?(_ value: JSONValue?, pointer: String, collection: String) throws {
    guard let value, value != .bool(false) else { return nil }
    guard collection != Collection.users else {
      throw RoostError(
        .validationFailed, "Accounts do not expire: a profile goes with its account, by `DELETE /v1/users/{id}`.",
        fields: [FieldError(pointer, "not for the collection 'users'")])
    }
    guard value.objectValue != nil else {
      throw RoostError(.validationFailed, "`ttl` names a field.", fields: [FieldError(pointer, #"expected {"field": "expiresAt"}"#)])
    }
    do {
      var reader = try ConfigurationReader(value, of: "ttl")
      let field = try reader.required("field", "the name of a field that holds a time")
      let after = try reader.int("afterSeconds", in: 1...Limits.timeToLiveSecondsMax)
      try reader.refuseUnknown()
      guard let key = try? SortKey(parsing: field), !key.isDescending, key.path != ["id"], key.path != ["version"] else {
        throw RoostError(
          .validationFailed, "`ttl` names a field that holds a time.", fields: [FieldError("/field", "expected a name like \"expiresAt\" or \"session.until\"")]
        )
      }
      guard after != nil || key.path.count > 1 || !["createdAt", "updatedAt"].contains(key.path[0]) else {
        throw RoostError(
          .validationFailed, "`\(field)` is the time of a write: without `afterSeconds` every document would expire at once.",
          fields: [FieldError("/afterSeconds", "expected a number of seconds")])
      }
      self.init(path: key.path, afterSeconds: after ?? 0)
    } catch let error as RoostError {
      throw error.below(pointer)
    }
  }

  package var value: JSONValue {
    let field = JSONValue.string(path.joined(separator: "."))
    return afterSeconds == 0 ? ["field": field] : ["field": field, "afterSeconds": .int(afterSeconds)]
  }

  /// When the document expires; nil if it does not. Only text as RFC 3339 has it is a time: a number may be seconds or milliseconds, and
  /// taking one for the other would delete what is to stay. What is finer than a millisecond counts up, so that nothing expires early.
  package func due(_ document: DocumentRecord) -> Timestamp? {
    let time: Timestamp? =
      switch path {
      case ["createdAt"]: document.created
      case ["updatedAt"]: document.updated
      default: Self.time(at: path, in: document.body)
      }
    return time.map { $0 + .seconds(afterSeconds) }
  }

  private static func time(at path: [String], in body: [UInt8]) -> Timestamp? {
    guard let range = JSONText.value(at: path, in: body), body[range.lowerBound] == UInt8(ascii: "\""), range.count <= textBytesMax,
      let text = (try? JSONValue(parsing: Array(body[range])))?.stringValue, let time = CELTimestamp(text: text)
    else { return nil }
    return Timestamp(milliseconds: time.milliseconds + (time.nanoseconds % 1_000_000 == 0 ? 0 : 1))
  }

  /// The longest time that is understood, each character escaped.
  private static let textBytesMax = 64 * 6 + 2
}
