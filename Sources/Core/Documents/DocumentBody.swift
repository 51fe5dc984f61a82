import JSON

/// A caller's document as it will be stored: a JSON object, compacted, without our four fields.
package struct DocumentBody: Sendable {
  package let bytes: [UInt8]
  /// The id that the caller named, for create.
  package let id: String?

  /// Throws `invalid_json` or `validation_failed`.
  package init(_ text: [UInt8]) throws {
    let json: [UInt8]
    do {
      json = try JSONText.compactObject(validating: text, depthMax: Limits.jsonDepthMax)
    } catch {
      throw RoostError(.invalidJSON, "The body is not a valid JSON object: \(error.message) (line \(error.line), column \(error.column)).")
    }
    if let range = JSONText.member("id", of: json) {
      guard let value = try? JSONValue(parsing: Array(json[range])), let id = value.stringValue else {
        throw RoostError(.validationFailed, "`id` must be a string.", fields: [FieldError("/id", "expected a string")])
      }
      self.id = id
    } else {
      id = nil
    }
    bytes = JSONText.removingMembers(DocumentRecord.reservedFields, from: json)
  }

  /// For what is compact and without our four fields already.
  init(bytes: [UInt8], id: String?) {
    self.bytes = bytes
    self.id = id
  }

  /// For the body of a stored document.
  init(stored bytes: [UInt8]) {
    self.bytes = bytes
    id = nil
  }

  /// For what we wrote ourselves.
  package init(value: JSONValue) {
    bytes = value.bytes()
    id = nil
  }

  /// With fields that the caller does not see a document may be larger than what they send, but not without end. Throws `payload_too_large`.
  static func requireTotalSize(_ bytes: [UInt8]) throws {
    guard bytes.count <= 2 * Limits.documentBytesMax else { throw RoostError(.payloadTooLarge, "The document would be too large.") }
  }
}
