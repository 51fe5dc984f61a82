import Glibc

/// The users that workers of a server that runs as root become: each its own, so that none can signal another, even without namespaces, and the
/// bound on a user's processes is the worker's.
enum WorkerUser {
  /// Far from what machines and containers give to others (systemd.io/UIDS-GIDS).
  private static let first: UInt32 = 0x6000_0000
  private static let count: UInt64 = 1 << 16
  private static let nobody: UInt32 = 65534

  static let canChange = geteuid() == 0

  /// In a container whose user namespace does not have them, all are `nobody`.
  static func of(_ worker: UInt64) -> UInt32 { hasRange ? first + UInt32(worker % count) : nobody }

  /// Whether the user is nobody else's.
  static func isOwn(_ user: UInt32) -> Bool { user >= first }

  private static let hasRange: Bool = {
    // "inside outside count" (user_namespaces(7)); everything, outside of containers.
    guard let file = fopen("/proc/self/uid_map", "r") else { return false }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, 128, file) != nil else { return false }
    let numbers = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split { $0.isWhitespace }.compactMap { UInt64($0) }
    return numbers.count == 3 && numbers[0] == 0 && numbers[2] > UInt64(first) + count
  }()
}
