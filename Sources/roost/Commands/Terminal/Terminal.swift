import Glibc

/// Standard output and standard error: the only place of the command line that writes there.
enum Terminal {
  static let isOutputTerminal = isatty(STDOUT_FILENO) == 1
  static let isErrorTerminal = isatty(STDERR_FILENO) == 1
  static let isInputTerminal = isatty(STDIN_FILENO) == 1

  /// Columns of the terminal behind standard output; nil where there is none, so that nothing is cut off in files and pipes.
  static let width: Int? = {
    guard isOutputTerminal else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 20 else { return 80 }
    return Int(size.ws_col)
  }()

  /// What was asked for, one line.
  static func line(_ text: String) { write(Array((text + "\n").utf8), to: STDOUT_FILENO) }

  static func bytes(_ bytes: [UInt8]) { write(bytes, to: STDOUT_FILENO) }

  /// What was done or should be known, for people: on stderr, so that stdout has the answer alone.
  static func note(_ text: String) { write(Array((Printable.lines(text) + "\n").utf8), to: STDERR_FILENO) }

  static func error(_ text: String, prefix: String = "roost: ") {
    write(Array((prefix + Printable.lines(text) + "\n").utf8), to: STDERR_FILENO)
  }

  /// A question, without a line's end.
  static func ask(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress?.advanced(by: done), $0.count - done) }
      if count > 0 {
        done += count
      } else if errno == EPIPE {
        // Whoever reads has seen enough (`roost … | head`). 141 is what a shell says of a program that SIGPIPE ended.
        exit(141)
      } else if errno == EAGAIN {
        var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        poll(&wait, 1, -1)
      } else if errno != EINTR {
        exit(1)
      }
    }
  }
}
