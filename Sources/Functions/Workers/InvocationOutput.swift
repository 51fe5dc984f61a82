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
  /// The beginning of a line of raw output whose end has not arrived.
  private var partial: [UInt8] = []
  private var rawLevel = "error"

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

  /// Raw output: standard error, outside the protocol.
  mutating func addRaw(_ bytes: UnsafeRawBufferPointer, level: String, at time: Timestamp) {
    guard !isTruncated else { return }
    rawLevel = level
    for byte in bytes {
      if byte == UInt8(ascii: "\n") || partial.count >= Limits.logLineBytesMax { endRawLine(at: time) }
      if byte != UInt8(ascii: "\n") { partial.append(byte) }
    }
  }

  private mutating func endRawLine(at time: Timestamp) {
    add(rawLevel, String(decoding: partial, as: UTF8.self), at: time)
    partial = []
  }

  /// All lines, with a last one that says so if there were more.
  mutating func finish(at time: Timestamp) -> [Line] {
    if !partial.isEmpty { endRawLine(at: time) }
    if isTruncated { lines.append(Line(time: time, level: "warn", message: "… output truncated at \(bytes) bytes")) }
    return lines
  }
}
