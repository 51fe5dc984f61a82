/// One run of a function that a caller waits for: not an event of the log, never retried, in no order with others.
package struct DirectInvocation: Sendable {
  package let function: String
  /// JSON: what the handler gets as its event.
  package let event: [UInt8]
  /// For the record, as in a CloudEvent: `roost.http.request`.
  package let eventType: String
  package let eventSubject: String
  /// How many triggers lie between this and the request that began the chain.
  package let depth: Int
  /// Instead of the function's own.
  package let timeout: Duration?
  /// The version that takes it and no other; nil for the one whose triggers count.
  package let version: Int64?
  /// The W3C trace context of the request, as a `traceparent`.
  package let trace: String?
  /// An admin tries the function out: it may do what else only an event's run can, but nothing of it is kept.
  package let isTrial: Bool

  package init(
    function: String, event: [UInt8], eventType: String, eventSubject: String, depth: Int = 0, timeout: Duration? = nil, version: Int64? = nil,
    trace: String? = nil, isTrial: Bool = false
  ) {
    self.function = function
    self.event = event
    self.eventType = eventType
    self.eventSubject = eventSubject
    self.depth = depth
    self.timeout = timeout
    self.trace = trace
    self.version = version
    self.isTrial = isTrial
  }
}

/// How a direct invocation ended, also when the function failed.
package struct DirectAnswer: Sendable {
  package let invocation: Invocation
  package let logs: [InvocationLog]
  /// JSON that the handler returned; `nil` if it returned nothing.
  package let value: [UInt8]?

  package init(invocation: Invocation, logs: [InvocationLog], value: [UInt8]?) {
    self.invocation = invocation
    self.logs = logs
    self.value = value
  }
}

/// The version that a direct invocation names is not in use any more: nothing ran.
package struct VersionGone: Error {
  package init() {}
}
