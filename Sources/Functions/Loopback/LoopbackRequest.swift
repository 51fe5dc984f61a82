/// A whole HTTP request of a worker, on its own loopback interface.
struct LoopbackRequest {
  let method: String
  /// Path and query: `/v1/documents/posts?limit=10`.
  let target: String
  /// In the order of arrival, names in lower case.
  let headers: [(name: String, value: String)]
  var body: [UInt8] = []
  /// The body was larger than is kept, and is dropped.
  var isTooLarge = false
  let keepsAlive: Bool

  func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// What an HTTP client may not do. The connection ends with this answer.
struct LoopbackBreach: Error {
  let status: Int
  let reason: String

  init(_ status: Int, _ reason: String) {
    self.status = status
    self.reason = reason
  }
}
