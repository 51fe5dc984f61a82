/// An RFC 9457 problem document, for errors that the server finds itself.
package enum ProblemResponse {
  package static func make(status: Int, code: String, detail: String, requestId: String) -> HTTPResponse {
    var body: [UInt8] = []
    body.reserveCapacity(256)
    body.append(#"{"type":"about:blank","title":"#)
    JSONText.appendString(StatusLine.reason(status), to: &body)
    body.append(#","status":"#)
    body.append(contentsOf: String(status).utf8)
    body.append(#","detail":"#)
    JSONText.appendString(detail, to: &body)
    body.append(#","code":"#)
    JSONText.appendString(code, to: &body)
    body.append(#","requestId":"#)
    JSONText.appendString(requestId, to: &body)
    body.append(UInt8(ascii: "}"))
    return HTTPResponse(status: status, headers: ["Content-Type": "application/problem+json"], body: body)
  }
}
