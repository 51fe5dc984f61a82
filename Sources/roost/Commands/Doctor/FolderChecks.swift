import Glibc
import Storage

/// The data folder: rights, disk, and what lies in it. Nothing is made or changed.
enum FolderChecks {
  private static let freeBytesWanted: UInt64 = 1 << 30
  private static let freeBytesMin: UInt64 = 100 << 20
  static func run(_ folder: String) -> [DoctorFinding] {
    var status = stat()
    guard stat(folder, &status) == 0 else {
      guard errno == ENOENT else {
        return [.fail("data folder", "\(folder): \(reason())", mend: "Give this user the folders above it, or choose another with --data.")]
      }
      return missing(folder)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      return [.fail("data folder", "\(folder) is a file", mend: "Choose another with --data.")]
    }
    var findings = [rights(folder, status)]
    findings += disk(folder)
    guard findings[0].status != .fail else { return findings }
    findings.append(masterKey(folder))
    findings.append(database(folder))
    return findings.filter { !$0.finding.isEmpty }
  }

  private static func missing(_ folder: String) -> [DoctorFinding] {
    var above = folder
    repeat { above = parent(of: above) } while access(above, F_OK) != 0 && above != "/" && above != "."
    guard access(above, W_OK | X_OK) == 0 else {
      return [
        .fail(
          "data folder", "\(folder) does not exist, and this user may not make it",
          mend: "Make it and give it to this user, or choose another with --data.")
      ]
    }
    return [.ok("data folder", "\(folder) does not exist yet; `roost serve` makes it")] + disk(above)
  }

  private static func rights(_ folder: String, _ status: stat) -> DoctorFinding {
    guard access(folder, R_OK | W_OK | X_OK) == 0 else {
      return .fail(
        "data folder", "this user (uid \(geteuid())) may not write to \(folder) (uid \(status.st_uid))",
        mend: "Run this as the server's user, or: chown -R \(geteuid()) \(folder)")
    }
    if status.st_uid != geteuid() {
      return .warn(
        "data folder", "\(folder) belongs to uid \(status.st_uid), this is uid \(geteuid())",
        mend: "Run the server as one user always: chown -R \(geteuid()) \(folder)")
    }
    if status.st_mode & 0o077 != 0 {
      return .warn("data folder", "others on this machine may look into \(folder)", mend: "chmod 700 \(folder)")
    }
    return .ok("data folder", "\(folder), for this user only")
  }

  private static func disk(_ folder: String) -> [DoctorFinding] {
    var findings: [DoctorFinding] = []
    var space = statvfs()
    if statvfs(folder, &space) == 0 {
      let free = UInt64(space.f_bavail) * UInt64(space.f_frsize)
      let finding = "\(free >> 20) MiB free"
      if free < freeBytesMin {
        findings.append(.fail("disk", finding, mend: "Make room: a full disk refuses every write."))
      } else if free < freeBytesWanted || (space.f_files > 0 && space.f_favail < 10_000) {
        findings.append(
          .warn(
            "disk", finding + (space.f_files > 0 ? ", \(space.f_favail) inodes" : ""), mend: "Make room: a full disk refuses every write."))
      } else {
        findings.append(.ok("disk", finding))
      }
    }
    switch FileSystem.kind(of: folder) {
    case .network(let name):
      findings.append(.fail("file system", name, mend: "The database needs a local disk: its locks do not hold on a network share."))
    case .memory(let name):
      findings.append(
        .warn("file system", "\(name): in memory", mend: "Everything is gone when the machine stops. Choose a folder on a disk."))
    case .other: break
    }
    return findings
  }

  private static func masterKey(_ folder: String) -> DoctorFinding {
    let path = folder + "/master.key"
    var status = stat()
    guard stat(path, &status) == 0 else {
      let isFresh = access(ProjectCheck.databasePath(in: folder), F_OK) != 0
      return isFresh
        ? .ok("master key", "")
        : .fail(
          "master key", "\(path): \(reason())",
          mend: "Restore it from a backup. Without it all sessions are lost, and whatever else is sealed.")
    }
    guard status.st_size == 32 else {
      return .fail("master key", "\(path) has \(status.st_size) bytes instead of 32", mend: "Restore it from a backup.")
    }
    guard status.st_mode & 0o077 == 0 else { return .warn("master key", "others may read \(path)", mend: "chmod 600 \(path)") }
    return .ok("master key", "there, for this user only")
  }

  private static func database(_ folder: String) -> DoctorFinding {
    let path = ProjectCheck.databasePath(in: folder)
    var status = stat()
    guard stat(path, &status) == 0 else {
      return errno == ENOENT
        ? .ok("database", "none yet; `roost serve` makes it")
        : .fail("database", "\(path): \(reason())", mend: "Give this user the folder.")
    }
    if status.st_size > 1 << 30, Terminal.isErrorTerminal { Terminal.note("Reading the database (\(status.st_size >> 20) MiB) …") }
    let problems = ProjectCheck.problems(of: path)
    guard problems.isEmpty else {
      return .fail(
        "database", "\(path): \(problems.joined(separator: "; "))",
        mend: "Stop the server, keep a copy of the folder, and restore the last backup.")
    }
    return .ok("database", "sound, \(status.st_size >> 10) KiB")
  }

  private static func reason() -> String { String(cString: strerror(errno)) }

  private static func parent(of path: String) -> String {
    var path = path[...]
    while path.count > 1 && path.hasSuffix("/") { path = path.dropLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}
