import JSON

/// Which versions of its documents a collection keeps.
package struct HistorySettings: Sendable, Equatable {
  /// Nil: all of them.
  package let versionsMax: Int64?
  /// Days after which a version goes that was replaced, or a document that was deleted. Nil: never.
  package let daysMax: Int64?

  package init(versionsMax: Int64? = nil, daysMax: Int64? = nil) {
    self.versionsMax = versionsMax
    self.daysMax = daysMax
  }

  /// Reads `true` or `{"versions": 100, "days": 365}`; nil for `false` or none. Throws `validation_failed`.
  init?(_ value: JSONValue?, pointer: String) throws {
    guard let value, value != .bool(false) else { return nil }
    if value == .bool(true) {
      self.init()
      return
    }
    guard value.objectValue != nil else {
      throw RoostError(
        .validationFailed, "`history` is true, false or its bounds.", fields: [FieldError(pointer, #"expected true, false or {"versions": …, "days": …}"#)])
    }
    do {
      var reader = try ConfigurationReader(value, of: "history")
      self.init(versionsMax: try reader.int("versions", in: 1...Limits.historyVersionsMax), daysMax: try reader.int("days", in: 1...Limits.historyDaysMax))
      try reader.refuseUnknown()
    } catch let error as RoostError {
      throw error.below(pointer)
    }
  }

  package var isBounded: Bool { versionsMax != nil || daysMax != nil }

  package var value: JSONValue {
    guard isBounded else { return true }
    var object = JSONObject()
    if let versionsMax { object["versions"] = .int(versionsMax) }
    if let daysMax { object["days"] = .int(daysMax) }
    return .object(object)
  }
}

extension RoostError {
  /// The same error of a part, with its places named from the whole.
  func below(_ pointer: String) -> RoostError {
    RoostError(code, message, fields: fields.map { FieldError(pointer + $0.pointer, $0.detail) })
  }
}
