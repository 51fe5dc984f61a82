import ArgumentParser
import Core
import Glibc
import Outbound

/// The settings of `roost serve`, read once: from flags, then from the environment, then the defaults.
struct ServeSettings: Sendable {
  struct Flags {
    let data: String?
    let listen: String?
    let loops: Int?
    let origins: String?
    let accessLog: Bool
    let requireSandbox: Bool
    let allowUnsandboxed: Bool
    let drainSeconds: Int
    let liveQueries: Int?
    let liveHeartbeat: Int?
    let privateAddresses: String?
    let functionInvocationsPerDay: Int64?
    let functionGBSecondsPerDay: Int64?
  }

  let dataFolder: String
  let host: String
  let port: Int
  let loops: Int
  let allowedOrigins: [String]
  let accessLog: Bool
  let requireSandbox: Bool
  let allowUnsandboxed: Bool
  let drain: Duration
  let liveQueriesMax: Int
  let liveHeartbeat: Duration
  /// Where remote functions may be.
  let addresses: AddressPolicy
  /// Whose certificates they may have.
  let trust: TrustRoots
  let usageLimits: UsageLimits
  let denoPath: String?
  let nodePath: String?
  let pythonPath: String?
  let installEnvironment: [(name: String, value: String)]
  let lambdaLayerPath: String?
  let searchPath: String
  let firstAdmin: (email: String, password: String)?

  /// Throws a `ValidationError` (exit status 64) that says what was expected.
  init(flags: Flags, environment: ProcessEnvironment) throws {
    dataFolder = flags.data ?? environment["ROOST_DATA"] ?? "./roost_data"
    (host, port) = try Self.address(flags.listen ?? environment["ROOST_LISTEN"] ?? "127.0.0.1:8090")
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    loops = flags.loops ?? max(1, cores - 1)
    guard (1...64).contains(loops) else { throw ValidationError("--loops is \(loops); expected 1 to 64.") }
    allowedOrigins = (flags.origins ?? environment["ROOST_ORIGINS"] ?? "*").split(separator: ",").map { String($0.filter { $0 != " " }) }
    accessLog = flags.accessLog
    requireSandbox = flags.requireSandbox || environment["ROOST_REQUIRE_SANDBOX"] == "1"
    allowUnsandboxed = flags.allowUnsandboxed || environment["ROOST_ALLOW_UNSANDBOXED"] == "1"
    guard !requireSandbox || !allowUnsandboxed else { throw ValidationError("--require-sandbox and --allow-unsandboxed exclude each other.") }
    guard (0...3600).contains(flags.drainSeconds) else {
      throw ValidationError("--drain-seconds is \(flags.drainSeconds); expected 0 to 3600.")
    }
    drain = .seconds(flags.drainSeconds)
    liveQueriesMax = flags.liveQueries ?? environment["ROOST_LIVE_QUERIES"].flatMap { Int($0) } ?? Limits.liveQueriesMax
    guard (0...1_000_000).contains(liveQueriesMax) else { throw ValidationError("--live-queries is \(liveQueriesMax); expected 0 to 1000000.") }
    let heartbeat = flags.liveHeartbeat ?? environment["ROOST_LIVE_HEARTBEAT"].flatMap { Int($0) } ?? Int(Limits.liveHeartbeat.components.seconds)
    guard (1...300).contains(heartbeat) else { throw ValidationError("--live-heartbeat is \(heartbeat); expected 1 to 300 seconds.") }
    liveHeartbeat = .seconds(heartbeat)
    if let text = flags.privateAddresses ?? environment["ROOST_ALLOW_PRIVATE_ADDRESSES"] {
      guard let policy = AddressPolicy(text) else {
        throw ValidationError("--allow-private-addresses is '\(text)'; expected 'all', or blocks like 10.0.0.0/8,fd00::/8 (bits behind the prefix are zero).")
      }
      addresses = policy
    } else {
      addresses = .publicOnly
    }
    trust = TrustRoots(file: environment["SSL_CERT_FILE"], folders: environment["SSL_CERT_DIR"])
    usageLimits = UsageLimits(
      invocationsPerDay: try Self.limit(
        flags.functionInvocationsPerDay, environment["ROOST_FUNCTION_INVOCATIONS_PER_DAY"], "--function-invocations-per-day"),
      gigabyteSecondsPerDay: try Self.limit(flags.functionGBSecondsPerDay, environment["ROOST_FUNCTION_GB_SECONDS_PER_DAY"], "--function-gb-seconds-per-day"))
    denoPath = environment["ROOST_DENO"]
    nodePath = environment["ROOST_NODE"]
    pythonPath = environment["ROOST_PYTHON"]
    installEnvironment = InstallEnvironment.read(environment)
    lambdaLayerPath = environment["ROOST_LAMBDA_LAYER"]
    searchPath = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    if let email = environment["ROOST_ADMIN_EMAIL"], let password = environment["ROOST_ADMIN_PASSWORD"] {
      firstAdmin = (email, password)
    } else {
      firstAdmin = nil
    }
  }

  /// nil for no limit.
  private static func limit(_ flag: Int64?, _ variable: String?, _ name: String) throws -> Int64? {
    guard flag != nil || variable != nil else { return nil }
    guard let limit = flag ?? variable.flatMap({ Int64($0) }), (0...1_000_000_000_000).contains(limit) else {
      throw ValidationError("\(name) is \(flag.map(String.init) ?? variable ?? ""); expected a whole number from 0 to 1000000000000.")
    }
    return limit
  }

  /// `127.0.0.1:8090`, `[::1]:8090`, `:8090` (every address), `8090`.
  static func address(_ text: String) throws -> (host: String, port: Int) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard let last = parts.last, let port = Int(last), (0...65_535).contains(port) else {
      throw ValidationError("--listen is '\(text)'; expected an address and a port like 127.0.0.1:8090.")
    }
    guard parts.count > 1 else { return ("127.0.0.1", port) }
    var host = text.dropLast(last.count + 1)
    if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    return (host.isEmpty ? "0.0.0.0" : String(host), port)
  }
}

/// The environment variables, as they were when the process began.
struct ProcessEnvironment: Sendable {
  /// nil also for a variable that is set and empty.
  subscript(_ name: String) -> String? {
    guard let value = getenv(name) else { return nil }
    let text = String(cString: value)
    return text.isEmpty ? nil : text
  }
}
