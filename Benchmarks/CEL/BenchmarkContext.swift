import CEL

/// The variables of a request, as the server's rule context hands them out.
struct RequestVariables {
  let auth = CELValue.map(
    CELMap(fields: [
      ("id", .string("0192f8a2-7c1b-7e55-9d6c-2f4b8a1c3d5e")), ("email", .string("walker@example.org")), ("emailVerified", .bool(true)),
      ("roles", .list([.string("editor")])), ("claims", .map(CELMap(fields: []))), ("anonymous", .bool(false)), ("provider", .string("password")),
    ]))
  let request = CELValue.map(
    CELMap(fields: [
      ("method", .string("GET")), ("ip", .string("127.0.0.1")), ("time", CELTimestamp(seconds: 1_800_000_000).map(CELValue.timestamp) ?? .null),
    ]))
  let params = CELValue.map(CELMap(fields: []))

  func value(of variable: String) -> CELValue? {
    switch variable {
    case "auth": auth
    case "request": request
    case "params": params
    case "document", "incoming": .null
    default: nil
    }
  }
}

/// A document with the fields of ours beside its bytes.
struct BenchmarkContext: CELActivation {
  private let variables = RequestVariables()
  private let document: CELDocument

  init(_ body: [UInt8]) {
    document = CELDocument(
      body: body, id: "0192f8a2-7c1b-7e55-9d6c-000000000001", version: 3, createdAtMilliseconds: 1_790_000_000_000,
      updatedAtMilliseconds: 1_790_000_000_000)
  }

  func value(of variable: String) -> CELValue? { variables.value(of: variable) }
  func document(of variable: String) -> CELDocument? { variable == "document" ? document : nil }
}

/// The same with those fields spliced in front of the bytes, each time.
struct SplicedContext: CELActivation {
  private let variables = RequestVariables()
  private let body: [UInt8]

  init(_ body: [UInt8]) { self.body = body }

  func value(of variable: String) -> CELValue? { variables.value(of: variable) }

  func document(of variable: String) -> CELDocument? {
    guard variable == "document" else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + 164)
    bytes.append(contentsOf: #"{"id":"0192f8a2-7c1b-7e55-9d6c-000000000001","version":3,"createdAt":"2026-11-21T10:00:00.000Z","#.utf8)
    bytes.append(contentsOf: #""updatedAt":"2026-11-21T10:00:00.000Z","#.utf8)
    bytes.append(contentsOf: body[1...])
    return CELDocument(body: bytes)
  }
}
