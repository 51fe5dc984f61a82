import Core
import HTTPServer

/// `GET /v1/documents/{collection}/{id}?expand=author`: the document and what it refers to, in one snapshot.
///
/// Without an `ETag`: the document's version says nothing of the others, nor of what this caller may see of them.
enum ExpandDocument {
  static func run(
    _ id: String, _ expand: String, _ fields: FieldSelection, in collection: Collection, _ call: Call, _ respond: @escaping Route.Respond
  ) throws {
    let access = call.access(to: collection)
    let expansion = try call.expansion(expand, of: collection)
    let read: @Sendable (any DocumentReader, @escaping () -> Bool) throws -> [UInt8]? = { reader, isOver in
      guard let document = try reader.document(id, in: collection.name), let visible = try access.view(of: document, RuleLookups(reader)) else { return nil }
      let references = try ReferenceReader(reader, isOver: isOver).references(of: visible, expansion)
      return fields.apply(to: references.appended(to: visible))
    }
    let answer: @Sendable (Result<[UInt8]?, any Error>) -> Void = { result in
      respond(
        Result {
          guard let body = try result.get() else { throw RoostError.documentNotFound(id, in: collection.name) }
          return HTTPResponse.json(200, body).dependingOnCaller(collection)
        })
    }
    let documents = call.project.documents
    guard expansion.isBrief else { return documents.scan(read, then: answer) }
    // A few documents are read at once, on the loop.
    documents.read(lane: call.lane, { reader in try read(reader) { false } }) { result in
      // Unless something in them takes long.
      if case .failure(let error as RoostError) = result, error.code == .queryTooSlow { return documents.scan(read, then: answer) }
      answer(result)
    }
  }
}

extension Call {
  /// What `expand` asks for, as this caller may see it. Throws `bad_request` or `validation_failed`.
  func expansion(_ text: String, of collection: Collection) throws -> Expansion {
    try Expansion(parsing: text, of: collection) { name in (try? project.collection(name)).map { access(to: $0) } }
  }

  /// Whether a version of a document is one text: where fields are hidden it depends on more than the version.
  func hasOneView(of collection: Collection) -> Bool { caller.passesRules || collection.fieldRules.guarded.isEmpty }
}

extension HTTPResponse {
  /// Unless everybody sees the same of the collection: kept by the caller's own cache only, and asked about each time (RFC 9111, section
  /// 5.2.2); another caller's copy is no answer (RFC 9110, section 12.5.5).
  func dependingOnCaller(_ collection: Collection) -> HTTPResponse {
    guard !collection.rules.read.isPublic || !collection.fieldRules.guarded.isEmpty else { return self }
    var response = self
    response.headers.add("Cache-Control", "private, no-cache")
    response.headers.add("Vary", "Authorization")
    return response
  }
}
