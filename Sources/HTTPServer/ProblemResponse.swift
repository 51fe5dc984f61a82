/// An RFC 9457 problem document, for errors that the server finds itself.
package enum ProblemResponse {
  package static func make(status: Int, code: String, detail: String, requestId: String) -> HTTPResponse {
    var body: [UInt8] = []
    body.reserveCapacity(256)
    body.append(contentsOf: #"{"type":"about:blank","title":"#.utf8)
    JSONText.appendString(StatusLine.reason(status), to: &body)
    body.append(contentsOf: #","status":"#.utf8)
    body.append(contentsOf: String(status).utf8)
    body.append(contentsOf: #","detail":"#.utf8)
    JSONText.appendString(detail, to: &body)
    body.append(contentsOf: #","code":"#.utf8)
    JSONText.appendString(code, to: &body)
    body.append(contentsOf: #","requestId":"#.utf8)
    JSONText.appendString(requestId, to: &body)
    body.append(UInt8(ascii: "}"))
    return HTTPResponse(status: status, headers: ["Content-Type": "application/problem+json"], body: body)
  }
}
