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
      let reading = ExportReading(documents: call.project.documents, query: query, collection: collection, after: request.after)
      let writer = try await ExportWriter(request, reading)
      // Read before the answer begins: what can be refused is refused with its status.
      let first = try await reading.first()
      let headers: HTTPHeaders = [
        "Content-Type": request.format.contentType, "Content-Disposition": "attachment; filename=\"\(collection.name).\(request.format)\"",
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept, Authorization",
      ]
      return StreamedBody(headers: headers) { write in
        defer { withExtendedLifetime(transfer) {} }
        if let head = writer.head { try await write(head) }
        try await reading.forEach(from: first) { documents in
          let piece = try writer.piece(documents)
          if !piece.isEmpty { try await write(piece) }
        }
      }
    })
}

/// The documents of an export, slice by slice.
struct ExportReading: Sendable {
  let documents: any DocumentStore
  let query: DocumentQuery
  let collection: Collection
  let after: String?

  func first() async throws -> DocumentSlice { try await documents.slice(query, in: collection, after: after) }

  func forEach(from first: DocumentSlice, _ take: ([DocumentRecord]) async throws -> Void) async throws {
    var slice = first
    while true {
      try Task.checkCancellation()
      try await take(slice.items)
      guard let last = slice.last else { return }
      slice = try await documents.slice(query, in: collection, after: last)
    }
  }
}

/// What an export asks for.
struct ExportRequest: Sendable {
  let format: BulkFormat
  let filter: String?
  let fields: FieldSelection
  /// The columns of a CSV, where the caller names them.
  let columns: [[String]]?
  let isSafe: Bool
  let after: String?

  init(_ call: Call) throws {
    let query = try call.query.only(["format", "filter", "fields", "after", "safe"])
    format = BulkFormat.wanted(call.headers, named: try BulkFormat.named(query["format"]))
    filter = query["filter"]
    fields = try FieldSelection(text: query["fields"])
    columns = query["fields"].map { $0.split(separator: ",").map { $0.split(separator: ".").map(String.init) } }
    isSafe = try QueryParameters.flag(query["safe"], "safe")
    guard format == .csv || query["safe"] == nil else { throw RoostError(.badRequest, "`safe` is for CSV, which spreadsheets open.") }
    after = query["after"]
    if let after { try Names.requireID(after) }
  }
}
