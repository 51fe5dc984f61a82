import Glibc

/// An open file, closed when nobody has it any more.
final class FileDescriptor: Sendable {
  let number: Int32

  /// Nil with `errno` set if the file cannot be opened.
  init?(opening path: String, _ flags: Int32, _ mode: mode_t = 0) {
    number = Glibc.open(path, flags | O_CLOEXEC, mode)
    guard number >= 0 else { return nil }
  }

  deinit { if number >= 0 { close(number) } }
}
