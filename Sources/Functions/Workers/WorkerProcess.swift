import CSpawn
import Core
import Glibc
import JSON

/// One worker's process: its descriptors, its frames in and out, its meters. Knows nothing of what the worker does.
final class WorkerProcess {
  struct StartFailure: Error {
    let reason: String
    /// This machine does not let the server show a folder in another place.
    var isFolder = false
  }

  enum Read {
    case bytes(Int)
    case nothing
    case ended
  }

  let pid: pid_t
  let exit: Int32
  private(set) var socket: Int32
  let errors: Int32
  private var info: Int32
  /// The interpreter itself, which in a sandbox is not the process that we started.
  private(set) var interpreter: pid_t?
  private var interpreterHandle: Int32 = -1
  private var memory: Int32 = -1
  /// Of the interpreter's CPU time.
  private var clock: clockid_t?
  private let ownsUser: Bool
  /// Whether what we started is the sandbox, and the interpreter in it.
  let isInSandbox: Bool

  /// Of all its processes that were waited for, once it has ended.
  private(set) var usage: cspawn_usage?

  var decoder = FrameDecoder()
  /// What it said first, for programs that speak no frames.
  var greeting: [UInt8] = []
  private var outbox: [UInt8] = []
  private var sent = 0

  init(_ command: WorkerCommand) throws(StartFailure) {
    var ours: Int32 = -1
    var theirs: Int32 = -1
    var errors: Int32 = -1
    var errorsIn: Int32 = -1
    var info: Int32 = -1
    var infoIn: Int32 = -1
    defer { for descriptor in [theirs, errorsIn, infoIn] where descriptor >= 0 { close(descriptor) } }
    var failure = cspawn_socketpair(&ours, &theirs)
    if failure == 0 { failure = cspawn_pipe(&errors, &errorsIn) }
    if failure == 0, command.tellsChild { failure = cspawn_pipe(&info, &infoIn) }
    var pid: pid_t = 0
    var exit: Int32 = -1
    if failure == 0 {
      failure = Self.start(command, socket: theirs, errors: errorsIn, info: infoIn, pid: &pid, exit: &exit)
    }
    guard failure == 0 else {
      for descriptor in [ours, errors, info] where descriptor >= 0 { close(descriptor) }
      throw StartFailure(reason: "\(command.path) did not start: \(String(cString: strerror(abs(failure))))", isFolder: failure < 0)
    }
    self.pid = pid
    self.exit = exit
    socket = ours
    self.errors = errors
    self.info = info
    ownsUser = command.ownsUser
    isInSandbox = command.tellsChild
  }

  deinit {
    for descriptor in [socket, errors, info, exit, interpreterHandle, memory] where descriptor >= 0 { close(descriptor) }
  }

