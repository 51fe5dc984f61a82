import Core
import HTTPServer
import JSON

/// `POST /v1/query/{collection}`: a list whose filter has parameters: `{"filter": "author == params.who", "params": {"who": "…"}}`.
enum QueryDocuments {
  static let route = Route.direct(.post, "/v1/query/{collection}") { call, respond in
    let collection = try call.documentCollection()
    var reader = try ConfigurationReader(call.value(), of: "query")
    let request = ListRequest(
      filter: try reader.string("filter"), params: try reader.object("params") ?? [:],
      sort: try reader.string("sort").map(SortKey.parse) ?? [],
      limit: Int(try reader.int("limit", in: 1...Int64(Limits.pageItemsMax)) ?? Int64(Limits.pageItemsDefault)),
      cursor: try reader.string("cursor"), fields: try FieldSelection(text: reader.string("fields")),
      explains: try reader.bool("explain") ?? false, search: try reader.string("search"))
    try reader.refuseUnbuilt(["expand", "count", "aggregate", "groupBy"])
    try reader.refuseUnknown()
    try ListDocuments.run(request, in: collection, call: call, respond)
  }
}
