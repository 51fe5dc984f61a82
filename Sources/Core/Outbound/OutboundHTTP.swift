/// Requests to servers that users name. Fulfilled by the Outbound room; Functions calls through it.
package protocol OutboundHTTP: Sendable {
  /// Sends one request and answers whatever the other side says, redirects too, which are not followed.
  /// The address is vetted each time a connection is made. Throws `OutboundFailure`, also when the task is cancelled.
  func send(_ request: OutboundRequest) async throws(OutboundFailure) -> OutboundAnswer
  /// The addresses behind a host, in the order in which to try them, at least one, each one that the server may connect to.
  func addresses(of host: OutboundURL.Host) async throws(OutboundFailure) -> [IPAddress]
  /// Why a request to this URL would be refused without asking anybody: an address that is given literally. `nil` if it may be tried.
  func refusal(of url: OutboundURL) -> String?
}

package struct OutboundRequest: Sendable {
  package let url: OutboundURL
  package let method: String
  /// Without `Host` and what frames the body.
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]
  /// For everything: finding the address, connecting, sending, and the whole answer.
  package let timeout: Duration
  /// What is read of the answer's body; the rest is left.
  package let answerBytesMax: Int

  package init(
    url: OutboundURL, method: String = "POST", headers: [(name: String, value: String)], body: [UInt8], timeout: Duration, answerBytesMax: Int
  ) {
    self.url = url
    self.method = method
    self.headers = headers
    self.body = body
    self.timeout = timeout
    self.answerBytesMax = answerBytesMax
  }
}

package struct OutboundAnswer: Sendable {
  package let status: Int
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]
  /// The body is longer than what was read.
  package let isCut: Bool

  package init(status: Int, headers: [(name: String, value: String)], body: [UInt8], isCut: Bool) {
    self.status = status
    self.headers = headers
    self.body = body
    self.isCut = isCut
  }

  /// The first header of that name, which is in lower case.
  package func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name }?.value
  }
}

/// There is no answer, or none that can be used.
package struct OutboundFailure: Error, Sendable {
  package enum Kind: Sendable {
    case timeout
    /// The address is one that the server must not connect to.
    case refused
    /// No such name, no connection, or a broken exchange.
    case broken
    /// The server stops.
    case cancelled
  }

  package let kind: Kind
  /// A sentence for the function's owner.
  package let text: String

  package init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}
