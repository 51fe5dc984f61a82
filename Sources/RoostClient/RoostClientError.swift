import JSON

/// Why a call failed: what the server answered (RFC 9457), or why there was no answer.
package struct RoostClientError: Error, Sendable, CustomStringConvertible {
  /// What happened on this side. The server's own codes are whatever it sends.
  package enum LocalCode: String, Sendable {
    case addressInvalid = "address_invalid"
    case tokenInvalid = "token_malformed"
    case argumentInvalid = "argument_invalid"
    case unreachable, timeout
    /// Another kind of server, or a proxy's own page.
    case answerInvalid = "answer_invalid"
    case answerTooLarge = "answer_too_large"
  }

  package struct Field: Sendable, Equatable {
    /// A JSON Pointer into what was sent.
    package let pointer: String
    package let detail: String
  }

  /// nil where there was no answer.
  package let status: Int?
  /// A stable word: the server's, or one of `LocalCode`.
  package let code: String
  /// One or more sentences for people.
  package let detail: String
  package let errors: [Field]
  /// For the operator, to find the request in the log.
  package let requestID: String?
  /// Seconds, where the server said when to come again.
  package let retryAfter: Int?

  init(code: LocalCode, detail: String) {
    status = nil
    self.code = code.rawValue
    self.detail = detail
    errors = []
    requestID = nil
    retryAfter = nil
  }

  /// An answer that is not a success. `body` may be anything: a proxy in between answers what it likes.
  init(status: Int, body: [UInt8], requestID: String?, retryAfter: Int?) {
    let problem = (try? JSONValue(parsing: body))?.objectValue
    self.status = status
    self.retryAfter = retryAfter
    self.requestID = problem?["requestId"]?.stringValue ?? requestID
    errors = (problem?["errors"]?.arrayValue ?? []).compactMap { error in
      error["detail"]?.stringValue.map { Field(pointer: error["pointer"]?.stringValue ?? "", detail: $0) }
    }
    if let code = problem?["code"]?.stringValue {
      self.code = code
      detail = problem?["detail"]?.stringValue ?? problem?["title"]?.stringValue ?? "The server refused with status \(status)."
    } else {
      code = LocalCode.answerInvalid.rawValue
      detail = "The answer has status \(status) and is not Roost's: another server, or a proxy, answers at this address."
    }
  }

  package func isLocal(_ code: LocalCode) -> Bool { status == nil && self.code == code.rawValue }

  /// Whether the same call may succeed later: the server was away, or too busy.
  package var isPassing: Bool { status.map { $0 >= 500 || $0 == 429 } ?? (isLocal(.unreachable) || isLocal(.timeout)) }

  package var description: String {
    let fields = errors.filter { !detail.contains($0.detail) }.map { " \($0.pointer): \($0.detail)." }.joined()
    return "\(detail) (\(code))\(fields)"
  }
}
