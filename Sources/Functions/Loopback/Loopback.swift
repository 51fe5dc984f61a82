import CSpawn
import Core
import Glibc

/// The server as one worker finds it over HTTP: a listening socket on the loopback address of the worker's own network namespace, where
/// nobody else gets. Without such a namespace it listens on the machine's, on a free port, and only the token tells who calls.
final class Loopback {
  struct Failure: Error {
    let reason: String
  }

  let listener: Int32
  let port: UInt16
  /// Whether nobody but this worker reaches it.
  let isPrivate: Bool
  /// What API calls carry; good for this worker's life, and only while an invocation runs.
  let token: String
  var connections: [UInt32: LoopbackConnection] = [:]
  private var nextConnection: UInt32 = 1
  /// Requests and connections that came to nothing since the last event.
  var refusals = 0

  init(_ process: WorkerProcess) throws(Failure) {
    let namespace = process.networkNamespace
    let isPrivate = namespace != nil
    var listener: Int32 = -1
    var port: UInt16 = 0
    let error = cnet_listen(namespace ?? -1, isPrivate ? LoopbackLimits.port : 0, LoopbackLimits.backlog, &listener, &port)
    guard error == 0 else { throw Failure(reason: "the server cannot listen in a worker's network namespace: \(String(cString: strerror(error)))") }
    self.isPrivate = isPrivate
    self.listener = listener
    self.port = port
    token = Self.hexadecimal(SecureRandom.bytes(32))
  }

  deinit { close(listener) }

  var address: String { "127.0.0.1:\(port)" }

  /// What tells a function where its project's API is.
  var environment: [(name: String, value: String)] { [("ROOST_URL", "http://" + address), ("ROOST_TOKEN", token)] }

  /// Whether a request may call the API.
  func isAuthorized(_ request: LoopbackRequest) -> Bool {
    guard let header = request.header("authorization"), header.lowercased().hasPrefix("bearer ") else { return false }
    let given = Array(header.utf8.dropFirst(7))
    let wanted = Array(token.utf8)
    // In constant time: without a namespace of their own, others may ask too.
    return given.count == wanted.count && zip(given, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  /// The next connection that waits; `nil` if none does.
  func accept() -> LoopbackConnection? {
    let descriptor = cnet_accept(listener)
    guard descriptor >= 0 else { return nil }
    let connection = LoopbackConnection(id: nextConnection, descriptor: descriptor)
    // Past 2^30 connections a number would come again, and an old one of that number is long gone.
    nextConnection = nextConnection == 1 << 30 ? 1 : nextConnection + 1
    connections[connection.id] = connection
    return connection
  }

  /// The connection without a request that has rested longest.
  var oldestIdle: LoopbackConnection? {
    connections.values.filter { $0.pending == nil && !$0.decoder.isInside && $0.waiting == 0 }.min { $0.lastUsed < $1.lastUsed }
  }

  static func hexadecimal(_ bytes: [UInt8]) -> String {
    var text = ""
    for byte in bytes { text += (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    return text
  }
}
