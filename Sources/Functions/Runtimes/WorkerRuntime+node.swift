import Glibc

extension WorkerRuntime {
  /// Node, where there is no Deno. It has no permissions of its own that would hold, so only namespaces shut it in.
  init?(node: String?, memoryBytes: Int64) {
    guard let node else { return nil }
    let arguments = ["--max-old-space-size=\(memoryBytes >> 20)", "--no-warnings", "--eval", NodeBootstrap.source]
    var shown = [(path: node, at: node)]
    // Where Debian's Node has a part of itself.
    if access("/usr/share/nodejs", R_OK) == 0 { shown.append(("/usr/share/nodejs", "/usr/share/nodejs")) }
    self.init(
      .javascript, program: Program(path: node, arguments: arguments), sandboxed: Program(path: node, arguments: arguments),
      environment: [("NO_COLOR", "1"), ("PATH", "/usr/bin:/bin")], shown: shown, shutsIn: false, reservedBytes: FunctionsLimits.nodeDataBytes)
  }
}
