import Glibc
import NIOPosix
import Synchronization

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

  /// What may wait for the writing thread: some 20,000 lines.
  static let bytesWaitingMax = 4 * 1024 * 1024

  private struct Waiting {
    var bytes: [UInt8] = []
    var droppedLines = 0
    var isScheduled = false
  }

  package let level: Level
  private let fileDescriptor: Int32
  private let waiting = Mutex(Waiting())
  // Held while bytes go to the descriptor, so that batches stay in order and `flush` waits for one under way.
  private let writing = Mutex(())
  private let thread = NIOThreadPool(numberOfThreads: 1)

  /// Writes to `fileDescriptor` (standard error by default), which it does not close.
  package init(fileDescriptor: Int32 = 2, level: Level = .info) {
    self.fileDescriptor = fileDescriptor
    self.level = level
    thread.start()
  }

  deinit {
    writeWaiting()
    thread.shutdownGracefully { _ in }
  }

  /// Writes one line. No secrets and no bodies.
  package func log(_ level: Level, _ message: String, _ fields: [(String, String)] = []) {
    guard level >= self.level else { return }
    var line: [UInt8] = []
    line.reserveCapacity(256)
    LogTime.now().appendOpening(level: level, message: message, to: &line)
    for (name, value) in fields {
      line.append(UInt8(ascii: ","))
      JSONText.appendString(name, to: &line)
      line.append(UInt8(ascii: ":"))
      JSONText.appendString(value, to: &line)
    }
    line.append("}\n")
    append(line, lines: 1)
  }

  /// Returns when all that was logged has been written. Blocks; not for an event loop.
  package func flush() {
    writeWaiting()
  }

  /// Takes whole lines, already formed.
  func append(_ bytes: [UInt8], lines: Int) {
    let schedule = waiting.withLock { waiting in
      guard waiting.bytes.count + bytes.count <= Self.bytesWaitingMax else {
        waiting.droppedLines += lines
        return false
      }
      if waiting.bytes.isEmpty {
        waiting.bytes = bytes
      } else {
        waiting.bytes.append(contentsOf: bytes)
      }
      defer { waiting.isScheduled = true }
      return !waiting.isScheduled
    }
    if schedule {
      thread.submit { [weak self] _ in self?.writeWaiting() }
    }
  }

  private func writeWaiting() {
    writing.withLock { _ in
      while true {
        let (bytes, dropped) = waiting.withLock { waiting in
          let taken = (waiting.bytes, waiting.droppedLines)
          waiting.bytes = []
          waiting.droppedLines = 0
          if taken.0.isEmpty { waiting.isScheduled = false }
          return taken
        }
        if dropped > 0 {
          var line: [UInt8] = []
          LogTime.now().appendOpening(level: .warning, message: "log lines dropped", to: &line)
          line.append(contentsOf: ",\"lines\":\(dropped)}\n".utf8)
          writeAll(line)
        }
        guard !bytes.isEmpty else { return }
        writeAll(bytes)
      }
    }
  }

  private func writeAll(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { all in
      var offset = 0
      while offset < all.count {
        let written = Glibc.write(fileDescriptor, all.baseAddress! + offset, all.count - offset)
        if written > 0 {
          offset += written
        } else if errno == EAGAIN {
          var ready = pollfd(fd: fileDescriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&ready, 1, 1000)
        } else if errno != EINTR {
          // Nowhere is left to say that the log itself cannot be written.
          return
        }
      }
    }
  }
}
