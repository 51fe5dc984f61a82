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
  }

  let configuration: FunctionsConfiguration
  let poller: Poller
  let wall: any WallClock
  let steady: any SteadyClock
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)

  var workers: [UInt64: Worker] = [:]
  var groups: [UInt64: Group] = [:]
  var spare: Worker?
  var checks = 0
  var events: [PoolEvent] = []
  var nextWorker: UInt64 = 1
  var nextRun: Int64 = 1

  /// The level of the next worker; `level` is what a worker has come up at.
  var trying: SandboxLevel
  var level: SandboxLevel?
  var runtime: String?
  var reason: String?
  var startFailures = 0
  var mayStartAt: ContinuousClock.Instant?
  /// Whether a server that runs as root starts unsandboxed workers as another user.
  var changesUser = geteuid() == 0
  /// Whether a warm spare is kept.
  var wantsSpare = false
  /// Nothing new starts.
  var isClosed = false

  init(_ configuration: FunctionsConfiguration, poller: Poller, wall: any WallClock, steady: any SteadyClock) {
    self.configuration = configuration
    self.poller = poller
    self.wall = wall
    self.steady = steady
    trying = configuration.bubblewrapPath == nil ? .reduced : .full
    if configuration.bubblewrapPath == nil { reason = "bubblewrap is not installed" }
  }

  deinit { buffer.deallocate() }

  var isRunningAnything: Bool { workers.values.contains { $0.run != nil } }

  /// Workers that serve a function.
  var serving: Int { groups.values.reduce(0) { $0 + $1.workers } }

  /// Whether a worker, perhaps one that is ending, still belongs to that version.
  func isServing(_ generation: UInt64) -> Bool {
    workers.values.contains { $0.assignment?.generation == generation }
  }
}
