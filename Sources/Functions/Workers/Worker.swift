import Core

/// Which function a worker serves: one version of it. The generation tells versions apart, also those of a function that was deleted and made anew.
struct WorkerAssignment {
  let generation: UInt64
  let definition: FunctionDefinition
  /// Opened: signed and filled in with, and masked in logs. The definition's environment holds them already.
  var secrets: [String: String] = [:]
}

/// One worker: its process and what it is doing.
final class Worker {
  enum State {
    /// The interpreter is coming up.
    case starting
    /// Up, without user code: the warm spare.
    case blank
    /// Taking up the function's module.
    case loading
    case idle(since: ContinuousClock.Instant)
    case running
    /// Has answered, and not said that it is free.
    case returning
    /// Told to end; its process has not ended yet.
    case ending
    /// Its process has ended; some of its API calls have not.
    case ended
  }

  /// Why a worker was ended before its time.
  enum Fault {
    case timeout(Duration)
    case memory(Int64)
    case output
    case processes
    case threads
    case sockets
    case files
    case answer
    case protocolBreach(String)
    case answerTooLarge
    /// Its caller went away, and it did not stop.
    case abandoned

    var status: Invocation.Status {
      switch self {
      case .timeout: .timeout
      case .memory: .memoryLimit
      case .output, .processes, .threads, .sockets, .files, .answer, .protocolBreach, .answerTooLarge: .crashed
      case .abandoned: .failed
      }
    }

    var text: String {
      switch self {
      case .timeout(let time): "The function did not finish within \(time.milliseconds) ms."
      case .memory(let bytes): "The function used more than its \(bytes >> 20) MB of memory."
      case .output: "The function printed more than \(FunctionsLimits.outputBytesMax >> 20) MB."
      case .processes: "The function had more than \(FunctionsLimits.processesMax) processes."
      case .threads: "The function had more than \(FunctionsLimits.tasksMax) threads in its processes."
      case .sockets: "The function had more than \(FunctionsLimits.socketsMax) sockets."
      case .files: "The function made more than \(FunctionsLimits.filesMax) files in one of its folders."
      case .answer: "The answer of the command has more than \(Limits.workerFrameBytesMax >> 20) MB."
      case .protocolBreach(let what): "The worker broke its protocol: \(what)."
      case .answerTooLarge: "The function's answer had more than \(Limits.callAnswerBytesMax >> 20) MB."
      case .abandoned: "The caller went away, and the function did not stop sending."
      }
    }
  }

