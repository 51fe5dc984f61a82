import Core
import Glibc

/// What tells the sandboxes of one data folder from all others on the machine: an argument of bubblewrap's that changes nothing.
///
/// A server that is killed takes its workers with it, but for one that bubblewrap was just making: its child waits there for a parent that is gone, for
/// ever. The next server of the same folder ends it.
package struct WorkerMark: Sendable {
  /// The name of a variable that no function has.
  let text: String

  /// `nil` if there is no such folder.
  package init?(folder: String) {
    var status = stat()
    guard stat(folder, &status) == 0 else { return nil }
    text = "ROOST_OF_\(status.st_dev)_\(status.st_ino)"
  }

  var arguments: [String] { ["--unsetenv", text] }

  /// Ends what an earlier server left behind. Only before the first worker starts, and while the folder is locked: each sandbox that has the mark is one of those.
  func endLeftovers() {
    guard let listing = opendir("/proc") else { return }
    defer { closedir(listing) }
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      guard let process = pid_t(name), isMarked(process) else { continue }
      _ = kill(process, SIGKILL)
    }
  }

  private func isMarked(_ process: pid_t) -> Bool {
    Self.start(of: "/proc/\(process)/comm", bytes: 16).elementsEqual("bwrap\n".utf8)
      && Self.start(of: "/proc/\(process)/cmdline", bytes: 16 << 10).split(separator: 0).contains { $0.elementsEqual(text.utf8) }
  }

  private static func start(of path: String, bytes: Int) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return [] }
    defer { close(file) }
    return [UInt8](unsafeUninitializedCapacity: bytes) { buffer, count in count = max(0, read(file, buffer.baseAddress, bytes)) }
  }
}
