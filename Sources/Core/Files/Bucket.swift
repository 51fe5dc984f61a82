import CEL
import JSON

/// A named set of files with its rules and limits.
package struct Bucket: Sendable {
  package let name: String
  package let configuration: BucketConfiguration
  package let created: Timestamp
  package let updated: Timestamp

  package init(configuration: BucketConfiguration, created: Timestamp, updated: Timestamp) {
    name = configuration.name
    self.configuration = configuration
    self.created = created
    self.updated = updated
  }
}

package struct BucketConfiguration: Sendable {
  package let name: String
  package let read: Rule
  package let write: Rule
  package let delete: Rule
  /// The largest file, in bytes.
  package let sizeMax: Int64
  /// Media types that may be stored, such as `image/png` or `image/*`; empty allows all.
  package let types: [String]
  package let cacheControl: String?
  package let value: JSONValue

  /// Throws `validation_failed` or `expression_invalid`.
  package init(name: String, value: JSONValue) throws {
    try Names.requireName(name, of: "bucket")
    var reader = try ConfigurationReader(value, of: "bucket")
    if let stated = try reader.string("name"), stated != name {
      throw RoostError(
        .validationFailed, "The body names another bucket than the path.", fields: [FieldError("/name", "expected \"\(name)\"")])
    }
    let isPublic = try reader.bool("public") ?? false
    var rules = try reader.object("rules") ?? [:]
    for (action, _) in rules where !["read", "write", "delete"].contains(action) {
      throw RoostError(
        .validationFailed, "There is no rule '\(action)'.",
        fields: [FieldError("/rules/\(action.pointerSegment)", "expected one of read, write, delete")])
    }
    if isPublic { rules["read"] = "true" }
    read = try Rule(rules["read"], .bucketRule, pointer: "/rules/read")
    write = try Rule(rules["write"], .bucketRule, pointer: "/rules/write")
    delete = try Rule(rules["delete"], .bucketRule, pointer: "/rules/delete")
    sizeMax = try reader.byteCount("maxSize", in: 1...(1 << 40)) ?? Limits.fileBytesMaxDefault
    types = try (reader.array("types") ?? []).enumerated().map { position, type in
      guard let text = type.stringValue, let slash = text.firstIndex(of: "/"), slash != text.startIndex, text.last != "/" else {
        throw RoostError(
          .validationFailed, "A type is a media type.",
          fields: [FieldError("/types/\(position)", "expected e.g. \"image/png\" or \"image/*\"")])
      }
      return text.lowercased()
    }
    cacheControl = try reader.string("cacheControl")
    if let cacheControl, cacheControl.utf8.contains(where: { $0 < 32 || $0 == 127 }) || cacheControl.utf8.count > 256 {
      throw RoostError(
        .validationFailed, "`cacheControl` is one line.", fields: [FieldError("/cacheControl", "expected e.g. \"public, max-age=3600\"")])
    }
    try reader.refuseUnknown()
    self.name = name
    self.value = [
      "name": .string(name), "rules": .object(rules), "public": .bool(isPublic), "maxSize": .int(sizeMax),
      "types": .array(types.map(JSONValue.string)),
      "cacheControl": cacheControl.map(JSONValue.string) ?? .null,
    ]
  }

  /// Every collection that some rule looks documents up in, with the rule's place in the configuration.
  package var lookedUp: [(collection: String, pointer: String)] {
    read.lookedUp(at: "/rules/read") + write.lookedUp(at: "/rules/write") + delete.lookedUp(at: "/rules/delete")
  }

  package func accepts(type: String) -> Bool {
    types.isEmpty || types.contains { $0 == type || $0.hasSuffix("/*") && type.hasPrefix($0.dropLast()) || $0 == "*/*" }
  }
}
