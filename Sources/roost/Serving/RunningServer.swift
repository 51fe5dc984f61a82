import API
import Core
import Functions
import HTTPServer
import JSON
import Outbound
import ServiceLifecycle
import Storage
import Synchronization

/// Puts the rooms together and runs them until SIGTERM or SIGINT.
enum RunningServer {
  static let version = "0.1.0"

  static func serve(_ settings: ServeSettings) async throws {
    let log = JSONLog()
    log.bootstrap()
    defer { log.flush() }
    OpenFiles.makeRoom()
    let clock = SystemClock()
    let ticks = LaneTicks()
    let folder = try DataFolder(path: settings.dataFolder, locking: true)
    let storage = try await ProjectStorage.open(folder, clock: clock, lanes: settings.loops, endOfTick: { ticks.atEndOfTick($0, $1) })
    let project = storage.project
    try await project.reloadConfiguration()
    try await project.reloadTriggers()

    let passwords = PasswordPool()
    let accounts = try await AccountsAssembly.make(project: project, folder: folder, passwords: passwords, clock: clock)
    let hasAdmin = try await AccountsAssembly.makeFirstAdmin(settings.firstAdmin, project: project, passwords: passwords, clock: clock)

    let inside = InsideAPI()
    for fault in settings.trust.faults { log.log(.warning, "HTTPS of remote functions: \(fault)") }
    let outbound = OutboundClient(policy: settings.addresses, trust: settings.trust)
    let functions = FunctionsService(
      project: project, api: inside, outbound: outbound, configuration: functionsConfiguration(settings), clock: clock,
      notice: { message in log.log(.warning, message) })
    let live = LiveQueries(
      project: project, authenticator: accounts.authenticator, clock: clock, cursorKey: LiveCursorKey(secret: folder.masterKey),
      openMax: settings.liveQueriesMax, heartbeat: settings.liveHeartbeat,
      report: { error in log.log(.warning, "live queries wait", [("error", String(String(describing: error).prefix(2000)))]) })
    let state = ServingState()
    let api = RoostAPI(
      APIEnvironment(
        project: project, accounts: accounts.accounts, authenticator: accounts.authenticator, functions: functions, live: live, clock: clock,
        about: {
          [
            "version": .string(version), "sandbox": .string(functions.sandboxLevel?.rawValue ?? "not yet known"),
            "runtimes": .object(RuntimeReport.value(functions.probes)),
          ]
        },
        isReady: { state.isReady },
        report: { error, requestID in
          log.log(.error, "internal error", [("error", String(String(describing: error).prefix(2000))), ("requestId", requestID)])
        }))
    inside.connect(to: api)

    let server = HTTPServer(configuration: serverConfiguration(settings), handler: api, log: log)
    ticks.connect(to: server)
    let (address, port) = try await listen(server, settings)
    // Ends in reverse: first no new requests, then no new invocations, then the database.
    let group = ServiceGroup(
      configuration: .init(
        services: [
          .init(service: IndexRunner(storage: storage, notice: { message in log.log(.warning, message) })),
          .init(service: BeforeRunner(before: project.before, functions: functions)),
          .init(service: FunctionsRunner(functions: functions)),
          .init(service: LifetimeRunner(project: project, clock: clock, notice: { log.log(.warning, $0) })),
          .init(service: LiveRunner(live: live)),
          .init(
            service: HTTPRunner(
              server: server, state: state, live: live, functions: functions, drain: settings.drain,
              announce: { Announcement.write(address: address, port: port, settings: settings, hasAdmin: hasAdmin) }),
            successTerminationBehavior: .gracefullyShutdownGroup),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: .init(label: "roost")))
    try await group.run()
    await outbound.close()
    await storage.close()
    log.log(.info, "stopped")
  }

  private static func listen(_ server: HTTPServer, _ settings: ServeSettings) async throws -> (address: String, port: Int) {
    do {
      return try await server.start()
    } catch {
      throw StartFailure(
        "Cannot listen on \(settings.host):\(settings.port). Is another server running there, or is it not an address of this machine? Choose another with --listen."
      )
    }
  }

  private static func serverConfiguration(_ settings: ServeSettings) -> HTTPServerConfiguration {
    var configuration = HTTPServerConfiguration()
    configuration.host = settings.host
    configuration.port = settings.port
    configuration.loops = settings.loops
    configuration.allowedOrigins = settings.allowedOrigins
    configuration.accessLog = settings.accessLog
    configuration.drainTimeout = settings.drain + lastAnswersTime
    configuration.connectionsMax = max(configuration.connectionsMax, settings.liveQueriesMax + 10_000)
    return configuration
  }

  /// From the end of what functions may still do until connections are cut: what they were stopped in is answered.
  private static let lastAnswersTime = Duration.seconds(1)

  private static func functionsConfiguration(_ settings: ServeSettings) -> FunctionsConfiguration {
    var configuration = FunctionsConfiguration(
      denoPath: settings.denoPath.flatMap(FunctionsConfiguration.resolve)
        ?? FunctionsConfiguration.locate("deno", searchPath: settings.searchPath),
      bubblewrapPath: FunctionsConfiguration.locate("bwrap", searchPath: settings.searchPath),
      requireSandbox: settings.requireSandbox, drainTime: settings.drain)
    configuration.usageLimits = settings.usageLimits
    configuration.nodePath =
      settings.nodePath.flatMap(FunctionsConfiguration.resolve) ?? FunctionsConfiguration.locate("node", searchPath: settings.searchPath)
    configuration.pythonPath =
      settings.pythonPath.flatMap(FunctionsConfiguration.resolve) ?? FunctionsConfiguration.locatePython(searchPath: settings.searchPath)
    configuration.allowUnsandboxed = settings.allowUnsandboxed
    configuration.lambdaLayerPath = settings.lambdaLayerPath
    configuration.installEnvironment = settings.installEnvironment
    configuration.mark = WorkerMark(folder: settings.dataFolder)
    return configuration
  }
}

/// Whether requests are welcome: false while starting and while draining.
final class ServingState: Sendable {
  private let ready = Atomic<Bool>(false)

