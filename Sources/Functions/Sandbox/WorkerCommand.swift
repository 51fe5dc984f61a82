import Glibc

/// The command line that starts one worker at one level of isolation.
struct WorkerCommand {
  let path: String
  let arguments: [String]
  let environment: [String]
  /// bubblewrap tells on descriptor 3 which process it started.
  let tellsChild: Bool
  let user: UInt32
  /// What the kernel lets the interpreter have: a backstop for allocations that are faster than the watch.
  let dataBytes: Int64

  /// Whether a bound on the user's processes is this worker's alone.
  let ownsUser: Bool

  /// Where the process finds its function's archive, besides where it lies.
  let folder: (path: String, place: String)?

  /// `user` is whom a server that runs as root becomes first.
  init?(
    level: SandboxLevel, user: UInt32?, folder: (path: String, place: String)? = nil, configuration: FunctionsConfiguration, runtime: WorkerRuntime,
    memoryBytes: Int64
  ) {
    self.folder = folder
    let variables = runtime.environment + Self.environment
    dataBytes = memoryBytes + runtime.reservedBytes
    self.user = user ?? 0
    // Since Linux 5.14 the bound counts within a user namespace; but root's processes never are.
    ownsUser = user.map(WorkerUser.isOwn) ?? (level == .full && geteuid() != 0 && KernelVersion.current >= KernelVersion(5, 14))
    switch level {
    case .none: return nil
    case .reduced:
      guard !runtime.needsSandbox else { return nil }
      path = runtime.program.path
      arguments = [path] + runtime.program.arguments
      environment = variables.map { $0.name + "=" + $0.value }
      tellsChild = false
    case .full:
      guard let bubblewrap = configuration.bubblewrapPath else { return nil }
      path = bubblewrap
      let marked = [bubblewrap] + (configuration.mark?.arguments ?? [])
      let shut = Self.bubblewrapArguments(runtime, variables + runtime.sandboxEnvironment)
      arguments = marked + shut + ["--", runtime.sandboxed.path] + runtime.sandboxed.arguments
      environment = []
      tellsChild = true
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
    if !SystemCalls.filter.isEmpty { arguments += ["--seccomp", "4"] }
    for (name, value) in variables { arguments += ["--setenv", name, value] }
    let system = runtime.showsPrograms ? ["/usr", "/etc/alternatives"] : ["/usr/lib", "/usr/lib64"]
    for folder in system where access(folder, R_OK) == 0 { arguments += ["--ro-bind", folder, folder] }
    for folder in ["/lib", "/lib64"] + (runtime.showsPrograms ? ["/bin", "/sbin"] : []) {
      if let target = linkTarget(folder) {
        arguments += ["--symlink", target, folder]
      } else if access(folder, R_OK) == 0 {
        arguments += ["--ro-bind", folder, folder]
      }
    }
    if access("/etc/ld.so.cache", R_OK) == 0 { arguments += ["--ro-bind", "/etc/ld.so.cache", "/etc/ld.so.cache"] }
    for (path, place) in runtime.shown { arguments += ["--ro-bind", path, place] }
    let size = String(FunctionsLimits.temporaryBytesMax)
    // /proc/sys asks for no capability, only for the user: where that is root, a program could write there (bubblewrap itself looks at the folder alone).
    arguments += ["--proc", "/proc", "--remount-ro", "/proc"]
    if runtime.showsDevices {
      // /dev/full reads as zeros too, and cannot be mapped: memory that is mapped from /dev/zero belongs to no process.
      // /dev/shm would have half of the machine's memory.
      arguments += ["--dev", "/dev", "--dev-bind", "/dev/full", "/dev/zero", "--size", size, "--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
    } else {
      // Each mount takes its time at every start.
      for device in ["/dev/null", "/dev/urandom"] { arguments += ["--dev-bind", device, device] }
    }
    for folder in runtime.temporary { arguments += ["--size", size, "--tmpfs", folder] }
    arguments += ["--size", size, "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"]
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
