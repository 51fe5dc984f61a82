import JSON

/// A JSON object from a file, from standard input or from the command line itself.
enum JSONInput {
  static let bytesMax = 8 << 20

  /// - Parameter argument: a file's path, `-` for standard input, or an object that begins with `{`.
  static func object(_ argument: String) throws -> JSONValue {
    let bytes = argument.hasPrefix("{") ? Array(argument.utf8) : try InputBytes.read(argument, bytesMax: bytesMax)
    return try object(bytes, name: argument.hasPrefix("{") ? "The argument" : argument == "-" ? "Standard input" : argument)
  }

  static func object(_ bytes: [UInt8], name: String, advice: String? = nil) throws -> JSONValue {
    do {
      let value = try JSONValue(parsing: bytes)
      guard value.objectValue != nil else { throw CommandError("\(name) is JSON, but not an object.", advice: advice) }
      return value
    } catch let error as JSONError {
      throw CommandError("\(name) is not valid JSON: \(error).", advice: advice)
    }
  }
}
