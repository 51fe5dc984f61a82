import Glibc

/// Appending to the text that is being written, in as few steps as possible: each step of an array checks whether it is shared
/// and has room.
extension [UInt8] {
  /// Appends these bytes.
  @inline(__always)
  mutating func append(bytes: UnsafeBufferPointer<UInt8>) {
    guard let source = bytes.baseAddress, bytes.count > 0 else { return }
    append(addingCapacity: bytes.count) { span in
      span.withUnsafeMutableBufferPointer { out, written in
        guard let out = out.baseAddress else { return }
        memcpy(out, source, bytes.count)
        written = bytes.count
      }
    }
  }

  /// Appends the UTF-8 of `text` as it stands.
  @inline(__always)
  mutating func append(text: String) {
    text.withUTF8Bytes { append(bytes: $0) }
  }

  /// Appends a comma if wanted, a quote, these bytes, a quote, and a colon if wanted.
  @inline(__always)
  mutating func append(quoted bytes: UnsafeBufferPointer<UInt8>, afterComma: Bool, beforeColon: Bool) {
    append(addingCapacity: bytes.count + 4) { span in
      span.withUnsafeMutableBufferPointer { out, written in
        guard let out = out.baseAddress else { return }
        var place = 0
        if afterComma {
          out[place] = UInt8(ascii: ",")
          place += 1
        }
        out[place] = UInt8(ascii: "\"")
        place += 1
        if let source = bytes.baseAddress { memcpy(out + place, source, bytes.count) }
        place += bytes.count
        out[place] = UInt8(ascii: "\"")
        place += 1
        if beforeColon {
          out[place] = UInt8(ascii: ":")
          place += 1
        }
        written = place
      }
    }
  }

  /// Appends a comma if wanted and the decimal digits of a number.
  mutating func append(digitsOf magnitude: UInt64, isNegative: Bool, afterComma: Bool) {
    var rest = magnitude
    var count = 1
    while rest >= 10 {
      rest /= 10
      count += 1
    }
    append(addingCapacity: count + 2) { span in
      span.withUnsafeMutableBufferPointer { out, written in
        var place = 0
        if afterComma {
          out[place] = UInt8(ascii: ",")
          place += 1
        }
        if isNegative {
          out[place] = UInt8(ascii: "-")
          place += 1
        }
        var rest = magnitude
        for index in (place..<place + count).reversed() {
          out[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
          rest /= 10
        }
        written = place + count
      }
    }
  }
}
