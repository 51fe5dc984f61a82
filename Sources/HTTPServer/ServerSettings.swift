/// What every loop and connection of a server shares and nobody changes.
struct ServerSettings: Sendable {
  let configuration: HTTPServerConfiguration
  let handler: any HTTPHandler
  let cors: CORSPolicy
  let log: JSONLog
  let lifecycle: ServerLifecycle

  let headTimeout: Int64
  let bodyIdleTimeout: Int64
  let bodyTimeout: Int64
  let idleTimeout: Int64
  let writeIdleTimeout: Int64
  let lingerTimeout: Int64

  init(configuration: HTTPServerConfiguration, handler: any HTTPHandler, log: JSONLog, lifecycle: ServerLifecycle) {
    self.configuration = configuration
    self.handler = handler
    self.log = log
    self.lifecycle = lifecycle
    cors = CORSPolicy(configuration)
    headTimeout = configuration.headTimeout.nanoseconds
    bodyIdleTimeout = configuration.bodyIdleTimeout.nanoseconds
    bodyTimeout = configuration.bodyTimeout.nanoseconds
    idleTimeout = configuration.idleTimeout.nanoseconds
    writeIdleTimeout = configuration.writeIdleTimeout.nanoseconds
    lingerTimeout = configuration.lingerTimeout.nanoseconds
  }

  /// How often connections are looked at for being overdue: often enough for the shortest time-out, at most twice a second.
  var sweepInterval: Int64 {
    let shortest = min(headTimeout, bodyIdleTimeout, bodyTimeout, idleTimeout, writeIdleTimeout, lingerTimeout)
    return max(5_000_000, min(500_000_000, shortest / 4))
  }
}

extension Duration {
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds.multipliedReportingOverflow(by: 1_000_000_000).overflow
      ? .max / 4 : min(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, .max / 4)
  }
}
