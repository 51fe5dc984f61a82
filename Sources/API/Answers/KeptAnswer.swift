import Core
import HTTPServer
import JSON

/// An answer as it is kept for a repeated request: status and header fields as JSON, a line feed, the body.
enum KeptAnswer {
  static func bytes(_ response: HTTPResponse) -> [UInt8] {
    let headers = JSONObject(response.headers.map { ($0.name, .string($0.value)) })
    var bytes = (["status": .int(Int64(response.status)), "headers": .object(headers)] as JSONValue).bytes()
    bytes.reserveCapacity(bytes.count + 1 + response.body.count)
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: response.body)
    return bytes
  }

  /// The answer again, marked as such.
  static func response(_ kept: [UInt8]) throws -> HTTPResponse {
    guard let end = kept.firstIndex(of: UInt8(ascii: "\n")), let head = try? JSONValue(parsing: Array(kept[..<end])),
      let status = head["status"]?.intValue, let headers = head["headers"]?.objectValue
    else { throw RoostError(.internal, "A kept answer is not readable.") }
    var response = HTTPResponse(
      status: Int(status), headers: HTTPHeaders(headers.compactMap { header in header.value.stringValue.map { (header.key, $0) } }),
      body: Array(kept[(end + 1)...]))
    response.headers.set("Idempotency-Replayed", "true")
    return response
  }
}
