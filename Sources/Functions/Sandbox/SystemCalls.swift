import CSpawn
import Glibc

/// Which system calls workers may make: a program for the kernel, the same for all.
enum SystemCalls {
  /// Empty on an architecture that has none.
  static let filter: [UInt8] = {
    var bytes = [UInt8](repeating: 0, count: 8 << 10)
    let count = bytes.withUnsafeMutableBytes { cseccomp_program($0.baseAddress, $0.count) }
    return Array(bytes.prefix(max(0, count)))
  }()

  /// The filter in a pipe that has been closed behind it, for bubblewrap's `--seccomp`. -1 if there is none.
  static func pipe() -> Int32 {
    var reading: Int32 = -1
    var writing: Int32 = -1
    guard !filter.isEmpty, cspawn_pipe(&reading, &writing) == 0 else { return -1 }
    defer { close(writing) }
    // It is far smaller than what a pipe holds.
    if write(writing, filter, filter.count) == filter.count { return reading }
    close(reading)
    return -1
  }
}
