import Core
import HTTPServer
import JSON

/// `POST /v1/batch`: up to 500 writes, all or none, in one commit.
enum WriteBatch {
  static let route = Route.direct(.post, "/v1/batch") { call, respond in
    var reader = try ConfigurationReader(call.value(), of: "batch")
    guard let items = try reader.array("writes"), !items.isEmpty, items.count <= Limits.batchWritesMax else {
      throw RoostError(
        .validationFailed, "A batch has 1 to \(Limits.batchWritesMax) writes.",
        fields: [FieldError("/writes", "expected 1 to \(Limits.batchWritesMax) writes")])
    }
    try reader.refuseUnknown()
    let writes = try items.enumerated().map { position, item in
      do {
        return try write(item, call: call)
      } catch let error as RoostError {
        throw RoostError(
          error.code, "Write \(position): \(error.message)",
          fields: error.fields.isEmpty
            ? [FieldError("/writes/\(position)", error.message)]
            : error.fields.map { FieldError("/writes/\(position)" + $0.pointer, $0.detail) })
      }
    }
    call.project.documents.write(writes) { result in
      respond(result.map { .json(200, body(of: $0)) })
    }
  }

  private static func write(_ item: JSONValue, call: Call) throws -> DocumentWrite {
    var reader = try ConfigurationReader(item, of: "write")
    let op = try reader.string("op")
    let name = try reader.string("collection")
    let id = try reader.string("id")
    let condition = try reader.int("ifVersion", in: 0...Int64.max).map { $0 == 0 ? VersionCondition.isMissing : .oneOf([$0]) } ?? .none
    let data = try reader.object("data")
    try reader.refuseUnknown()
    guard let name else {
      throw RoostError(.validationFailed, "A write names its collection.", fields: [FieldError("/collection", "expected a name")])
    }
    let collection = try call.project.collection(name)
    let access = call.access(to: collection)
    func requiredID() throws -> String {
      guard let id else { throw RoostError(.validationFailed, "This write needs an id.", fields: [FieldError("/id", "expected a string")]) }
      return id
    }
    func requiredData() throws -> JSONObject {
      guard let data else {
        throw RoostError(.validationFailed, "This write needs data.", fields: [FieldError("/data", "expected an object")])
      }
      return data
    }
    switch op {
    case "create":
      let body = try DocumentBody(JSONValue.object(requiredData()).bytes())
      return try access.create(id: id ?? body.id, body: body)
    case "put": return try access.put(id: requiredID(), body: DocumentBody(JSONValue.object(requiredData()).bytes()), condition: condition)
    case "patch":
      return try access.patch(id: requiredID(), condition: condition, DocumentPatch(object: JSONValue.object(requiredData()).bytes()))
    case "delete": return try access.delete(id: requiredID(), condition: condition)
    default:
      throw RoostError(
        .validationFailed, "There is no such operation.", fields: [FieldError("/op", "expected one of create, put, patch, delete")])
    }
  }

  /// The written documents in the order of the writes; null for a delete; id and version only of one that the caller may not see.
  private static func body(of outcomes: [DocumentOutcome]) -> [UInt8] {
    var bytes = Array(#"{"items":["#.utf8)
    for (position, outcome) in outcomes.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      if let document = outcome.after {
        if let visible = outcome.visible {
          visible.appendJSON(to: &bytes)
        } else {
          (["id": .string(document.id), "version": .int(document.version)] as JSONValue).write(into: &bytes)
        }
      } else {
        bytes.append(contentsOf: "null".utf8)
      }
    }
    bytes.append(contentsOf: "]}".utf8)
    return bytes
  }
}
