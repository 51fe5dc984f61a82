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
    comma()
    JSONWriter.append(name, to: &bytes)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  package mutating func null() {
    comma()
    bytes.append(contentsOf: "null".utf8)
  }

  package mutating func bool(_ value: Bool) {
    comma()
    bytes.append(contentsOf: (value ? "true" : "false").utf8)
  }

  package mutating func int(_ value: some FixedWidthInteger) {
    comma()
    JSONWriter.append(value, to: &bytes)
  }

  /// NaN and the infinities become `null`.
  package mutating func double(_ value: Double) {
    comma()
    JSONWriter.append(value, to: &bytes)
  }

  package mutating func string(_ value: String) {
    comma()
    JSONWriter.append(value, to: &bytes)
  }

  /// The bytes must be the UTF-8 of a string, not yet escaped.
  package mutating func string(utf8 value: UnsafeBufferPointer<UInt8>) {
    comma()
    JSONWriter.append(utf8: value, to: &bytes)
  }

  package mutating func value(_ value: JSONValue) {
    comma()
    value.write(into: &bytes)
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: [UInt8]) {
    comma()
    bytes.append(contentsOf: json)
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: UnsafeBufferPointer<UInt8>) {
    comma()
    bytes.append(contentsOf: json)
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: ArraySlice<UInt8>) {
    comma()
    bytes.append(contentsOf: json)
  }

  /// A value that is JSON text already.
  package mutating func raw(_ json: String) {
    comma()
    bytes.append(contentsOf: json.utf8)
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
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: object[inside]))
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
