import ArgumentParser
import Core
import Glibc
import Storage

/// `roost serve`: the whole backend, until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "Run the server.",
    discussion: """
      Serves the data folder, making it where it is missing. SIGTERM drains: running requests and functions end, then the \
      server exits with status 0. Each flag can also be given as an environment variable, e.g. ROOST_LISTEN.

      Example:
        roost serve --data ./roost_data --listen 127.0.0.1:8090

      The first admin: set ROOST_ADMIN_EMAIL and ROOST_ADMIN_PASSWORD, or run
        roost admins create you@example.org --data ./roost_data
      """)

  @Option(help: "The folder that holds everything (ROOST_DATA; default ./roost_data).")
  var data: String?

  @Option(help: "Address and port; port 0 takes any free one (ROOST_LISTEN; default 127.0.0.1:8090).")
  var listen: String?

  @Option(help: "Event loops; by default one a core, less one for everything else.")
  var loops: Int?

  @Option(help: "Web origins that may call, comma-separated; default any (ROOST_ORIGINS).")
  var origins: String?

  @Flag(inversion: .prefixedNo, help: "One log line a request on standard error.")
  var accessLog = true

  @Flag(help: "Refuse to run functions unless the sandbox is complete (ROOST_REQUIRE_SANDBOX=1).")
  var requireSandbox = false

  @Flag(help: "Run Python and Node also where the machine has no namespaces; never commands, nor functions with `network` (ROOST_ALLOW_UNSANDBOXED=1).")
  var allowUnsandboxed = false

  @Option(help: "Seconds that running requests and functions may take after SIGTERM.")
  var drainSeconds: Int = 30

  @Option(help: "Live queries that may be open at once, half of them one caller's (ROOST_LIVE_QUERIES; default 20000).")
  var liveQueries: Int?

  @Option(help: "Seconds after which an idle live query says that it is there (ROOST_LIVE_HEARTBEAT; default 20).")
  var liveHeartbeat: Int?

  @Option(
    defaultAsFlag: "all",
    help: ArgumentHelp(
      "Let remote functions, and functions with `network`, reach private addresses: all of them, or blocks (ROOST_ALLOW_PRIVATE_ADDRESSES).",
      valueName: "10.0.0.0/8,…"))
  var allowPrivateAddresses: String?

  @Option(help: "Runs of functions in a day of UTC; past them calls are refused and events wait (ROOST_FUNCTION_INVOCATIONS_PER_DAY; default no limit).")
  var functionInvocationsPerDay: Int64?

  @Option(help: "The same for GB-seconds: memory limit times duration (ROOST_FUNCTION_GB_SECONDS_PER_DAY; default no limit).")
  var functionGBSecondsPerDay: Int64?

  func run() async throws {
    let settings = try ServeSettings(
      flags: .init(
        data: data, listen: listen, loops: loops, origins: origins, accessLog: accessLog, requireSandbox: requireSandbox,
        allowUnsandboxed: allowUnsandboxed, drainSeconds: drainSeconds, liveQueries: liveQueries, liveHeartbeat: liveHeartbeat,
        privateAddresses: allowPrivateAddresses, functionInvocationsPerDay: functionInvocationsPerDay, functionGBSecondsPerDay: functionGBSecondsPerDay),
      environment: ProcessEnvironment())
    do {
      try await RunningServer.serve(settings)
    } catch let error as StorageStartError {
      throw StartFailure(error.description)
    } catch let error as RoostError {
      throw StartFailure(error.message)
    }
  }
}

/// Why the server did not start, in a sentence for the operator. Exit status 1.
struct StartFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
