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
    // Documents are stored as the text that came in, so that numbers keep their digits.
    let texts = JSONText.member("writes", of: call.body).map { JSONText.elements(of: call.body, from: $0.lowerBound) } ?? []
    let writes = try zip(items, texts).enumerated().map { position, item in
      do {
        return try BatchWrite(item.0, text: Array(call.body[item.1])).write(call)
      } catch {
        throw located(error, at: position)
      }
    }
    let preference = ReturnPreference(call.headers)
    try call.write(
      writes, repeatableAs: "batch",
      { result in
        respond(
          result.mapError { error in
            // What a write meets in the transaction is about its data.
            if let failed = error as? FailedWrite { return located(failed.cause, at: failed.index, "/data") }
            return writes.count == 1 ? located(error, at: 0, "/data") : error
          })
      },
      answer: { outcomes in
        let response: HTTPResponse = preference == .minimal ? .noContent : .json(200, body(of: outcomes))
        return response.applying(preference)
      })
  }

  /// What is wrong with one write, with its place; what concerns the whole request as it is.
  private static func located(_ error: any Error, at position: Int, _ member: String = "") -> any Error {
    guard let error = error as? RoostError, error.retryAfter == nil, ![.internal, .storageFull, .idempotencyKeyReused].contains(error.code) else {
      return error
    }
    return RoostError(
      error.code, "Write \(position): \(error.message)",
      fields: error.fields.isEmpty
        ? [FieldError("/writes/\(position)", error.message)]
        : error.fields.map { FieldError("/writes/\(position)" + member + $0.pointer, $0.detail) })
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
