import Core
import HTTPServer
import JSON

/// A list or query with `search`: what its words find, the best first. Each item carries, beside the document, `_search` with its score and
/// with snippets of the fields in which something was found.
enum SearchDocuments {
  static func run(_ text: String, _ request: ListRequest, in collection: Collection, call: Call, _ respond: @escaping Route.Respond) throws {
    let order = DocumentSearch.order(request.sort)
    let page = try call.access(to: collection).query(
      filter: request.filter.map { try ExpressionKind.filter.compile($0, pointer: "/filter", document: collection.documentType) },
      params: call.variables(of: call.caller, params: request.params), sort: request.sort, limit: request.limit,
      cursor: try request.cursor.map { try PageCursor(parsing: $0, sort: order) })
    let search = DocumentSearch(try TextQuery(parsing: text), page: page)
    if request.explains {
      guard call.caller.passesRules else { throw RoostError.denied("see how '\(collection.name)' is read", caller: call.caller) }
      return call.project.documents.plan(search, in: collection) { result in respond(result.map { .privateJSON(200, ["plan": $0.value]) }) }
    }
    call.project.documents.search(search, in: collection) { result in
      respond(result.map { .json(200, body(of: $0, request.fields, order)) })
    }
  }

  /// What is ours in an item. A field of that name is left out of it.
  private static let member = "_search"

  private static func body(of page: SearchPage, _ fields: FieldSelection, _ order: [SortKey]) -> [UInt8] {
    var bytes = Array(#"{"items":["#.utf8)
    for (position, hit) in page.items.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      let document = JSONText.member(member, of: hit.document.body) == nil ? hit.document : hit.document.without([member])
      let json = fields.apply(to: document.json())
      bytes.append(contentsOf: json.dropLast())
      if json.count > 2 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: "\"\(member)\":".utf8)
      hit.value.write(into: &bytes)
      bytes.append(UInt8(ascii: "}"))
    }
    bytes.append(contentsOf: #"],"nextCursor":"#.utf8)
    (page.next.map { JSONValue.string($0.text(sort: order)) } ?? .null).write(into: &bytes)
    bytes.append(UInt8(ascii: "}"))
    return bytes
  }
}
