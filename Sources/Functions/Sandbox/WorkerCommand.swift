import Glibc

/// The command line that starts one worker at one level of isolation.
struct WorkerCommand {
  let path: String
  let arguments: [String]
  let environment: [String]
  /// bubblewrap tells on descriptor 3 which process it started.
  let tellsChild: Bool
  let user: UInt32

  /// `nobody`, for servers that run as root without a sandbox.
  private static let nobody: UInt32 = 65534

  init?(level: SandboxLevel, changesUser: Bool, configuration: FunctionsConfiguration, runtime: WorkerRuntime) {
    let variables = runtime.environment + Self.environment
    switch level {
    case .none: return nil
    case .reduced:
      path = runtime.program.path
      arguments = [path] + runtime.program.arguments
      environment = variables.map { $0.name + "=" + $0.value }
      tellsChild = false
      user = changesUser ? Self.nobody : 0
    case .full:
      guard let bubblewrap = configuration.bubblewrapPath else { return nil }
      path = bubblewrap
      arguments =
        [bubblewrap] + Self.bubblewrapArguments(runtime, variables) + ["--", runtime.sandboxed.path] + runtime.sandboxed.arguments
      environment = []
      tellsChild = true
      user = 0
    }
  }

  private static let environment = [(name: "HOME", value: "/nonexistent"), (name: "TZ", value: "UTC"), (name: "LANG", value: "C.UTF-8")]

  private static func bubblewrapArguments(_ runtime: WorkerRuntime, _ variables: [(name: String, value: String)]) -> [String] {
    var arguments = [
      // Each by its name, since --unshare-all does without a user namespace where there is none.
      "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
      "--die-with-parent", "--new-session", "--as-pid-1", "--info-fd", "3", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534", "--hostname", "function",
      "--clearenv",
    ]
    for (name, value) in variables { arguments += ["--setenv", name, value] }
    for folder in ["/usr/lib", "/usr/lib64"] where access(folder, R_OK) == 0 { arguments += ["--ro-bind", folder, folder] }
    for folder in ["/lib", "/lib64"] {
      if let target = linkTarget(folder) {
        arguments += ["--symlink", target, folder]
      } else if access(folder, R_OK) == 0 {
        arguments += ["--ro-bind", folder, folder]
      }
    }
    if access("/etc/ld.so.cache", R_OK) == 0 { arguments += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"] }
    for (path, place) in runtime.shown { arguments += ["--ro-bind", path, place] }
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--size", String(FunctionsLimits.temporaryBytesMax), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"]
    return arguments
  }

  private static func linkTarget(_ path: String) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = buffer.withUnsafeMutableBytes { bytes in
      bytes.withMemoryRebound(to: CChar.self) { text in text.baseAddress.map { readlink(path, $0, text.count) } ?? -1 }
    }
    return count > 0 ? String(decoding: buffer[0..<count], as: UTF8.self) : nil
  }
}
