import Core
import Glibc

/// The worker processes of all functions: starts, feeds, watches and ends them. Belongs to the engine's thread.
///
/// Nothing waits in it: whoever has a delivery asks for a free worker with `take`, which otherwise starts one, if the limits allow, and says
/// `freed` when it is up.
final class WorkerPool {
  enum Descriptor: UInt64 {
    case socket, errors, exit
  }

  struct Group {
    /// Most recently used last, so that surplus ones grow old.
    var idle: [Worker] = []
    var workers = 0
    var starting = 0
    /// What one run takes, the last ones counting most; `nil` before the first. By the worker's own clock, if it tells: without the way there and back.
    var usualTime: Duration?
    /// Runs in a row that went well and asked us nothing.
    var quietRuns = 0
    /// When a worker last became free.
    var freedAt: ContinuousClock.Instant?

    mutating func learn(_ taken: Duration, isQuiet: Bool) {
      usualTime = usualTime.map { .nanoseconds(($0.nanoseconds * 7 + taken.nanoseconds) / 8) } ?? taken
      quietRuns = isQuiet ? quietRuns + 1 : 0
    }
  }

  static let processors = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  let configuration: FunctionsConfiguration
  let poller: Poller
  let wall: any WallClock
  let steady: any SteadyClock
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

  var workers: [UInt64: Worker] = [:]
  var groups: [UInt64: Group] = [:]
  var checks = 0
  var events: [PoolEvent] = []
  var nextWorker: UInt64 = 1
  var nextRun: Int64 = 1
  /// By generation.
  var kept: [UInt64: KeptWorkers] = [:]
  /// Those whose answers are fetched.
  var fetched: [Worker] = []
  /// Tells which connection of a worker has rested longest.
  var nextUse: UInt64 = 1

  private var health: [FunctionRuntimeKind: RuntimeHealth] = [:] {
    didSet { healthChanged = true }
  }
  /// Since somebody looked at `probes`.
  var healthChanged = false
  /// Whether another user's process can be shown the folder of an archive, which lies in the server's own.
  var showsArchives = WorkerUser.canChange
  /// Nothing new starts.
  var isClosed = false

  init(_ configuration: FunctionsConfiguration, poller: Poller, wall: any WallClock, steady: any SteadyClock) {
    self.configuration = configuration
    self.poller = poller
    self.wall = wall
    self.steady = steady
  }

  deinit { buffer.deallocate() }

  /// How each runtime does on this machine.
  subscript(_ kind: FunctionRuntimeKind) -> RuntimeHealth {
    get {
      let isMissing = configuration.bubblewrapPath == nil
      return health[kind]
        ?? RuntimeHealth(trying: isMissing ? .reduced : .full, reason: isMissing ? "bubblewrap is not installed" : nil, changesUser: WorkerUser.canChange)
    }
    set { health[kind] = newValue }
  }

  /// Runtimes that were tried, or whose spare is wanted.
  var knownRuntimes: [FunctionRuntimeKind] { Array(health.keys) }

  /// What is known of them.
  var probes: [FunctionRuntimeKind: FunctionsProbe] {
    health.compactMapValues { one in one.level.map { FunctionsProbe(level: $0, runtime: one.version, reason: one.reason) } }
  }

  var isRunningAnything: Bool { workers.values.contains { $0.run != nil } }

  /// Workers that serve a function.
  var serving: Int { groups.values.reduce(0) { $0 + $1.workers } }

  /// Whether a worker, perhaps one that is ending, still belongs to that version.
  func isServing(_ generation: UInt64) -> Bool {
    workers.values.contains { $0.assignment?.generation == generation }
  }
}
