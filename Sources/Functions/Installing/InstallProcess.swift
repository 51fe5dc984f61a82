import CSpawn
import Core
import Glibc

/// Runs one installation to its end, in a sandbox that has the network, the function's folder, and nothing else of the server. Blocks.
struct InstallProcess {
  struct Outcome {
    /// 0 when it did what it was asked.
    let status: Int32
    /// The end of what it printed.
    let log: String
    /// Why it was ended before its time.
    let fault: String?
  }

  let bubblewrap: String
  let plan: InstallPlan
  let folder: String
  var timeMax = FunctionsLimits.installTimeMax
  /// Whether it is to end now.
  let isOver: @Sendable () -> Bool

  func run() -> Outcome {
    let scratch = folder + "/" + InstallPlan.scratch
    guard mkdir(scratch, 0o700) == 0 else { return Outcome(status: -1, log: "", fault: "its folder cannot be made") }
    var ours: Int32 = -1
    var theirs: Int32 = -1
    var errors: Int32 = -1
    var errorsIn: Int32 = -1
    var failure = cspawn_socketpair(&ours, &theirs)
    if failure == 0 { failure = cspawn_pipe(&errors, &errorsIn) }
    var pid: pid_t = 0
    var exit: Int32 = -1
    if failure == 0 { failure = start(socket: theirs, errors: errorsIn, pid: &pid, exit: &exit) }
    for descriptor in [theirs, errorsIn] where descriptor >= 0 { close(descriptor) }
    defer { for descriptor in [ours, errors, exit] where descriptor >= 0 { close(descriptor) } }
    guard failure == 0 else { return Outcome(status: -1, log: "", fault: "bubblewrap did not start: \(String(cString: strerror(failure)))") }
    return follow(exit: exit, outputs: [ours, errors])
  }

  private func start(socket: Int32, errors: Int32, pid: inout pid_t, exit: inout Int32) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = ([bubblewrap] + sandbox + ["--"] + plan.arguments).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = [nil]
    defer { for text in arguments { free(text) } }
    return bubblewrap.withCString { path in
      arguments.withUnsafeMutableBufferPointer { arguments in
        environment.withUnsafeMutableBufferPointer { environment in
          var request = cspawn_request(
            path: path, argv: UnsafePointer(arguments.baseAddress), envp: UnsafePointer(environment.baseAddress), socket: socket, errors: errors, info: -1,
            filter: -1, calls: nil, calls_bytes: 0, no_new_privileges: false, user: 0, folder: nil, place: nil,
            limits: cspawn_limits(open_files: 1024, file_bytes: FunctionsLimits.installFileBytesMax, data_bytes: FunctionsLimits.installDataBytesMax, tasks: -1)
          )
          return cspawn_start(&request, &pid, &exit)
        }
      }
    }
  }

  private var sandbox: [String] {
    var arguments = [
      "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
      "--uid", "65534", "--gid", "65534", "--hostname", "install", "--clearenv",
    ]
    for (name, value) in plan.environment { arguments += ["--setenv", name, value] }
    arguments += ["--ro-bind", "/usr", "/usr"]
    for folder in ["/bin", "/lib", "/lib64"] { arguments += ["--symlink", "usr\(folder)", folder] }
    // Names, certificates: what a client of the network needs.
    for path in ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates", "/etc/pki", "/etc/ld.so.cache"]
    where access(path, R_OK) == 0 {
      arguments += ["--ro-bind", path, path]
    }
    for (path, place) in plan.shown { arguments += ["--ro-bind", path, place] }
    // As for workers: root's processes may write /proc/sys.
    arguments += ["--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    return arguments + ["--bind", folder, FunctionArchive.place, "--chdir", FunctionArchive.place]
  }

  /// Reads what it prints until it has ended, or has used up its time or its room.
  private func follow(exit: Int32, outputs: [Int32]) -> Outcome {
    let begin = ContinuousClock.now
    var looked = begin
    var log: [UInt8] = []
    var open = Set(outputs)
    var fault: String?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 16 << 10, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      var watched = open.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } + [pollfd(fd: exit, events: Int16(POLLIN), revents: 0)]
      _ = poll(&watched, nfds_t(watched.count), 200)
      for one in watched where one.fd != exit && one.revents != 0 {
        switch WorkerProcess.read(one.fd, into: buffer) {
        case .bytes(let count):
          log += buffer[0..<count]
          if log.count > 2 * FunctionsLimits.installLogBytesMax { log.removeFirst(log.count - FunctionsLimits.installLogBytesMax) }
        case .nothing: break
        case .ended: open.remove(one.fd)
        }
      }
      let now = ContinuousClock.now
      if fault == nil, now - begin > timeMax { fault = "it took longer than \(timeMax.components.seconds) s" }
      if fault == nil, isOver() { fault = "the server stops" }
      if fault == nil, now - looked > .seconds(2) {
        looked = now
        if !InstalledSize.fits(folder) { fault = InstalledSize.fault }
      }
      if fault != nil { _ = cspawn_signal(exit, SIGKILL) }
      var status: Int32 = 0
      var usage = cspawn_usage()
      // Its last words are read before it is reaped.
      guard open.isEmpty || fault != nil, cspawn_reap(exit, &status, &usage) != 0 else { continue }
      if fault == nil, !InstalledSize.fits(folder) { fault = InstalledSize.fault }
      // As a shell does, bubblewrap says by its own exit code which signal ended the program.
      if fault == nil, status == 128 + SIGXFSZ { fault = InstalledSize.fileFault }
      return Outcome(status: status, log: String(decoding: log.suffix(FunctionsLimits.installLogBytesMax), as: UTF8.self), fault: fault)
    }
  }
}

/// How much a folder may hold with its dependencies.
enum InstalledSize {
  static let fileFault = "one of its files was larger than \(FunctionsLimits.installFileBytesMax >> 20) MB"
  static let fault = "it took more than \(FunctionsLimits.installBytesMax >> 20) MB or \(FunctionsLimits.installFilesMax) files"

  static func fits(_ folder: String) -> Bool {
    var (bytes, files) = (0, 0)
    var folders = [folder]
    while let folder = folders.popLast() {
      guard let listing = opendir(folder) else { continue }
      defer { closedir(listing) }
      while let entry = readdir(listing) {
        let name = FolderEntry.name(entry)
        guard name != ".", name != ".." else { continue }
        var status = stat()
        guard lstat("\(folder)/\(name)", &status) == 0 else { continue }
        files += 1
        bytes += Int(status.st_blocks) * 512
        guard files <= FunctionsLimits.installFilesMax, bytes <= FunctionsLimits.installBytesMax else { return false }
        if status.st_mode & S_IFMT == S_IFDIR { folders.append("\(folder)/\(name)") }
      }
    }
    return true
  }
}
