import Glibc

/// How many files and connections the process may hold open at once.
enum OpenFiles {
  /// More than the connections, files and workers that the server's own limits let in together.
  private static let wanted: rlim_t = 65_536

  /// Many systems start a process with room for 1,024 and let it ask for more. A refusal changes nothing: then fewer are served at once.
  static func makeRoom() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else { return }
    limit.rlim_cur = min(limit.rlim_max, wanted)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
