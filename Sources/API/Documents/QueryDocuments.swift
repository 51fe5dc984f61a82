import Core
import HTTPServer
import JSON

/// `POST /v1/query/{collection}`: a list whose filter has parameters: `{"filter": "author == params.who", "params": {"who": "…"}}`; or groups
/// of its documents, with `aggregate`, `groupBy` or `distinct`.
enum QueryDocuments {
  static let route = Route.direct(.post, "/v1/query/{collection}") { call, respond in
    let collection = try call.documentCollection()
    var reader = try ConfigurationReader(call.value(), of: "query")
    let fields = try reader.string("fields")
    let request = ListRequest(
      filter: try reader.string("filter"), params: try reader.object("params") ?? [:],
      sort: try reader.string("sort").map(SortKey.parse) ?? [],
      limit: Int(try reader.int("limit", in: 1...Int64(Limits.pageItemsMax)) ?? Int64(Limits.pageItemsDefault)),
      cursor: try reader.string("cursor"), fields: try FieldSelection(text: fields), counts: try reader.bool("count") ?? false,
      expand: try reader.string("expand"), explains: try reader.bool("explain") ?? false)
    try reader.refuseUnbuilt(["search"])
    let aggregation = try AggregationRequest(&reader)
    try reader.refuseUnknown()
    guard let aggregation else { return try ListDocuments.run(request, in: collection, call: call, respond) }
    for (name, value) in [("fields", fields), ("expand", request.expand)] where value != nil {
      throw RoostError(
        .validationFailed, "`\(name)` is for documents, not for groups of them.", fields: [FieldError("/\(name)", "expected nothing")])
    }
    try AggregateDocuments.run(aggregation, request, in: collection, call: call, respond)
  }
}
