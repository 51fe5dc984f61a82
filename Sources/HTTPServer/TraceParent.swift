/// The header `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/#traceparent-header).
package enum TraceParent {
  /// The field as this server hands it on: in the first version; nil for what is no valid one.
  package static func forwarded(_ value: String) -> String? {
    traceId(value) == nil ? nil : "00" + String(decoding: Array(value.utf8)[2..<55], as: UTF8.self)
  }

  /// The trace's id, 32 hexadecimal digits; nil for what is no valid field. A later version may have more behind the flags.
  static func traceId(_ value: String) -> String? {
    let bytes = Array(value.utf8.prefix(56))
    guard bytes.count >= 55, [2, 35, 52].allSatisfy({ bytes[$0] == UInt8(ascii: "-") }), [0..<2, 3..<35, 36..<52, 53..<55].allSatisfy({ isHex(bytes[$0]) })
    else { return nil }
    let isFirstVersion = bytes[0] == UInt8(ascii: "0") && bytes[1] == UInt8(ascii: "0")
    guard isFirstVersion ? bytes.count == 55 : bytes.count == 55 || bytes[55] == UInt8(ascii: "-") else { return nil }
    // "ff" is no version, and ids of zeros are none.
    guard bytes[0..<2] != [UInt8(ascii: "f"), UInt8(ascii: "f")], hasDigit(bytes[3..<35]), hasDigit(bytes[36..<52]) else { return nil }
    return String(decoding: bytes[3..<35], as: UTF8.self)
  }

  private static func isHex(_ bytes: ArraySlice<UInt8>) -> Bool {
    bytes.allSatisfy { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") || $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "f") }
  }

  private static func hasDigit(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.contains { $0 != UInt8(ascii: "0") } }
}
