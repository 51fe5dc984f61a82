import JSON

/// The value of `expand` in one document of an answer, as JSON text.
package struct ExpandedReferences: Sendable {
  let json: [UInt8]

  /// The document with its references, in a member of their own: the fields stay as the schema says, so that what was read can be sent
  /// back. A field of the document's own of that name gives way.
  package func appended(to document: DocumentRecord) -> [UInt8] {
    var bytes: [UInt8] = []
    append(to: document, into: &bytes)
    return bytes
  }

  func append(to document: DocumentRecord, into bytes: inout [UInt8]) {
    document.without([Self.member]).appendJSON(to: &bytes)
    bytes.removeLast()
    bytes.append(contentsOf: #","expand":"#.utf8)
    bytes.append(contentsOf: json)
    bytes.append(UInt8(ascii: "}"))
  }

  private static let member = "expand"
}
