import Glibc

/// Asks for a secret on the terminal without showing it.
enum HiddenInput {
  private static let bytesMax = 4096

  /// - Throws: `CommandError` where there is no terminal, or when it was cancelled.
  static func ask(_ prompt: String) throws -> String {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
    guard terminal >= 0 else {
      throw CommandError.use("There is no terminal to ask for the password.", advice: "Send it with --password-stdin.")
    }
    defer { close(terminal) }
    var before = termios()
    guard tcgetattr(terminal, &before) == 0 else { throw CommandError("The terminal does not answer.") }
    // Byte by byte and without signals: Ctrl-C must find its way back to a terminal that shows what is typed.
    var hidden = before
    hidden.c_lflag &= ~tcflag_t(ECHO | ICANON | ISIG)
    tcsetattr(terminal, TCSAFLUSH, &hidden)
    defer {
      tcsetattr(terminal, TCSAFLUSH, &before)
      write(terminal, "\n", 1)
    }
    _ = prompt.withCString { write(terminal, $0, strlen($0)) }
    return try readLine(terminal)
  }

  private static func readLine(_ terminal: Int32) throws -> String {
    var line: [UInt8] = []
    while true {
      var byte: UInt8 = 0
      let count = read(terminal, &byte, 1)
      if count < 0 && errno == EINTR { continue }
      guard count == 1 else { throw CommandError("The terminal was closed.") }
      switch byte {
      case 3, 28: throw CommandError("Cancelled.")
      case 4 where line.isEmpty: throw CommandError("Cancelled.")
      case 4, 10, 13:
        guard let text = String(validating: line, as: UTF8.self) else { throw CommandError("What was typed is not UTF-8.") }
        return text
      case 21: line.removeAll()
      case 8, 127:
        // A character of several bytes goes as a whole.
        while let last = line.popLast(), last & 0xC0 == 0x80 {}
      default:
        guard line.count < bytesMax else { throw CommandError("What was typed is too long.") }
        line.append(byte)
      }
    }
  }
}
