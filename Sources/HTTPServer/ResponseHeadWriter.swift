import NIOCore
import NIOHTTP1

/// How an answer's end is found (RFC 9112, 6).
enum ResponseFraming: Sendable, Equatable {
  case length(Int)
  case chunked
  /// For HTTP/1.0, which knows no chunks.
  case untilClose
  /// 204, 304 and 1xx say nothing of a length.
  case none
}

/// One answer's head, as bytes.
struct ResponseHeadWriter {
  var status: Int
  var headers: HTTPHeaders
  var framing: ResponseFraming
  var requestId: String
  var persists: Bool
  var isHTTP10: Bool
  /// `Date` and the CORS fields.
  var commonLines: [UInt8]
  /// Whole lines that depend on the request.
  var moreLines: [UInt8] = []

  /// Appends the head and then `body`. Returns false, and appends nothing, when a field could split the answer.
  func write(body: [UInt8], to out: inout ByteBuffer) -> Bool {
    var bytesMax = 256 + commonLines.count + moreLines.count + requestId.utf8.count + body.count
    for (name, value) in headers.nio { bytesMax += name.utf8.count + value.utf8.count + 4 }
    var isSafe = true
    out.writeWithUnsafeMutableBytes(minimumWritableBytes: bytesMax) { space in
      var cursor = Cursor(space: space)
      writeStatusLine(to: &cursor)
      cursor.append(commonLines)
      for (name, value) in headers.nio where !Self.isOurs(name) {
        isSafe = isSafe && cursor.appendName(name)
        cursor.append(": ")
        isSafe = isSafe && cursor.appendValue(value)
        cursor.append("\r\n")
      }
      cursor.append(moreLines)
      writeFraming(to: &cursor)
      cursor.append("X-Request-Id: ")
      cursor.append(requestId)
      cursor.append("\r\n\r\n")
      cursor.append(body)
      return isSafe ? cursor.count : 0
    }
    return isSafe
  }

  private func writeStatusLine(to cursor: inout Cursor) {
    if status == 200 {
      cursor.append("HTTP/1.1 200 OK\r\n")
      return
    }
    cursor.append("HTTP/1.1 ")
    cursor.append(number: status)
    cursor.append(" ")
    cursor.append(StatusLine.reason(status))
    cursor.append("\r\n")
  }

  private func writeFraming(to cursor: inout Cursor) {
    switch framing {
    case .length(let length):
      cursor.append("Content-Length: ")
      cursor.append(number: length)
      cursor.append("\r\n")
    case .chunked:
      cursor.append("Transfer-Encoding: chunked\r\n")
    case .untilClose, .none:
      break
    }
    if !persists {
      cursor.append("Connection: close\r\n")
    } else if isHTTP10 {
      cursor.append("Connection: keep-alive\r\n")
    }
  }

  /// Fields that only the server sets.
  private static func isOurs(_ name: String) -> Bool {
    switch name.utf8.count {
    case 4: name.isField("date")
    case 10: name.isField("connection") || name.isField("keep-alive")
    case 12: name.isField("x-request-id")
    case 14: name.isField("content-length")
    case 17: name.isField("transfer-encoding")
    default: false
    }
  }
}

/// Writes into space whose size was counted before.
private struct Cursor {
  let space: UnsafeMutableRawBufferPointer
  var count = 0

  mutating func append(_ text: StaticString) {
    append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  mutating func append(number: Int) {
    Digits.withText(number) { append($0) }
  }

  mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let from = bytes.baseAddress, bytes.count > 0 else { return }
    precondition(count + bytes.count <= space.count, "The head's size was counted too small.")
    space.baseAddress?.advanced(by: count).copyMemory(from: from, byteCount: bytes.count)
    count += bytes.count
  }

  /// False when it is no token (RFC 9110, 5.6.2).
  mutating func appendName(_ name: String) -> Bool {
    var name = name
    return name.withUTF8 { bytes in
      append(UnsafeRawBufferPointer(bytes))
      return !bytes.isEmpty && bytes.allSatisfy(isTokenByte)
    }
  }

  /// False when it holds a control character: a line break would begin another field or another answer.
  mutating func appendValue(_ value: String) -> Bool {
    var value = value
    return value.withUTF8 { bytes in
      append(UnsafeRawBufferPointer(bytes))
      var hasControl = false
      for byte in bytes {
        hasControl = hasControl || (byte < 0x20 && byte != 0x09) || byte == 0x7F
      }
      return !hasControl
    }
  }
}

private func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
    UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
    UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "`"),
    UInt8(ascii: "|"), UInt8(ascii: "~"):
    true
  default: false
  }
}
