import JSON

/// One stored document: four fields of ours and the caller's own fields as the JSON text they sent, compacted.
package struct DocumentRecord: Sendable, Equatable {
  package let id: String
  /// 1, 2, …: counts the document's writes.
  package let version: Int64
  package let created: Timestamp
  package let updated: Timestamp
  /// A JSON object without our four fields.
  package let body: [UInt8]

  package init(id: String, version: Int64, created: Timestamp, updated: Timestamp, body: [UInt8]) {
    self.id = id
    self.version = version
    self.created = created
    self.updated = updated
    self.body = body
  }

  /// The names that callers cannot set: ignored in a body, except `id` on create.
  package static let reservedFields = ["id", "version", "createdAt", "updatedAt"]

  /// The document as callers see it: our four fields spliced in front of the body, which is sent as it lies.
  package func json() -> [UInt8] {
    var bytes: [UInt8] = []
    appendJSON(to: &bytes)
    return bytes
  }

  package func appendJSON(to bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + body.count + id.utf8.count + 128)
    bytes.append(contentsOf: #"{"id":""#.utf8)
    bytes.append(contentsOf: id.utf8)  // ids hold no character that JSON escapes
    bytes.append(contentsOf: #"","version":"#.utf8)
    bytes.append(contentsOf: String(version).utf8)
    bytes.append(contentsOf: #","createdAt":""#.utf8)
    created.append(to: &bytes)
    bytes.append(contentsOf: #"","updatedAt":""#.utf8)
    updated.append(to: &bytes)
    bytes.append(UInt8(ascii: "\""))
    if body.count > 2 {
      bytes.append(UInt8(ascii: ","))
      bytes.append(contentsOf: body[1...])
    } else {
      bytes.append(UInt8(ascii: "}"))
    }
  }

  /// Strong, since equal versions are equal bytes (RFC 9110, section 8.8.3).
  package var entityTag: String { "\"\(version)\"" }
}
