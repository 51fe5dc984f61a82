/// Bounds of a function's way out, each with its reason.
enum NetworkLimits {
  /// Where a worker finds the proxy, in its own network namespace, beside the server's other interface.
  static let port: UInt16 = 9002
  /// Tunnels of one worker. More wait in the kernel until one ends.
  static let tunnelsMax = 64
  static let backlog: Int32 = 128
  static let acceptsPerTurn = 16
  /// Kept of each direction of a tunnel while the other end does not read: with it, all tunnels of a worker hold at most 8 MiB.
  static let heldBytesMax = 64 << 10
  /// Of a request to the proxy, until it is known where it leads.
  static let headBytesMax = 32 << 10
  /// Until a client has said where it wants to go, and again until its host's name is looked up.
  static let headTime = Duration.seconds(10)
  static let lookUpTime = Duration.seconds(10)
  /// For each address of a host; there are at most three.
  static let connectTime = Duration.seconds(5)
  /// Without a byte in either direction: longer than slow APIs think, and the invocation's own end comes first anyway.
  static let idleTime = Duration.seconds(300)
  /// The same after the other end has said everything: mostly the client closes at once.
  static let halfOpenTime = Duration.seconds(30)
  /// For a client that was refused to close.
  static let closeTime = Duration.seconds(5)
  /// Read of what a client sends after it was refused, so that it sees the answer.
  static let discardedBytesMax = 1 << 20
  /// Refusals in one invocation: each costs a line and a turn.
  static let refusalsMax = 1000
}
