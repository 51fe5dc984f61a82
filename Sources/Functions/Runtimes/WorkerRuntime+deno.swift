extension WorkerRuntime {
  /// Deno, with no permission at all: it takes the user's module over the socket.
  init?(deno: String?, memoryBytes: Int64) {
    guard let deno else { return nil }
    let arguments = [
      "run", "--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock", "--v8-flags=--max-old-space-size=\(memoryBytes >> 20)",
      DenoBootstrap.moduleURL,
    ]
    self.init(
      .javascript, program: Program(path: deno, arguments: arguments), sandboxed: Program(path: "/deno", arguments: arguments),
      // Deno keeps its caches in memory when it cannot make its folder, which is 5 ms faster than a folder in the sandbox's own /tmp.
      environment: [("DENO_DIR", "/nonexistent"), ("DENO_NO_UPDATE_CHECK", "1"), ("NO_COLOR", "1")], shown: [(deno, "/deno")],
      shutsIn: true, reservedBytes: FunctionsLimits.denoDataBytes)
  }
}
