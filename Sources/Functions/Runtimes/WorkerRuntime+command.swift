import Glibc

extension WorkerRuntime {
  /// A shell that starts one program of the function's for one event, among the system's programs.
  init?(shell: String) {
    guard access(shell, X_OK) == 0 else { return nil }
    let program = Program(path: shell, arguments: ["-c", CommandScript.start])
    self.init(
      .command, program: program, sandboxed: program, environment: [("PATH", "/usr/local/bin:/usr/bin:/bin")], shown: [], shutsIn: false,
      reservedBytes: FunctionsLimits.pythonDataBytes)
    showsPrograms = true
    temporary = [CommandScript.folder]
    needsSandbox = true
  }
}
