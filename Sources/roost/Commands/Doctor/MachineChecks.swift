import Core
import Glibc
import Outbound

/// The machine: its clock, who runs this, how many files may be open.
enum MachineChecks {
  /// Each connection is an open file, each SQLite reader and each worker some more.
  private static let openFilesWanted: UInt64 = 4096

  /// Whom remote functions are called by HTTPS at.
  static func trust(_ environment: ProcessEnvironment) -> DoctorFinding {
    let trust = TrustRoots(file: environment["SSL_CERT_FILE"], folders: environment["SSL_CERT_DIR"])
    guard !trust.faults.isEmpty else { return .ok("authorities", trust.finding) }
    return .warn(
      "authorities", trust.faults.joined(separator: " "),
      mend: "Remote functions with https need them: apt-get install ca-certificates, and let SSL_CERT_FILE and SSL_CERT_DIR name what is there.")
  }

  static func run() -> [DoctorFinding] { [clock, user, openFiles] }

  private static var clock: DoctorFinding {
    let now = SystemClock().now()
    // Roost is younger than the first; outside the two, tokens expire at once or never.
    guard now.text > "2025" && now.text < "2100" else {
      return .fail("clock", "it is \(now.text), says the clock", mend: "Set it: timedatectl set-ntp true")
    }
    return .ok("clock", now.text)
  }

  private static var user: DoctorFinding {
    geteuid() == 0
      ? .warn("user", "this is root", mend: "Run the server as an ordinary user of its own; it needs no special rights.")
      : .ok("user", "uid \(geteuid())")
  }

  private static var openFiles: DoctorFinding {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .ok("open files", "limit unknown") }
    let finding = limit.rlim_max > 1 << 40 ? "no limit" : "at most \(limit.rlim_max)"
    // The server asks for as many as it may have.
    return limit.rlim_max < openFilesWanted
      ? .warn("open files", finding, mend: "Each connection is one: LimitNOFILE=65536 in the systemd unit, or `ulimit -n 65536`.")
      : .ok("open files", finding)
  }
}
