/// Bounds of this room, each with its reason.
enum OutboundLimits {
  /// Names looked up at the same time, and those that wait: a silent name server holds a thread for half a minute.
  static let lookupThreadsMax = 16
  static let lookupsWaitingMax = 2000
  /// How long the vetted addresses of a name are used. Short, since names move; long enough that a busy function does not ask for each event.
  static let addressLifetime = Duration.seconds(10)
  /// Names whose addresses are remembered.
  static let namesMax = 4096
  /// Addresses of one name that are tried one after the other.
  static let addressesTriedMax = 3
  static let connectTime = Duration.seconds(10)
  /// For finding out what is wrong with a certificate that was refused.
  static let certificateTime = Duration.seconds(3)
  /// Connections to one address of one server. Not the bound on requests, which the functions' concurrency is: a slow path of a server
  /// must not hold up another function's path there.
  static let connectionsPerDestinationMax = 1024
  /// Unused connections are closed before the five seconds after which common servers close them, perhaps with our next request on its way.
  static let connectionIdleTime = Duration.seconds(4)
  /// Servers with connections that are kept; past it those that are not in use are forgotten, the longest unused first.
  static let destinationsMax = 512
}
