/// Writes JSON from its beginning to its end; puts the commas and escapes the strings.
///
///     var writer = JSONWriter()
///     writer.beginObject()
///     writer.key("id"); writer.string(id)
///     writer.key("body"); writer.raw(storedText)
///     writer.endObject()
///
/// The caller sees to it that objects and arrays are closed and that keys stand only in objects.
package struct JSONWriter: Sendable {
  /// What was written so far. May be taken out with `take()`.
  package private(set) var bytes: [UInt8]
  private var needsComma = false

  /// - Parameter capacity: the number of bytes expected.
  package init(capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Goes on in memory that was used before: takes `buffer` and leaves an empty one. What it holds is dropped.
  package init(reusing buffer: inout [UInt8]) {
    bytes = []
    swap(&bytes, &buffer)
    bytes.removeAll(keepingCapacity: true)
  }

  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  package mutating func key(_ name: String) {
    name.withUTF8Bytes { JSONWriter.append(utf8: $0, to: &bytes, afterComma: needsComma, beforeColon: true) }
    needsComma = false
  }

  package mutating func null() {
    comma()
    bytes.append(text: "null")
  }

  package mutating func bool(_ value: Bool) {
    comma()
    bytes.append(text: value ? "true" : "false")
  }

  package mutating func int(_ value: Int) { int(Int64(value)) }

  package mutating func int(_ value: Int64) {
    bytes.append(digitsOf: value.magnitude, isNegative: value < 0, afterComma: needsComma)
    needsComma = true
  }

  package mutating func int(_ value: UInt64) {
    bytes.append(digitsOf: value, isNegative: false, afterComma: needsComma)
    needsComma = true
  }

  /// NaN and the infinities become `null`.
  package mutating func double(_ value: Double) {
    comma()
    JSONWriter.append(value, to: &bytes)
  }

  package mutating func string(_ value: String) {
    value.withUTF8Bytes { string(utf8: $0) }
  }

  /// The bytes must be the UTF-8 of a string, not yet escaped.
  package mutating func string(utf8 value: UnsafeBufferPointer<UInt8>) {
    JSONWriter.append(utf8: value, to: &bytes, afterComma: needsComma, beforeColon: false)
    needsComma = true
  }

  package mutating func value(_ value: JSONValue) {
    comma()
    value.write(into: &bytes)
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: [UInt8]) { json.withUnsafeBufferPointer { raw($0) } }

  /// A value that is JSON text already.
  package mutating func raw(_ json: UnsafeBufferPointer<UInt8>) {
    comma()
    bytes.append(bytes: json)
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: ArraySlice<UInt8>) { json.withUnsafeBufferPointer { raw($0) } }

  /// A value that is JSON text already.
  package mutating func raw(_ json: String) {
    comma()
    bytes.append(text: json)
  }

  /// The members of a validated object's text, without its braces, into the object that is open here.
  package mutating func rawMembers(of object: [UInt8]) {
    object.withUnsafeBufferPointer { rawMembers(of: $0) }
  }

  /// The members of a validated object's text, without its braces, into the object that is open here.
  package mutating func rawMembers(of object: UnsafeBufferPointer<UInt8>) {
    let inside = JSONText.inside(object)
    guard !inside.isEmpty else { return }
    comma()
    bytes.append(bytes: UnsafeBufferPointer(rebasing: object[inside]))
  }

  /// Hands out what was written and starts anew.
  package mutating func take() -> [UInt8] {
    defer {
      bytes = []
      needsComma = false
    }
    return bytes
  }

  @inline(__always)
  private mutating func comma() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func open(_ brace: UInt8) {
    comma()
    bytes.append(brace)
    needsComma = false
  }

  private mutating func close(_ brace: UInt8) {
    bytes.append(brace)
    needsComma = true
  }
}
