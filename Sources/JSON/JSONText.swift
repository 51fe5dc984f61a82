/// JSON as bytes, without building values: check it, look into it, cut and join it.
///
/// The rules of a valid text are RFC 8259 taken strictly, with what I-JSON (RFC 7493 section 2) forbids: UTF-8 without a byte
/// order mark; no surrogate that is not one of a pair; no two members of one name in an object, at any level, names compared
/// unescaped; no number beyond a double's range. Nesting is limited. `\u0000` is allowed. Numbers with more digits than a double
/// holds are allowed, and keep their text.
///
/// Functions that take a *validated* text trust it: given another, they return something useless but neither crash nor hang.
package enum JSONText {
  /// Deeper nesting than this is refused unless the caller says otherwise (`api.md`: "nesting depth 64").
  package static let depthMax = 64

  /// Checks that the text is one JSON value. At most 512 levels are allowed, whatever `depthMax` says.
  package static func validate(_ bytes: [UInt8], depthMax: Int = JSONText.depthMax) throws(JSONError) {
    _ = try bytes.withUnsafeBufferPointer { (text) throws(JSONError) in try scan(text, mustBeObject: false, depthMax) }
  }

  /// Checks that the text is one JSON value.
  package static func validate(_ bytes: UnsafeBufferPointer<UInt8>, depthMax: Int = JSONText.depthMax) throws(JSONError) {
    _ = try scan(bytes, mustBeObject: false, depthMax)
  }

  /// Checks that the text is one JSON object.
  package static func validateObject(_ bytes: [UInt8], depthMax: Int = JSONText.depthMax) throws(JSONError) {
    _ = try bytes.withUnsafeBufferPointer { (text) throws(JSONError) in try scan(text, mustBeObject: true, depthMax) }
  }

  /// Checks that the text is one JSON object.
  package static func validateObject(_ bytes: UnsafeBufferPointer<UInt8>, depthMax: Int = JSONText.depthMax) throws(JSONError) {
    _ = try scan(bytes, mustBeObject: true, depthMax)
  }

  /// Checks that the text is one JSON object and returns it without insignificant white space: what is stored.
  package static func compactObject(
    validating bytes: UnsafeBufferPointer<UInt8>, depthMax: Int = JSONText.depthMax
  ) throws(JSONError) -> [UInt8] {
    let hasSpace = try scan(bytes, mustBeObject: true, depthMax)
    return hasSpace ? compact(bytes) : Array(bytes)
  }

  /// Checks that the text is one JSON object and returns it without insignificant white space; no copy where there is none.
  package static func compactObject(validating bytes: [UInt8], depthMax: Int = JSONText.depthMax) throws(JSONError) -> [UInt8] {
    let hasSpace = try bytes.withUnsafeBufferPointer { (text) throws(JSONError) in try scan(text, mustBeObject: true, depthMax) }
    return hasSpace ? compact(bytes) : bytes
  }

  /// - Returns: whether the text has insignificant white space.
  static func scan(_ text: UnsafeBufferPointer<UInt8>, mustBeObject: Bool, _ depthMax: Int) throws(JSONError) -> Bool {
    guard let base = text.baseAddress else {
      throw JSONError(JSONFault(mustBeObject ? .expectedObject : .expectedValue, at: 0), in: text, depthMax: depthMax)
    }
    var scanner = JSONScanner(base: base, count: text.count, depthMax: depthMax)
    do throws(JSONFault) {
      try scanner.scanText(mustBeObject: mustBeObject)
    } catch {
      throw JSONError(error, in: text, depthMax: scanner.depthMax)
    }
    return scanner.hasSpace
  }
}
