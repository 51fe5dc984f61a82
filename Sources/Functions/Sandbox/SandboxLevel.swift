/// How well user code is shut in on this machine. Shown in health and doctor.
package enum SandboxLevel: String, Sendable, Comparable {
  /// No worker could be started at all.
  case none
  /// Own session, rlimits, the interpreter's own permissions (no files, network, environment or processes), another user where the server is root.
  case reduced
  /// All that, and bubblewrap's namespaces: users, processes, mounts, network, IPC, host name.
  case full

  private var rank: Int { self == .none ? 0 : self == .reduced ? 1 : 2 }

  package static func < (left: SandboxLevel, right: SandboxLevel) -> Bool { left.rank < right.rank }
}

/// What a machine offers to functions.
package struct FunctionsProbe: Sendable {
  package let level: SandboxLevel
  /// `deno 2.9.8`
  package let runtime: String?
  /// Why the level is not `full`.
  package let reason: String?
}
