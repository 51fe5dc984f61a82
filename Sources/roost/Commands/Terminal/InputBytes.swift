import Glibc

/// Reading standard input and files to their end, within a bound.
enum InputBytes {
  /// - Parameter path: `-` is standard input.
  /// - Throws: `CommandError`.
  static func read(_ path: String, bytesMax: Int) throws -> [UInt8] {
    if path == "-" { return try read(STDIN_FILENO, name: "standard input", bytesMax: bytesMax) }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", path) }
    defer { close(descriptor) }
    return try read(descriptor, name: path, bytesMax: bytesMax)
  }

  static func read(_ descriptor: Int32, name: String, bytesMax: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw failure("read", name)
      }
      guard bytes.count + count <= bytesMax else { throw CommandError("\(name) is larger than \(bytesMax) bytes.") }
      bytes.append(contentsOf: chunk[..<count])
    }
  }

  static func failure(_ action: String, _ path: String) -> CommandError {
    CommandError("Cannot \(action) \(path): \(String(cString: strerror(errno))).")
  }
}