  private static func start(_ command: WorkerCommand, socket: Int32, errors: Int32, info: Int32, pid: inout pid_t, exit: inout Int32) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = command.arguments.map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = command.environment.map { strdup($0) } + [nil]
    let (folder, place) = (command.folder.map { strdup($0.path) } ?? nil, command.folder.map { strdup($0.place) } ?? nil)
    defer { for text in arguments + environment + [folder, place] { free(text) } }
    return command.path.withCString { path in
      arguments.withUnsafeMutableBufferPointer { arguments in
        environment.withUnsafeMutableBufferPointer { environment in
          let filter = command.tellsChild ? SystemCalls.pipe() : -1
          defer { if filter >= 0 { close(filter) } }
          return SystemCalls.filter.withUnsafeBytes { calls in
            var request = cspawn_request(
              path: path, argv: UnsafePointer(arguments.baseAddress), envp: UnsafePointer(environment.baseAddress), socket: socket, errors: errors, info: info,
              filter: filter, calls: command.tellsChild || calls.isEmpty ? nil : calls.baseAddress, calls_bytes: calls.count,
              no_new_privileges: !command.tellsChild, user: command.user, folder: folder, place: place,
              // From the start: a root without CAP_SYS_RESOURCE (in most containers) may not bound what has become another user.
              limits: cspawn_limits(
                open_files: FunctionsLimits.openFilesMax, file_bytes: FunctionsLimits.fileBytesMax, data_bytes: command.dataBytes,
                tasks: command.ownsUser && command.user != 0 ? FunctionsLimits.tasksMax : -1))
            return cspawn_start(&request, &pid, &exit)
          }
        }
      }
    }
  }

  /// Call once the interpreter has spoken: finds out which process it is and opens its meters.
  func attach() {
    guard interpreter == nil else { return }
    let found = info < 0 ? pid : readChild()
    guard let found else { return }
    interpreter = found
    interpreterHandle = cspawn_open_pid(found)
    if ownsUser { _ = cprocesses_limit(found, FunctionsLimits.tasksMax) }
    memory = open("/proc/\(found)/statm", O_RDONLY | O_CLOEXEC)
    var clock: clockid_t = 0
    if cspawn_cpu_clock(found, &clock) == 0 { self.clock = clock }
  }

  /// A descriptor of the process whose network namespace is the worker's own; `nil` if it shares ours.
  var networkNamespace: Int32? {
    guard let interpreter, interpreterHandle >= 0, cnet_is_apart(interpreter) else { return nil }
    return interpreterHandle
  }

  /// Bounds the buffers of each TCP connection in a network namespace of its own. Best effort: /proc/sys may be read-only for us.
  func boundBuffers(_ bytes: Int) {
    if isInSandbox, let interpreter { _ = cnet_bound_buffers(interpreter, Int32(clamping: bytes)) }
  }

  /// Lets others go first. There is no way back without privileges.
  func yield(_ niceness: Int32) {
    // All its threads, which only a process group reaches; it leads one of its own.
    if let interpreter { _ = setpriority(__priority_which_t(PRIO_PGRP.rawValue), id_t(getpgid(interpreter)), niceness) }
  }

  private func readChild() -> pid_t? {
    var buffer = [UInt8](repeating: 0, count: 1024)
    let count = Glibc.read(info, &buffer, buffer.count)
    close(info)
    info = -1
    guard count > 0, let value = try? JSONValue(parsing: Array(buffer[0..<count])) else { return nil }
    return value["child-pid"]?.intValue.flatMap { pid_t(exactly: $0) }
  }

  // MARK: Frames

  /// Bytes that wait until the worker reads.
  var waiting: Int { outbox.count - sent }

  /// False if the worker has closed its end.
  func send(_ frame: [UInt8]) -> Bool {
    guard waiting == 0 else {
      outbox.append(contentsOf: frame)
      return true
    }
    let count = frame.withUnsafeBytes { write($0) }
    guard count >= 0 else { return false }
    if count < frame.count {
      outbox = Array(frame[count...])
      sent = 0
    }
    return true
  }

  /// False if the worker has closed its end.
  func flush() -> Bool {
    while waiting > 0 {
      let count = outbox.withUnsafeBytes { write(UnsafeRawBufferPointer(rebasing: $0[sent...])) }
      if count < 0 { return false }
      if count == 0 { return true }
      sent += count
    }
    outbox = []
    sent = 0
    return true
  }

  /// How many bytes were taken; -1 if the other end is closed.
  private func write(_ bytes: UnsafeRawBufferPointer) -> Int {
    while true {
      let count = Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
      if count >= 0 { return count }
      if errno == EINTR { continue }
      return errno == EAGAIN ? 0 : -1
    }
  }

  static func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) -> Read {
    while true {
      let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .ended }
      if errno == EINTR { continue }
      return errno == EAGAIN ? .nothing : .ended
    }
  }

  func closeSocket() {
    guard socket >= 0 else { return }
    close(socket)
    socket = -1
  }

  // MARK: Meters and ends

  /// Memory that is the process's own: resident, without files that are mapped. `nil` if unknown.
  func residentBytes() -> Int64? {
    guard memory >= 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 128)
    let count = pread(memory, &buffer, buffer.count, 0)
    guard count > 0 else { return nil }
    // size resident shared text lib data dt, in pages (proc(5))
    let numbers = buffer[0..<count].split(separator: UInt8(ascii: " "), maxSplits: 3).prefix(3).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 3 else { return nil }
    return (numbers[1] - numbers[2]) * Int64(getpagesize())
  }

  /// All processes of the worker, and the threads and the memory that are theirs. `nil` if unknown.
  func tree() -> (processes: Int, threads: Int, residentBytes: Int64)? {
    guard let interpreter else { return nil }
    var bytes: Int64 = 0
    var threads: Int64 = 0
    let count = cprocesses_below(interpreter, &bytes, &threads)
    return (Int(count), Int(threads), bytes)
  }

  /// Sockets in its network namespace, ours of its interfaces among them; 0 if it shares that of the machine.
  func sockets() -> Int {
    guard isInSandbox, let interpreter else { return 0 }
    return Int(max(0, cprocesses_sockets(interpreter)))
  }

  /// Files and folders in one of the sandbox's own file systems, however small they are.
  func files(in folder: String) -> Int {
    guard isInSandbox, let interpreter else { return 0 }
    return Int(max(0, cprocesses_files(interpreter, folder)))
  }

  func cpuTime() -> Duration? {
    guard let clock else { return nil }
    let nanoseconds = cspawn_cpu_nanoseconds(clock)
    return nanoseconds < 0 ? nil : .nanoseconds(nanoseconds)
  }

  /// Asks the interpreter to end. False if it cannot be reached.
  func terminate() -> Bool {
    interpreterHandle >= 0 && cspawn_signal(interpreterHandle, SIGTERM) == 0
  }

  /// Ends it, and with it whatever lives in its sandbox.
  func kill() {
    if interpreterHandle >= 0 { _ = cspawn_signal(interpreterHandle, SIGKILL) }
    _ = cspawn_signal(exit, SIGKILL)
    // Without a process namespace, what it may have started: its whole process group, unless it is gone and the number somebody else's.
    if interpreter == pid || interpreter == nil { Glibc.kill(-pid, SIGKILL) }
  }

  /// How it ended; `nil` while it runs. An exit status, or a negated signal.
  func outcome() -> Int32? {
    var outcome: Int32 = 0
    var usage = cspawn_usage()
    guard cspawn_reap(exit, &outcome, &usage) != 0 else { return nil }
    self.usage = usage
    return outcome
  }
}
