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
    let read: @Sendable (any DocumentReader, Int, @escaping () -> Bool) throws -> [UInt8]? = { reader, bytesMax, isOver in
      guard let document = try reader.document(id, in: collection.name), let visible = try access.view(of: document, RuleLookups(reader)) else { return nil }
      let references = try ReferenceReader(reader, bytesMax: bytesMax, isOver: isOver).references(of: visible, expansion)
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
    let scan = { @Sendable in documents.scan({ reader, isOver in try read(reader, Limits.expandedBytesMax, isOver) }, then: answer) }
    guard expansion.isBrief else { return scan() }
    // A few small documents are read at once, on the loop; if they are not small, or take long, the pool begins anew.
    documents.read(lane: call.lane, { reader in try read(reader, briefBytesMax) { false } }) { result in
      if case .failure(let error as RoostError) = result, error.code == .queryTooSlow { return scan() }
      answer(result)
    }
  }

  /// What the loop copies at once, some tens of microseconds.
  private static let briefBytesMax = 256 << 10
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
