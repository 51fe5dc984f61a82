import Core
import HTTPServer

/// One operation at one method and path.
struct Route: Sendable {
  typealias Respond = @Sendable (Result<HTTPResponse, any Error>) -> Void

  /// How the operation runs.
  enum Work: Sendable {
    /// The few hot operations: plain functions that answer through a completion, at once where they can.
    case direct(@Sendable (Call, @escaping Respond) throws -> Void)
    case async(@Sendable (Call) async throws -> HTTPResponse)
    /// Takes its body in pieces.
    case upload(@Sendable (Call, BodyChunks) async throws -> HTTPResponse)
    /// Answers piece by piece, for as long as it takes.
    case stream(@Sendable (Call) async throws -> StreamedBody)
    /// Answers with a file's bytes.
    case download(@Sendable (Call) async throws -> Download)
    /// A function answers. Its trigger says who may call, and with which methods.
    case call
  }

  /// Who may come as far as the operation. Rules are the operation's own matter.
  enum Access: Sendable {
    /// `trusted`: whom no rule concerns, so functions too.
    case anyone, trusted, admin
  }

  let method: HTTPMethod
  /// `/v1/documents/{collection}/{id}`; `{path…}` takes the rest.
  let pattern: String
  let access: Access
  let work: Work
  /// What it does instead where the caller asks for events.
  var stream: (@Sendable (StreamCall) throws -> Void)?

  static func direct(
    _ method: HTTPMethod, _ pattern: String, _ work: @escaping @Sendable (Call, @escaping Respond) throws -> Void
  ) -> Route {
    Route(method: method, pattern: pattern, access: .anyone, work: .direct(work))
  }

  static func open(_ method: HTTPMethod, _ pattern: String, _ work: @escaping @Sendable (Call) async throws -> HTTPResponse) -> Route {
    Route(method: method, pattern: pattern, access: .anyone, work: .async(work))
  }

  static func admin(_ method: HTTPMethod, _ pattern: String, _ work: @escaping @Sendable (Call) async throws -> HTTPResponse) -> Route {
    Route(method: method, pattern: pattern, access: .admin, work: .async(work))
  }

  static func trusted(_ method: HTTPMethod, _ pattern: String, _ work: @escaping @Sendable (Call) async throws -> HTTPResponse) -> Route {
    Route(method: method, pattern: pattern, access: .trusted, work: .async(work))
  }

  /// The same, with an answer for those who ask for events.
  func streaming(_ stream: @escaping @Sendable (StreamCall) throws -> Void) -> Route {
    var route = self
    route.stream = stream
    return route
  }

  /// Promised in the API's design, not here yet: says so instead of 404.
  static func unbuilt(_ method: HTTPMethod, _ pattern: String) -> Route {
    open(method, pattern) { _ in
      throw RoostError(.notImplemented, "\(method) \(pattern) is not built yet.")
    }
  }
}

/// A body in pieces: from the connection as it arrives, or complete from inside the server.
enum BodyChunks: Sendable {
  case stream(HTTPRequestBody, length: Int?)
  case bytes([UInt8])

  /// The length that the caller announced.
  var length: Int? {
    switch self {
    case .stream(_, let length): length
    case .bytes(let bytes): bytes.count
    }
  }

  func forEach(_ take: ([UInt8]) async throws -> Void) async throws {
    switch self {
    case .bytes(let bytes):
      try await take(bytes)
    case .stream(let body, _):
      do {
        for try await chunk in body { try await take(chunk) }
      } catch let error as HTTPBodyError {
        throw Problem.error(of: error, bytesMax: nil)
      }
    }
  }
}

/// Part of an open file as an answer. Whoever takes it closes the descriptor.
struct Download: Sendable {
  let status: Int
  let headers: HTTPHeaders
  /// nil: no body (304, or HEAD).
  let content: (descriptor: Int32, offset: Int64, length: Int64)?
}
