import CSpawn
import Core
import Glibc

/// The way out of one worker: a proxy that listens in the worker's network namespace, where nobody else gets. Every connection is made by the server.
final class NetworkProxy {
  let permission: NetworkPermission
  let listener: Int32
  var tunnels: [UInt32: NetworkTunnel] = [:]
  /// Names that are being looked up, also for tunnels that are gone.
  var lookUps = 0
  /// Since the invocation began.
  var refusals = 0
  var opened = 0
  var sent: Int64 = 0
  var received: Int64 = 0
  /// Whether the listener is watched: not while there are as many tunnels as there may be.
  var isListening = true
  private var nextTunnel: UInt32 = 1

  init(_ process: WorkerProcess, _ permission: NetworkPermission) throws(Loopback.Failure) {
    guard let namespace = process.networkNamespace else {
      throw Loopback.Failure(reason: "A function with `network` runs only in a full sandbox, and this machine offers less.")
    }
    var listener: Int32 = -1
    var port: UInt16 = 0
    let error = cnet_listen(namespace, NetworkLimits.port, NetworkLimits.backlog, &listener, &port)
    guard error == 0 else {
      throw Loopback.Failure(reason: "The server cannot listen in a worker's network namespace: \(String(cString: strerror(error))).")
    }
    self.permission = permission
    self.listener = listener
  }

  deinit { close(listener) }

  /// What tells clients to come here. The project's API is in the same namespace.
  static let environment: [(name: String, value: String)] = {
    let address = "http://127.0.0.1:\(NetworkLimits.port)"
    let proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"].map { ($0, address) }
    // The last is for Node 24: the others do not ask the environment, or do so unasked.
    return proxies + [("NO_PROXY", "127.0.0.1,localhost"), ("no_proxy", "127.0.0.1,localhost"), ("NODE_USE_ENV_PROXY", "1")]
  }()

  /// The next connection that waits; `nil` if none does.
  func accept(deadline: ContinuousClock.Instant) -> NetworkTunnel? {
    let descriptor = cnet_accept(listener)
    guard descriptor >= 0 else { return nil }
    let tunnel = NetworkTunnel(id: nextTunnel, client: descriptor, deadline: deadline)
    nextTunnel = nextTunnel == 1 << 29 ? 1 : nextTunnel + 1
    tunnels[tunnel.id] = tunnel
    return tunnel
  }
}

extension Worker {
  /// What only this worker has in its environment, given with its function. A JavaScript interpreter has it from its start.
  var variables: [(name: String, value: String)] {
    (loopback?.environment ?? []) + (proxy == nil || runtime == .javascript ? [] : NetworkProxy.environment)
  }
}

extension FunctionDefinition {
  /// Whether a worker that is up already can take it: what it may see and reach is decided when a process starts.
  var mayTakeSpare: Bool { archive == nil && network == nil }
}
