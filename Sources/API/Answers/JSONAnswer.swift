import Core
import HTTPServer
import JSON

extension HTTPResponse {
  static func json(_ status: Int = 200, _ bytes: [UInt8]) -> HTTPResponse {
    HTTPResponse(status: status, headers: ["Content-Type": "application/json"], body: bytes)
  }

  static func json(_ status: Int = 200, _ value: JSONValue) -> HTTPResponse { json(status, value.bytes()) }

  /// For what holds secrets or is about one caller: never kept by a cache (RFC 9111, section 5.2.2.5).
  static func privateJSON(_ status: Int = 200, _ value: JSONValue) -> HTTPResponse {
    privateJSON(status, bytes: value.bytes())
  }

  /// The same for JSON that is written already.
  static func privateJSON(_ status: Int, bytes: [UInt8]) -> HTTPResponse {
    HTTPResponse(status: status, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"], body: bytes)
  }

  static var noContent: HTTPResponse { HTTPResponse(status: 204) }

  /// `{"items": […], "nextCursor": … }`
  static func list(_ items: [JSONValue], next: String? = nil) -> HTTPResponse {
    json(200, ["items": .array(items), "nextCursor": next.map(JSONValue.string) ?? .null])
  }

  /// A document that was written, without a body where the caller wants none: 204 then, or 201.
  static func document(_ record: DocumentRecord, status: Int = 200, _ preference: ReturnPreference?) -> HTTPResponse {
    guard preference == .minimal else { return document(record, status: status).applying(preference) }
    return HTTPResponse(status: status == 200 ? 204 : status, headers: ["ETag": record.entityTag]).applying(preference)
  }

  static func document(_ record: DocumentRecord, status: Int = 200) -> HTTPResponse {
    HTTPResponse(status: status, headers: ["Content-Type": "application/json", "ETag": record.entityTag], body: record.json())
  }
}
