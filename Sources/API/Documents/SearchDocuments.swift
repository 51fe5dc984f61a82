import Core
import HTTPServer
import JSON

/// A list or query with `search`: what its words find, the best first. Each item carries, beside the document, `search` with its score and
/// with snippets of the fields in which something was found.
enum SearchDocuments {
  static func run(_ text: String, _ request: ListRequest, in collection: Collection, call: Call, _ respond: @escaping Route.Respond) throws {
    let order = DocumentSearch.order(request.sort)
    let page = try call.access(to: collection).query(
      filter: ListDocuments.filter(request, in: collection), params: call.variables(of: call.caller, params: request.params), sort: request.sort,
      limit: request.limit,
      cursor: try request.cursor.map { try PageCursor(parsing: $0, sort: order) })
    let extras = PageExtras(counts: request.counts, expansion: try request.expand.map { try call.expansion($0, of: collection) })
    let search = DocumentSearch(try TextQuery(parsing: text), page: page, extras: extras)
    if request.explains {
      try ListDocuments.requireExplaining(collection, call)
      return call.project.documents.plan(search, in: collection) { result in respond(result.map { .privateJSON(200, ["plan": $0.value]) }) }
    }
    call.project.documents.search(search, in: collection) { result in
      respond(result.map { HTTPResponse.json(200, body(of: $0, request.fields, order)).dependingOnCaller(collection) })
    }
  }

  /// What is ours in an item. A field of that name is left out of it.
  private static let member = "search"

  private static func body(of page: SearchPage, _ fields: FieldSelection, _ order: [SortKey]) -> [UInt8] {
    var bytes = Array(#"{"items":["#.utf8)
    for (position, hit) in page.items.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      let document = JSONText.member(member, of: hit.document.body) == nil ? hit.document : hit.document.without([member])
      let json = fields.apply(to: page.expanded?[position].appended(to: document) ?? document.json())
      bytes.append(contentsOf: json.dropLast())
      if json.count > 2 { bytes.append(UInt8(ascii: ",")) }
      bytes.append(contentsOf: "\"\(member)\":".utf8)
      hit.value.write(into: &bytes)
      bytes.append(UInt8(ascii: "}"))
    }
    ListDocuments.appendEnd(next: page.next?.text(sort: order), total: page.total, to: &bytes)
    return bytes
  }
}