  let id: UInt64
  let runtime: FunctionRuntimeKind
  let process: WorkerProcess
  let level: SandboxLevel
  /// Of the interpreter's own heap, as it was started.
  let memoryBytesMax: Int64
  /// Whether its interpreter lets a program start processes.
  let startsProcesses: Bool
  /// When an idle worker is looked at next; `nil` before the first look, which comes at once.
  var nextLook: ContinuousClock.Instant?
  /// When it was last looked at, and how much of a processor it had used by then.
  var lastLook: (at: ContinuousClock.Instant, cpu: Duration?)?
  /// How often in a row it was busy since the look before.
  var busyLooks = 0
  var state = State.starting
  /// Its program waits in the socket since before it was up.
  var isLoadSent = false
  /// For workers that speak AWS's runtime interface over HTTP; all others speak frames over their socket.
  var lambda: LambdaExchange?
  var loopback: Loopback?
  /// The way out of a function that has the permission.
  var proxy: NetworkProxy?
  var assignment: WorkerAssignment?
  /// For a worker that only checks a source: who waits for the verdict.
  var check: CheckedContinuation<Void, any Error>?
  var run: Run?
  /// What it has been given besides: it takes these up one after another.
  var ahead: [Run] = []
  /// When the answers of several runs are fetched together, instead of each waking us.
  var fetchAt: ContinuousClock.Instant?
  /// How often in a row there were none.
  var lookedInVain = 0
  /// It was given several runs, and the last has not ended. They share the time of the worker since `sharedUntil`, as far as it is in no report.
  var isGivenSeveral = false
  var sharedUntil: (steady: ContinuousClock.Instant, wall: Timestamp, cpu: Duration?)?
  /// Where in the pool's events the reports are that still have to share.
  var sharing: [Int] = []
  /// What its handler returned.
  var value: [UInt8]?
  /// Of its present invocation.
  var timeout = Duration.zero
  /// The caller of its run has gone.
  var isAbandoned = false
  /// When the present state becomes a fault.
  var deadline: ContinuousClock.Instant?
  /// When a worker that was asked to end is made to.
  var killAt: ContinuousClock.Instant?
  var fault: Fault?
  var invocations = 0
  /// Serves an outdated version or a deleted function: ends when it is free.
  var isOutdated = false
  var calls = 0
  /// The bodies of calls under way, by the numbers that the worker gave them.
  var callBodies: [Int64: Int] = [:]
  var callBodiesBytes = 0
  /// Nothing is read from it until some of its calls are answered.
  var isHeld = false
  var outputBytes = 0
  var output = InvocationOutput()
  var memoryPeak: Int64 = 0
  /// What it had when it was last looked at.
  var residentBytes: Int64 = 0
  var sampledAt: ContinuousClock.Instant?
  /// What its run took, as it tells itself. Decides about the number of workers, nothing else.
  var ownTime: Duration?
  /// What its last run took.
  var lastTime = Duration.zero
  /// How its invocation is reported once its process has ended and its calls are answered.
  var ending: (status: Invocation.Status, text: String?)?
  var failedToLoad = false
  var cpuAtEnd: Duration?
  /// What a command has answered so far.
  var answer: [UInt8] = []
  /// The end of what it wrote to standard error, for the record of a crash.
  private var lastWords: [UInt8] = []

  init(id: UInt64, runtime: FunctionRuntimeKind, process: WorkerProcess, level: SandboxLevel, memoryBytesMax: Int64, startsProcesses: Bool) {
    self.id = id
    self.runtime = runtime
    self.process = process
    self.level = level
    self.memoryBytesMax = memoryBytesMax
    self.startsProcesses = startsProcesses
    lambda = runtime == .lambda ? LambdaExchange() : nil
  }

  var isAlive: Bool {
    switch state {
    case .ending, .ended: false
    default: true
    }
  }

  /// Whether the poller is to say that it has spoken.
  var isListenedTo: Bool { !isHeld && fetchAt == nil }

  func hear(_ bytes: UnsafeRawBufferPointer) {
    lastWords.append(contentsOf: bytes.suffix(2048))
    if lastWords.count > 2048 { lastWords.removeFirst(lastWords.count - 2048) }
  }

  var words: String {
    let text = Self.withoutAddresses(
      String(decoding: lastWords, as: UTF8.self), file: assignment.map { $0.definition.entry ?? $0.definition.name + ".ts" } ?? "function.ts")
    return String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }

  /// The interpreter knows the module by a made-up address; its author knows it by name.
  private static func withoutAddresses(_ text: String, file: String) -> String {
    var text = text
    for start in ["blob:null/", "data:application/typescript;base64,", "data:text/javascript;base64,"] {
      var parts = text.split(separator: start, omittingEmptySubsequences: false)
      let first = parts.removeFirst()
      text = first + parts.map { file + $0.drop { $0.isASCII && ($0.isLetter || $0.isNumber || "-+/=.".contains($0)) } }.joined()
    }
    return text
  }

  func forgetOutput() {
    output = InvocationOutput()
    outputBytes = 0
  }

  func forgetWords() { lastWords = [] }

  /// One sentence about a process that ended on its own.
  func obituary(_ outcome: Int32) -> String {
    // bubblewrap hands a signal on as shells do.
    let signal = outcome < 0 ? -outcome : process.isInSandbox && (129...192).contains(outcome) ? outcome - 128 : nil
    let how = signal.map { "The worker was ended by signal \($0)." } ?? "The worker ended with exit code \(outcome)."
    return words.isEmpty ? how : how + "\n" + words
  }
}
