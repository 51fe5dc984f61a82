import Glibc

extension WorkerRuntime {
  /// A shell that becomes whatever the function needs: the system's programs are shown, and a layer where the operator has one.
  init(lambdaLayer: String?) {
    let shell = Program(path: "/bin/sh", arguments: ["-c", LambdaProgram.starter])
    // Debian's /bin is a link to /usr/bin, where there is nothing that a function must not see.
    let system: [String] = ["/usr/bin", "/bin", "/etc/alternatives", "/etc/ssl/certs", "/usr/share/ca-certificates"]
    var shown: [(path: String, at: String)] = []
    for path in system where access(path, R_OK) == 0 { shown.append((path, path)) }
    if let lambdaLayer { shown.append((lambdaLayer, LambdaProgram.layer)) }
    self.init(
      .lambda, program: shell, sandboxed: shell, environment: [("PATH", "/usr/bin:/bin")], shown: shown, shutsIn: false,
      reservedBytes: FunctionsLimits.denoDataBytes)
    temporary = [LambdaProgram.folder]
    needsSandbox = true
  }
}
