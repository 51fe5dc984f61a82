import Glibc

extension WorkerRuntime {
  /// CPython without its site packages: the standard library is there, and nothing of what the machine's owner has installed.
  init?(python: String?) {
    guard let python else { return nil }
    // -I: no environment variables, no current folder; -S: no site packages (6 ms less); -B: nothing can be written anyway.
    let arguments = ["-I", "-S", "-B", "-X", "utf8", "-c", PythonBootstrap.command, PythonBootstrap.source]
    self.init(
      .python, program: Program(path: python, arguments: arguments), sandboxed: Program(path: python, arguments: arguments),
      environment: [("PATH", "/usr/bin:/bin")], shown: Self.installation(python), shutsIn: false, reservedBytes: FunctionsLimits.pythonDataBytes)
  }

  /// `/opt/python/bin/python3.13` finds its library in `/opt/python/lib`. The system's own is in `/usr/lib`, which every sandbox shows.
  private static func installation(_ python: String) -> [(path: String, at: String)] {
    var shown = [(path: python, at: python)]
    let parts = python.split(separator: "/")
    let prefix = "/" + parts.dropLast(2).joined(separator: "/")
    if parts.count > 2, parts[parts.count - 2] == "bin", prefix != "/usr" { shown = [(prefix, prefix)] }
    // Time zones, for `zoneinfo`.
    if access("/usr/share/zoneinfo", R_OK) == 0 { shown.append(("/usr/share/zoneinfo", "/usr/share/zoneinfo")) }
    return shown
  }
}
