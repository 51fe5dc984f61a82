import Core
import HTTPServer
import JSON

/// A query for groups: `{"aggregate": {"count": true, "sum": ["price"]}, "groupBy": ["author"]}`, or for the values of a field.
enum AggregateDocuments {
  static func run(
    _ aggregation: AggregationRequest, _ request: ListRequest, in collection: Collection, call: Call, _ respond: @escaping Route.Respond
  ) throws {
    let aggregation = try aggregation.aggregation(params: request.params, sort: request.sort, limit: request.limit, cursor: request.cursor)
    let query = try call.access(to: collection).query(
      of: aggregation, filter: ListDocuments.filter(request, in: collection), params: call.variables(of: call.caller, params: request.params))
    if request.explains {
      try ListDocuments.requireExplaining(collection, call)
      return call.project.documents.aggregationPlan(query, in: collection) { result in
        respond(result.map { .privateJSON(200, ["plan": $0.value]) })
      }
    }
    call.project.documents.aggregate(query, as: aggregation, in: collection) { result in
      respond(
        result.map { page in
          var answer: JSONObject = ["items": .array(page.rows), "nextCursor": page.next.map(JSONValue.string) ?? .null]
          if request.counts { answer["total"] = .int(Int64(page.total)) }
          return HTTPResponse.json(200, .object(answer)).dependingOnCaller(collection)
        })
    }
  }
}
