import Core

/// How well workers of one runtime come up on this machine, and its warm spare.
struct RuntimeHealth {
  /// The level of the next worker; `level` is what a worker has come up at.
  var trying: SandboxLevel
  var level: SandboxLevel?
  /// What it called itself: `deno 2.9.8`.
  var version: String?
  /// Why the level is not `full`.
  var reason: String?
  var startFailures = 0
  var mayStartAt: ContinuousClock.Instant?
  /// Whether a server that runs as root starts workers as other users.
  var changesUser: Bool
  /// A worker that is up, or coming up, without user code.
  var spare: Worker?
  /// Whether a warm spare is kept.
  var wantsSpare = false
}
