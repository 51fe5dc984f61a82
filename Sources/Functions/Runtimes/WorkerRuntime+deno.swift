extension WorkerRuntime {
  /// Deno, with no permission at all: it takes the user's module over the socket.
  init?(deno: String?, memoryBytes: Int64) {
    guard let deno else { return nil }
    let arguments =
      [
        "run", "--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock", "--no-code-cache",
        "--v8-flags=--max-old-space-size=\(memoryBytes >> 20)",
      ] + DenoBootstrap.arguments
    self.init(
      .javascript, program: Program(path: deno, arguments: arguments), sandboxed: Program(path: "/deno", arguments: arguments),
      environment: [("DENO_DIR", "/nonexistent"), ("DENO_NO_UPDATE_CHECK", "1"), ("NO_COLOR", "1")], shown: [(deno, "/deno")],
      shutsIn: true, reservedBytes: FunctionsLimits.denoDataBytes)
    // Deno 2.9 tries for 150 ms to make the folder of its caches before it keeps them in memory. In the sandbox's own /tmp it can.
    sandboxEnvironment = [("DENO_DIR", "/tmp/deno")]
    showsDevices = false
  }

  /// The same for a worker that nobody waits for yet: it makes ready what it can.
  var asSpare: WorkerRuntime {
    guard kind == .javascript else { return self }
    var runtime = self
    runtime.program = program.adding("spare")
    runtime.sandboxed = sandboxed.adding("spare")
    return runtime
  }
}

extension WorkerRuntime.Program {
  fileprivate func adding(_ argument: String) -> WorkerRuntime.Program { WorkerRuntime.Program(path: path, arguments: arguments + [argument]) }
}
