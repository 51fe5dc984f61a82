import Core
import Glibc

extension WorkerRuntime {
  /// The same with what a client of the network needs. Only for a sandbox with a network of its own, where all there is to reach is the proxy.
  var reachingNetwork: WorkerRuntime {
    var runtime = self
    runtime.environment += NetworkProxy.environment
    if kind == .javascript, shutsIn { runtime.sandboxed = Program(path: sandboxed.path, arguments: Self.allowingNetwork(sandboxed.arguments)) }
    // Whom to trust.
    for path in ["/etc/ssl/certs", "/etc/ssl/openssl.cnf", "/usr/share/ca-certificates"]
    where access(path, R_OK) == 0 && !runtime.shown.contains(where: { $0.at == path }) {
      runtime.shown.append((path, path))
    }
    return runtime
  }

  private static func allowingNetwork(_ arguments: [String]) -> [String] {
    var arguments = arguments
    arguments.insert("--allow-net", at: 1)
    return arguments
  }
}
