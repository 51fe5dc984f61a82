import NIOCore

/// One loop's access log: lines gather here and go to the log in batches, so that a request pays for its text only.
struct AccessLog {
  /// The longest time that a line waits.
  static let delay = TimeAmount.milliseconds(50)
  private static let batchBytes = 32 * 1024

  private let log: JSONLog
  private var bytes: [UInt8] = []
  private var lines = 0
  private var time = LogTime.now()

  init(log: JSONLog) {
    self.log = log
    bytes.reserveCapacity(Self.batchBytes + 4096)
  }

  /// Returns whether this line is a batch's first, for which somebody must hand over later.
  mutating func append(_ request: HTTPRequest, traceId: String?, status: Int, bytes sent: Int, duration: Int64, isCut: Bool) -> Bool {
    time.move(to: LogTime.wallMilliseconds())
    time.appendOpening(level: .info, message: "request", to: &bytes)
    bytes.append(#","method":"#)
    JSONText.appendString(request.method.description, to: &bytes)
    bytes.append(#","path":"#)
    JSONText.appendString(request.path, to: &bytes, bytesMax: 1024)
    bytes.append(#","status":"#)
    Digits.append(status, to: &bytes)
    bytes.append(#","durationMs":"#)
    let microseconds = Int(max(duration, 0) / 1000)
    Digits.append(microseconds / 1000, to: &bytes)
    bytes.append(UInt8(ascii: "."))
    Digits.append(microseconds % 1000, width: 3, to: &bytes)
    bytes.append(#","bytes":"#)
    Digits.append(sent, to: &bytes)
    bytes.append(#","requestId":"#)
    JSONText.appendString(request.requestId, to: &bytes)
    bytes.append(#","remoteAddress":"#)
    JSONText.appendString(request.remoteAddress, to: &bytes)
    if let traceId {
      bytes.append(#","traceId":"#)
      JSONText.appendString(traceId, to: &bytes)
    }
    if isCut { bytes.append(#","cut":true"#) }
    bytes.append("}\n")
    lines += 1
    if bytes.count >= Self.batchBytes {
      handOver()
      // A timer that a former first line started may still come; it then hands over less.
      return false
    }
    return lines == 1
  }

  mutating func handOver() {
    guard lines > 0 else { return }
    log.append(bytes, lines: lines)
    bytes.removeAll(keepingCapacity: true)
    lines = 0
  }
}
