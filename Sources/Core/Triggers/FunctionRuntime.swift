import JSON

/// What the API asks of the Functions room.
package protocol FunctionRuntime: Sendable {
  /// Loads the source in the interpreter without running it for an event. Throws `deploy_refused` with the interpreter's own message.
  func check(_ definition: FunctionDefinition) async throws
  /// How many workers of that function are up, as of some milliseconds ago.
  func instances(of function: String) -> Int
  /// Installs what the archive in that folder asks for, into it. Answers the log, nil if it asks for nothing. Throws `deploy_refused` with the log's end.
  func install(_ definition: FunctionDefinition, in folder: String) async throws -> String?
  /// What functions print, as it comes.
  var tails: LogTails { get }
  /// Throws `unavailable` when the server stops.
  func measure() async throws -> FunctionsMeasure
  /// Call after every deploy and delete: takes up the new set of functions.
  func functionsChanged() async
  /// Runs a function now and waits for it. Throws `function_not_found`, `overloaded` when too many wait for the function already or it got no
  /// worker within its timeout, `unavailable` when the server stops; a function that fails is an answer with its record.
  func invoke(_ invocation: DirectInvocation) async throws -> DirectAnswer
  /// The same, where the answer may come in pieces. When the calling task is cancelled, what still waits for a worker is given up; what runs
  /// goes on to its end, but not an answer that has begun: `CallStream.cancel`.
  func call(_ invocation: DirectInvocation) async throws -> CallReply
  /// The function as it stands since the last change that was told; without waiting, mostly.
  func deployed(_ name: String) async throws -> DeployedFunction?
  /// Delivers the dead letter again, from its first attempt. False if there is no such letter.
  func replay(deadLetter id: String, of function: String) async throws -> Bool
  /// The same for the oldest ones, up to a bound. Returns how many, and whether there are more.
  func replayDeadLetters(of function: String) async throws -> (count: Int, more: Bool)
}

/// How a function reaches its project: the REST API, called inside the server. Fulfilled by the API room.
package protocol LocalAPI: Sendable {
  func perform(_ call: LocalCall) async -> LocalAnswer
}

package struct LocalCall: Sendable {
  package let caller: Caller
  package let method: String
  /// Path and query, as in a request line: `/v1/documents/posts?limit=10`.
  package let target: String
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  package init(caller: Caller, method: String, target: String, headers: [(name: String, value: String)], body: [UInt8]) {
    self.caller = caller
    self.method = method
    self.target = target
    self.headers = headers
    self.body = body
  }
}

package struct LocalAnswer: Sendable {
  package let status: Int
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}
