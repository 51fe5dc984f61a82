extension JSONValue {
  /// Parses a text that must be one JSON value, by the rules of `JSONText.validate`.
  package init(parsing bytes: [UInt8], depthMax: Int = JSONText.depthMax) throws(JSONError) {
    self = try bytes.withUnsafeBufferPointer { (text) throws(JSONError) in try JSONValue(parsing: text, depthMax: depthMax) }
  }

  /// Parses a text that must be one JSON value, by the rules of `JSONText.validate`.
  package init(parsing text: String, depthMax: Int = JSONText.depthMax) throws(JSONError) {
    try self.init(parsing: Array(text.utf8), depthMax: depthMax)
  }

  /// Parses a text that must be one JSON value, by the rules of `JSONText.validate`.
  package init(parsing text: UnsafeRawBufferPointer, depthMax: Int = JSONText.depthMax) throws(JSONError) {
    self = try text.withMemoryRebound(to: UInt8.self) { (text) throws(JSONError) in try JSONValue(parsing: text, depthMax: depthMax) }
  }

  /// Parses a text that must be one JSON value, by the rules of `JSONText.validate`.
  package init(parsing text: UnsafeBufferPointer<UInt8>, depthMax: Int = JSONText.depthMax) throws(JSONError) {
    guard let base = text.baseAddress else { throw JSONError(JSONFault(.expectedValue, at: 0), in: text, depthMax: depthMax) }
    var parser = JSONParser(base: base, count: text.count, depthMax: depthMax)
    do throws(JSONFault) {
      self = try parser.parseText()
    } catch {
      throw JSONError(error, in: text, depthMax: parser.scanner.depthMax)
    }
  }
}
