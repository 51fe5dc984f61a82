/// The request line and the headers of a request, and how long its body is.
struct LoopbackHead {
  enum Length: Equatable {
    case bytes(Int)
    case chunked
  }

  let request: LoopbackRequest
  let length: Length
  let expectsContinue: Bool

  /// Takes all lines of the head, each with its end, without the empty one.
  init(_ bytes: ArraySlice<UInt8>) throws(LoopbackBreach) {
    var lines: [Substring] = []
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
      guard line.last == UInt8(ascii: "\r") else { throw LoopbackBreach(400, "A line ends with CR and LF.") }
      let text = line.dropLast()
      guard text.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == UInt8(ascii: "\t") }) else { throw LoopbackBreach(400, "The head holds control characters.") }
      lines.append(Substring(decoding: text, as: UTF8.self))
    }
    guard let first = lines.first else { throw LoopbackBreach(400, "The request has no request line.") }
    let (method, target, isOld) = try Self.requestLine(first)
    guard lines.count <= FunctionsLimits.callHeadersMax + 1 else {
      throw LoopbackBreach(431, "The request has more than \(FunctionsLimits.callHeadersMax) headers.")
    }
    var headers: [(name: String, value: String)] = []
    for line in lines.dropFirst() { headers.append(try Self.header(line)) }

    let hosts = headers.lazy.filter { $0.name == "host" }.count
    guard hosts == 1 || isOld && hosts == 0 else { throw LoopbackBreach(400, "A request has one Host header.") }
    length = try Self.length(headers)
    let connection = headers.filter { $0.name == "connection" }.flatMap { $0.value.lowercased().split(separator: ",").map { $0.trimmed } }
    expectsContinue = !isOld && length != .bytes(0) && headers.contains { $0.name == "expect" && $0.value.lowercased() == "100-continue" }
    request = LoopbackRequest(
      method: method, target: target, headers: headers, keepsAlive: isOld ? connection.contains("keep-alive") : !connection.contains("close"))
  }

  private static func requestLine(_ line: Substring) throws(LoopbackBreach) -> (method: String, target: String, isOld: Bool) {
    let parts = line.split(separator: " ", omittingEmptySubsequences: false)
    guard parts.count == 3, parts[2].hasPrefix("HTTP/") else { throw LoopbackBreach(400, "The request line is none.") }
    guard parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else { throw LoopbackBreach(505, "HTTP/1.1 is spoken here.") }
    guard (1...20).contains(parts[0].utf8.count), parts[0].utf8.allSatisfy({ $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }) else {
      throw LoopbackBreach(400, "The method is none.")
    }
    var target = parts[1]
    // "a server MUST accept the absolute-form in requests" (RFC 9112, 3.2.2).
    if target.lowercased().hasPrefix("http://") {
      target = target.dropFirst(7).drop { $0 != "/" }
      if target.isEmpty { target = "/" }
    }
    guard target.hasPrefix("/"), target.utf8.count <= LoopbackLimits.targetBytesMax, target.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw LoopbackBreach(400, "The request's target is no path.")
    }
    return (String(parts[0]), String(target), parts[2] == "HTTP/1.0")
  }

  private static func header(_ line: Substring) throws(LoopbackBreach) -> (name: String, value: String) {
    guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw LoopbackBreach(400, "A header has no colon.") }
    let name = line[..<colon]
    // Also refuses white space before the colon, and folded lines (RFC 9112, 5.1 and 5.2).
    guard !name.isEmpty, name.utf8.allSatisfy(isTokenByte) else { throw LoopbackBreach(400, "A header's name is none.") }
    return (name.lowercased(), line[line.utf8.index(after: colon)...].trimmed)
  }

  /// token of RFC 9110, 5.6.2.
  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }

  private static func length(_ headers: [(name: String, value: String)]) throws(LoopbackBreach) -> Length {
    let lengths = headers.filter { $0.name == "content-length" }
    let codings = headers.filter { $0.name == "transfer-encoding" }
    if let coding = codings.first {
      // Both could mean that somebody between sees another request than we do (RFC 9112, 6.3).
      guard lengths.isEmpty, codings.count == 1 else { throw LoopbackBreach(400, "The request says twice how long its body is.") }
      guard coding.value.lowercased() == "chunked" else { throw LoopbackBreach(501, "Of the transfer codings, there is chunked.") }
      return .chunked
    }
    guard let first = lengths.first else { return .bytes(0) }
    guard lengths.count == 1, !first.value.isEmpty, first.value.utf8.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }),
      let count = Int(first.value)
    else { throw LoopbackBreach(400, "The Content-Length is no number.") }
    return .bytes(count)
  }

  /// chunk-size [ chunk-ext ], RFC 9112, 7.1.
  static func chunkSize(_ line: ArraySlice<UInt8>) throws(LoopbackBreach) -> Int {
    var size = 0
    var digits = 0
    for byte in line {
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      case UInt8(ascii: ";"), UInt8(ascii: " "), UInt8(ascii: "\t"):
        guard digits > 0 else { throw LoopbackBreach(400, "A chunk has no size.") }
        return size
      default: throw LoopbackBreach(400, "A chunk's size is no number.")
      }
      digits += 1
      guard digits <= 8 else { throw LoopbackBreach(413, "A chunk is too large.") }
      size = size << 4 | Int(digit)
    }
    guard digits > 0 else { throw LoopbackBreach(400, "A chunk has no size.") }
    return size
  }
}

extension Substring {
  /// Without spaces and tabs around it.
  fileprivate var trimmed: String {
    String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
  }
}
