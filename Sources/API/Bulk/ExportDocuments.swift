import Core
import HTTPServer
import JSON

/// `GET /v1/export/{collection}`: every document that the caller may read, in the order of ids, in constant memory.
///
/// It reads slice after slice, each in a snapshot of its own: one long snapshot would keep the write-ahead log from being taken back. A document
/// that is there all the time is in the answer once, as it was at some moment meanwhile.
enum ExportDocuments {
  static let route = Route(
    method: .get, pattern: "/v1/export/{collection}", access: .anyone,
    work: .stream { call in
      let collection = try call.documentCollection()
      let request = try ExportRequest(call)
      let query = try call.access(to: collection).query(
        filter: request.filter.map { try ExpressionKind.filter.compile($0, pointer: "/filter", document: collection.documentType) },
        params: call.variables, sort: [], limit: Limits.exportSliceRowsMax, cursor: nil)
      let transfer = try call.environment.bulkTransfers.begin(call.caller)
      let documents = call.project.documents
      let first = try await documents.slice(query, in: collection, after: request.after)
      let headers: HTTPHeaders = [
        "Content-Type": request.format.contentType, "Content-Disposition": "attachment; filename=\"\(collection.name).\(request.format)\"",
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept, Authorization",
      ]
      return StreamedBody(headers: headers) { write in
        defer { withExtendedLifetime(transfer) {} }
        var slice = first
        while true {
          let lines = NDJSONWriter.lines(slice.items, request.fields)
          if !lines.isEmpty { try await write(lines) }
          guard let last = slice.last else { break }
          slice = try await documents.slice(query, in: collection, after: last)
        }
      }
    })
}

/// What an export asks for.
struct ExportRequest: Sendable {
  let format: BulkFormat
  let filter: String?
  let fields: FieldSelection
  let after: String?

  init(_ call: Call) throws {
    let query = try call.query.only(["format", "filter", "fields", "after"])
    format = BulkFormat.wanted(call.headers, named: try BulkFormat.named(query["format"]))
    filter = query["filter"]
    fields = try FieldSelection(text: query["fields"])
    after = query["after"]
    if let after { try Names.requireID(after) }
  }
}

/// Documents as lines.
enum NDJSONWriter {
  static func lines(_ documents: [DocumentRecord], _ fields: FieldSelection) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(documents.reduce(0) { $0 + $1.body.count + 160 })
    for document in documents {
      if fields.isEverything { document.appendJSON(to: &bytes) } else { bytes.append(contentsOf: fields.apply(to: document.json())) }
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }
}
