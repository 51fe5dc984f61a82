import Core

/// What one invocation printed, within its limits. What is too much is counted and dropped.
struct InvocationOutput {
  struct Line {
    let time: Timestamp
    let level: String
    let message: String
  }

  private(set) var lines: [Line] = []
  private(set) var bytes = 0
  private(set) var isTruncated = false
  /// By level, the beginning of a line of raw output whose end has not arrived.
  private var partial: [String: [UInt8]] = [:]

  mutating func add(_ level: String, _ message: String, at time: Timestamp) {
    guard !isTruncated else { return }
    let left = Limits.logBytesPerInvocationMax - bytes
    let cut = message.prefix(bytes: min(Limits.logLineBytesMax, left))
    guard lines.count < Limits.logLinesPerInvocationMax, !cut.isEmpty || message.isEmpty else {
      isTruncated = true
      return
    }
    lines.append(Line(time: time, level: level, message: cut))
    bytes += cut.utf8.count
    isTruncated = message.utf8.count > left
  }

  /// Raw output, outside the protocol: standard error, and standard output of programs that have no protocol there.
  mutating func addRaw(_ bytes: UnsafeRawBufferPointer, as level: String = "error", at time: Timestamp) {
    guard !isTruncated else { return }
    var line = partial.removeValue(forKey: level) ?? []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") || line.count >= Limits.logLineBytesMax {
        add(level, String(decoding: line, as: UTF8.self), at: time)
        line = []
      }
      if byte != UInt8(ascii: "\n") { line.append(byte) }
    }
    if !line.isEmpty { partial[level] = line }
  }

  /// All lines, with a last one that says so if there were more.
  mutating func finish(at time: Timestamp) -> [Line] {
    for (level, line) in partial.sorted(by: { $0.key < $1.key }) { add(level, String(decoding: line, as: UTF8.self), at: time) }
    partial = [:]
    if isTruncated { lines.append(Line(time: time, level: "warn", message: "… output truncated at \(bytes) bytes")) }
    return lines
  }
}
