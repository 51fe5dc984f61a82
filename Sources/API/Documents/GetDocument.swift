import Core
import HTTPServer
import JSON

/// `GET /v1/documents/{collection}/{id}`: answered on the event loop. `?fields=a,b.c` keeps those fields, `?expand=author` adds what the document
/// refers to.
enum GetDocument {
  static let route = Route.direct(.get, "/v1/documents/{collection}/{id}") { call, respond in
    let collection = try call.documentCollection()
    let id = call.parameters[1]
    try Names.requireID(id)
    let query = try call.query.isEmpty ? [:] : call.query.only(["fields", "expand"])
    let fields = try FieldSelection(text: query["fields"])
    if let expand = query["expand"] { return try ExpandDocument.run(id, expand, fields, in: collection, call, respond) }
    read(id, in: collection, call) { result in
      respond(
        Result {
          guard let document = try result.get() else { throw RoostError.documentNotFound(id, in: collection.name) }
          if call.headers.contains("If-None-Match"), call.hasOneView(of: collection),
            try EntityTags.isNotModified(call.headers, tag: String(document.version))
          {
            return HTTPResponse(status: 304, headers: ["ETag": document.entityTag]).dependingOnCaller(collection)
          }
          var response = HTTPResponse.document(document)
          response.body = fields.apply(to: response.body)
          return response.dependingOnCaller(collection)
        })
    }
  }.streaming(FollowDocuments.one)

  /// The document as the caller may see it.
  private static func read(
    _ id: String, in collection: Collection, _ call: Call, then: @escaping @Sendable (Result<DocumentRecord?, any Error>) -> Void
  ) {
    let documents = call.project.documents
    // Most reads are public or an admin's: then nothing has to be made ready for a rule.
    if call.caller.passesRules || collection.rules.read.isPublic && collection.fieldRules.guarded.isEmpty {
      return documents.get(id, in: collection, lane: call.lane, then: then)
    }
    let access = call.access(to: collection)
    if !access.looksUp {
      return documents.get(id, in: collection, lane: call.lane) { result in
        then(Result { try result.get().flatMap { try access.view(of: $0, nil) } })
      }
    }
    documents.read(
      lane: call.lane,
      { reader in try reader.document(id, in: collection.name).flatMap { try access.view(of: $0, RuleLookups(reader)) } }, then: then)
  }
}

/// `?fields=a,b.c`: the fields that the caller wants, all when nil.
struct FieldSelection: Sendable {
  private let paths: [[String]]?

  init(text: String?) throws {
    guard let text else {
      paths = nil
      return
    }
    let names = text.split(separator: ",").map { $0.split(separator: ".", omittingEmptySubsequences: false).map(String.init) }
    guard !names.isEmpty, names.count <= 100, names.allSatisfy({ !$0.contains("") && $0.count <= 8 }) else {
      throw RoostError(.badRequest, "`fields` is not understood: expected up to 100 names like `title,author.name`.")
    }
    paths = names
  }

  var isEverything: Bool { paths == nil }

  func apply(to json: [UInt8]) -> [UInt8] {
    paths.map { JSONText.keepingMembers($0, of: json) } ?? json
  }
}
