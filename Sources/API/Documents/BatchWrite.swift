import Core
import JSON

/// One write of a batch: `{"op", "collection", "id", "data", "ifVersion"}`.
struct BatchWrite {
  private let op: String?
  private let collection: String
  private let id: String?
  private let condition: VersionCondition
  /// The text of `data`.
  private let data: [UInt8]?

  init(_ item: JSONValue, text: [UInt8]) throws {
    var reader = try ConfigurationReader(item, of: "write")
    op = try reader.string("op")
    let name = try reader.string("collection")
    id = try reader.string("id")
    // 0: there is none yet.
    condition = try reader.int("ifVersion", in: 0...Int64.max).map { $0 == 0 ? VersionCondition.isMissing : .oneOf([$0]) } ?? .none
    reader.accept("data")
    try reader.refuseUnknown()
    guard let name else {
      throw RoostError(.validationFailed, "A write names its collection.", fields: [FieldError("/collection", "expected a name")])
    }
    collection = name
    data = item["data"].flatMap { $0.isNull ? nil : JSONText.member("data", of: text) }.map { Array(text[$0]) }
  }

  func write(_ call: Call) throws -> DocumentWrite {
    let collection = try call.project.collection(collection)
    let access = call.access(to: collection)
    switch op {
    case "create":
      guard condition == .none || condition == .isMissing else {
        throw RoostError(
          .validationFailed, "A document that is created has no version yet.", fields: [FieldError("/ifVersion", "expected 0, or none")])
      }
      let body = try body()
      return try access.create(id: id ?? body.id, body: body)
    case "put": return try access.put(id: requiredID(), body: body(), condition: condition)
    case "patch": return try access.patch(id: requiredID(), condition: condition, patch())
    case "delete": return try access.delete(id: requiredID(), condition: condition)
    default:
      throw RoostError(
        .validationFailed, "There is no such operation.", fields: [FieldError("/op", "expected one of create, put, patch, delete")])
    }
  }

  private func requiredID() throws -> String {
    guard let id else { throw RoostError(.validationFailed, "This write needs an id.", fields: [FieldError("/id", "expected a string")]) }
    return id
  }

  private func body() throws -> DocumentBody { try located { try DocumentBody(requiredData("an object", UInt8(ascii: "{"))) } }

  /// A list is a JSON Patch; an object is a merge patch, or update operators.
  private func patch() throws -> DocumentPatch {
    if data?.first == UInt8(ascii: "[") { return try located { try DocumentPatch(list: data ?? []) } }
    return try located { try DocumentPatch(object: requiredData("an object, or the list of a JSON Patch", UInt8(ascii: "{"))) }
  }

  private func requiredData(_ what: String, _ first: UInt8) throws -> [UInt8] {
    guard let data, data.first == first else {
      throw RoostError(.validationFailed, "This write needs data: \(what).", fields: [FieldError("", "expected \(what)")])
    }
    return data
  }

  /// Pointers lead into `data`.
  private func located<Value>(_ work: () throws -> Value) throws -> Value {
    do {
      return try work()
    } catch let error as RoostError {
      throw RoostError(error.code, error.message, fields: error.fields.map { FieldError("/data" + $0.pointer, $0.detail) })
    }
  }
}
