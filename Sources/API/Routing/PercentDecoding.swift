/// Percent-decoding (RFC 3986, section 2.1). `nil` for a broken escape, a NUL, or what is not UTF-8.
func percentDecoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String? {
  let plus = UInt8(ascii: "+")
  let percent = UInt8(ascii: "%")
  guard text.utf8.contains(where: { $0 == percent || $0 == plus && plusIsSpace }) else { return String(text) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.utf8.count)
  var rest = text.utf8.makeIterator()
  while let byte = rest.next() {
    if byte == percent {
      guard let high = rest.next().flatMap(hexadecimalValue), let low = rest.next().flatMap(hexadecimalValue), high << 4 | low != 0 else {
        return nil
      }
      bytes.append(high << 4 | low)
    } else {
      bytes.append(byte == plus && plusIsSpace ? UInt8(ascii: " ") : byte)
    }
  }
  return String(validating: bytes, as: UTF8.self)
}

private func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
  case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
  case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
  default: nil
  }
}
