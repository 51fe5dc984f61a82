/// W3C Trace Context (https://www.w3.org/TR/trace-context/), as far as a server that keeps no spans of its own has part in it.
package enum TraceContext {
  /// The `traceparent` of a span that begins under another one; nil where that is none. `parent` was checked where it came in.
  package static func child(of parent: String) -> String? {
    let bytes = Array(parent.utf8)
    guard bytes.count == 55 else { return nil }
    return String(decoding: bytes[..<36], as: UTF8.self) + hexadecimal(SecureRandom.bytes(8)) + String(decoding: bytes[52...], as: UTF8.self)
  }
}