  var isReady: Bool {
    get { ready.load(ordering: .relaxed) }
    set { ready.store(newValue, ordering: .relaxed) }
  }
}

/// Connects the storage's read lanes with the server's event loops: the storage is opened first, the server exists last.
final class LaneTicks: Sendable {
  private let server = Mutex<HTTPServer?>(nil)

  func connect(to server: HTTPServer) {
    self.server.withLock { $0 = server }
  }

  /// Runs `work` on the lane's loop when the current tick has handled everything it brought.
  func atEndOfTick(_ lane: Int, _ work: @escaping @Sendable () -> Void) {
    if let server = server.withLock({ $0 }) {
      server.atEndOfTick(lane: lane, work)
    } else {
      work()
    }
  }
}

/// The API for functions. The API itself needs the functions, so that one of the two must come first.
private final class InsideAPI: LocalAPI {
  private let api = Mutex<RoostAPI?>(nil)

  func connect(to api: RoostAPI) {
    self.api.withLock { $0 = api }
  }

  func perform(_ call: LocalCall) async -> LocalAnswer {
    guard let api = api.withLock({ $0 }) else { return LocalAnswer(status: 503, headers: [], body: []) }
    return await api.perform(call)
  }
}

private struct HTTPRunner: Service {
  let server: HTTPServer
  let state: ServingState
  let live: LiveQueries
  let functions: FunctionsService
  let drain: Duration
  let announce: @Sendable () -> Void

  func run() async throws {
    // Not earlier: by now the signals are being heard, so that whoever reads the announcement may also end the server in order.
    state.isReady = true
    announce()
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      state.isReady = false
      live.endWaits()
      // Before the connections are closed, so that whoever waits for a function gets an answer.
      functions.stop(after: drain)
      server.drain()
    }
  }
}

private struct LiveRunner: Service {
  let live: LiveQueries

  func run() async throws {
    await withGracefulShutdownHandler {
      await live.run()
    } onGracefulShutdown: {
      live.drain()
    }
  }
}

private struct FunctionsRunner: Service {
  let functions: FunctionsService

  func run() async throws {
    try await withGracefulShutdownHandler {
      try await functions.run()
    } onGracefulShutdown: {
      functions.drain()
    }
  }
}

private struct BeforeRunner: Service {
  let before: BeforeTriggers
  let functions: FunctionsService

  func run() async throws {
    await withGracefulShutdownHandler {
      await before.run(functions)
    } onGracefulShutdown: {
      before.close()
    }
  }
}

private struct IndexRunner: Service {
  let storage: ProjectStorage
  let notice: @Sendable (String) -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown { await storage.buildIndexes(notice: notice) }
  }
}
