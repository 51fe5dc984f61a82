import CEL
import Core
import HTTPServer
import JSON

/// `POST /v1/expressions/check` {expression, kind, collection, params, sort}: what an expression uses, and how a list would be read with it.
enum CheckExpression {
  static let route = Route.admin(.post, "/v1/expressions/check") { call in
    var reader = try ConfigurationReader(call.value(), of: "request")
    let source = try reader.required("expression", "a CEL expression")
    let kind = try kind(reader.string("kind") ?? "filter")
    let collection = try reader.string("collection").map(call.project.collection)
    let params = try reader.object("params") ?? [:]
    let sort = try reader.string("sort").map(SortKey.parse) ?? []
    try reader.refuseUnknown()

    let type = collection?.documentType ?? ExpressionKind.documentType(.dyn)
    let expression = try kind.kind.compile(source, pointer: "/expression", document: type)
    try call.project.requireCollections(expression.lookedUp.map { (collection: $0, pointer: "/expression") })
    var plan: QueryPlan?
    if let collection, kind.kind == .filter || kind.name == "read" {
      plan = try await call.project.documents.plan(query(expression, kind.kind, params, sort, call), in: collection)
    }
    var answer: JSONObject = [
      "valid": true, "kind": .string(kind.name), "type": .string(expression.root.type.name),
      "fields": .object(JSONObject(expression.documentFields.map { ($0.path, .string($0.type.name)) })),
      "lookups": .array(expression.lookedUp.sorted().map(JSONValue.string)),
      "warnings": .array(expression.unknownFields(of: type).map(JSONValue.string)),
    ]
    answer["plan"] = plan?.value ?? .null
    return .privateJSON(200, .object(answer))
  }

  private static func kind(_ name: String) throws -> (name: String, kind: ExpressionKind) {
    let kinds: [(String, ExpressionKind)] = [
      ("read", .readRule), ("create", .writeRule), ("update", .writeRule), ("delete", .readRule), ("filter", .filter), ("bucket", .bucketRule),
      ("trigger", .triggerCondition), ("call", .callRule), ("file", .fileCondition), ("event", .eventCondition),
    ]
    guard let found = kinds.first(where: { $0.0 == name }) else {
      throw RoostError(
        .validationFailed, "There is no kind of expression '\(name.prefix(40))'.",
        fields: [FieldError("/kind", "expected one of \(kinds.map(\.0).joined(separator: ", "))")])
    }
    return found
  }

  /// The query of somebody for whom everything that a rule may ask for has a value.
  private static func query(
    _ expression: CELExpression, _ kind: ExpressionKind, _ params: JSONObject, _ sort: [SortKey], _ call: Call
  ) -> DocumentQuery {
    let somebody = Caller.user(UserIdentity(id: "somebody", email: "somebody@example.org", emailVerified: true, roles: ["member"], sessionID: ""))
    let variables = call.variables(of: somebody, params: params)
    return kind == .filter
      ? DocumentQuery(filter: expression, variables: variables, sort: sort, limit: Limits.pageItemsDefault, cursor: nil)
      : DocumentQuery(rule: expression, filter: nil, variables: variables, sort: sort, limit: Limits.pageItemsDefault, cursor: nil)
  }
}

extension CELExpression {
  /// The document's fields that it names, each once, with what is known of them.
  fileprivate var documentFields: [(path: String, type: CELType)] {
    var found: [(path: String, type: CELType)] = []
    func visit(_ node: CELNode) {
      if let path = node.documentPath {
        let name = path.joined(separator: ".")
        if !path.isEmpty, !found.contains(where: { $0.path == name }) { found.append((name, node.fieldType)) }
        return
      }
      node.children.forEach(visit)
    }
    visit(root)
    return found
  }

  /// Names that a schema which allows others does not have: perhaps misspelt.
  fileprivate func unknownFields(of document: CELType) -> [String] {
    guard case .object(let fields, open: true) = document, fields.count > DocumentRecord.reservedFields.count else { return [] }
    return documentFields.compactMap { field in
      let name = String(field.path.prefix { $0 != "." })
      return fields[name] == nil ? "The schema has no field '\(name)'\(CELSuggestion.text(for: name, among: fields.keys))." : nil
    }
  }
}

extension CELNode {
  /// The names that lead to this node from the document, or from what it would be; nil if it is no field.
  fileprivate var documentPath: [String]? {
    switch kind {
    case .identifier("document"), .identifier("incoming"): []
    case .select(let operand, let name, _), .optionalSelect(let operand, let name): operand.documentPath.map { $0 + [name] }
    default: nil
    }
  }

  /// `has(field)` is a bool, whatever the field is.
  fileprivate var fieldType: CELType {
    if case .select(_, _, testOnly: true) = kind { return .dyn }
    return type
  }
}
