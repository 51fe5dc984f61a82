import AsyncHTTPClient
import JSON
import NIOCore

/// How documents are written down, many in one body.
package enum BulkFormat: String, Sendable, CaseIterable {
  case ndjson, csv

  var contentType: String {
    switch self {
    case .ndjson: "application/x-ndjson"
    case .csv: "text/csv"
    }
  }
}

/// What an import does besides the default.
package struct ImportOptions: Sendable {
  package var format = BulkFormat.ndjson
  /// `create`, `put`, `skip` or `merge`.
  package var mode = "create"
  package var stopsAtError = false
  package var isTrial = false
  package var keepsTimes = false
  /// Of a CSV: `infer` or `text`.
  package var types: String?

  package init() {}

  fileprivate var query: [(String, String?)] {
    [
      ("mode", mode), ("onError", stopsAtError ? "stop" : nil), ("validate", isTrial ? "true" : nil), ("keepTimes", keepsTimes ? "true" : nil),
      ("types", format == .csv ? types : nil),
    ]
  }
}

/// What an export leaves out.
package struct ExportOptions: Sendable {
  package var format = BulkFormat.ndjson
  package var filter: String?
  package var fields: String?
  /// Only documents whose id comes after this one.
  package var after: String?
  package var isSafe = false

  package init() {}

  fileprivate var query: [(String, String?)] {
    [("format", format.rawValue), ("filter", filter), ("fields", fields), ("after", after), ("safe", isSafe && format == .csv ? "true" : nil)]
  }
}

extension RoostClient {
  /// Writes any number of documents, without holding them in memory. The answer counts what became of them.
  /// - Parameter next: the next piece of the text, nil at the end.
  package func importDocuments(
    into collection: String, _ options: ImportOptions, next: @escaping @Sendable () async throws -> [UInt8]?
  ) async throws -> JSONValue {
    var request = request(ClientRequest(method: .post, path: try PathText.join(["v1", "import", collection]) + PathText.query(options.query)))
    request.headers.add(name: "Content-Type", value: options.format.contentType)
    request.body = .stream(BodyPieces(next: next), length: .unknown)
    return try await translatingErrors {
      let response = try await http.execute(request, deadline: .distantFuture)
      try await requireSuccess(response)
      let bytes = try await response.body.collect(upTo: ClientLimits.importAnswerBytesMax)
      return try JSONValue(parsing: Array(bytes.readableBytesView))
    }
  }

  /// Reads a collection piece by piece. Throws also where the answer ends before its end.
  package func exportDocuments(of collection: String, _ options: ExportOptions, take: ([UInt8]) async throws -> Void) async throws {
    let path = try PathText.join(["v1", "export", collection]) + PathText.query(options.query)
    try await translatingErrors {
      let response = try await http.execute(request(ClientRequest(method: .get, path: path)), deadline: .distantFuture)
      try await requireSuccess(response)
      for try await chunk in response.body { try await take(Array(chunk.readableBytesView)) }
    }
  }
}

/// The pieces of a body, asked for when the connection has room.
private struct BodyPieces: AsyncSequence, Sendable {
  let next: @Sendable () async throws -> [UInt8]?

  struct AsyncIterator: AsyncIteratorProtocol {
    let nextPiece: @Sendable () async throws -> [UInt8]?

    mutating func next() async throws -> ByteBuffer? { try await nextPiece().map { ByteBuffer(bytes: $0) } }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(nextPiece: next) }
}
