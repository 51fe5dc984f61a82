import AsyncHTTPClient
import JSON

extension RoostClient {
  /// What a function prints from now on, as it prints it, until the server ends the stream; in the end throws `unreachable` where the connection broke.
  /// - Parameters:
  ///   - last: a line's id: first come those after it.
  ///   - opened: called once when the server has begun: whatever is not in its pages of lines from now on is in the stream.
  ///   - take: called with each line.
  package func followLogs(
    of name: String, where wanted: Wanted = [], after last: String?, opened: () async throws -> Void, take: (JSONValue) throws -> Void
  ) async throws {
    var request = request(ClientRequest(method: .get, path: try PathText.join(["v1", "functions", name, "logs"]) + PathText.query(wanted)))
    request.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
    if let last { request.headers.add(name: "Last-Event-ID", value: last) }
    var events = ServerEvents()
    let response = try await translatingErrors {
      // Without a deadline: the server's signs of life keep the read timeout away.
      let response = try await http.execute(request, deadline: .distantFuture)
      try await requireSuccess(response)
      return response
    }
    try await opened()
    var chunks = response.body.makeAsyncIterator()
    while let chunk = try await translatingErrors({ try await chunks.next() }) {
      for event in try events.take(Array(chunk.readableBytesView)) where event.type == "line" { try take(event.data) }
    }
  }
}
