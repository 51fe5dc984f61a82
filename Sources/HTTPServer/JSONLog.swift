/// Log lines as JSON, one a line, written by a thread of their own through a bounded buffer: a slow reader of the log
/// loses lines (counted in the log), and never slows the server.
package final class JSONLog: Sendable {
  package enum Level: String, Sendable, Comparable {
    case debug, info, warning, error

    package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

    private var rank: Int {
      switch self {
      case .debug: 0
      case .info: 1
      case .warning: 2
      case .error: 3
      }
    }
  }

  package init(fileDescriptor: Int32 = 2, level: Level = .info) {}

  /// Writes one line. No secrets and no bodies.
  package func log(_ level: Level, _ message: String, _ fields: [(String, String)] = []) {}

  /// Makes every swift-log logger of the process write here. Once a process.
  package func bootstrap() {}

  /// Returns when all that was logged has been written.
  package func flush() {}
}
