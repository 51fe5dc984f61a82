/// Why an expression was refused, before it ever ran.
package struct CELError: Error, Sendable, Hashable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  /// From 1, in code points.
  package let column: Int
  /// What was found and what was expected, as a sentence for the one who wrote the expression.
  package let message: String

  package init(line: Int, column: Int, message: String) {
    self.line = line
    self.column = column
    self.message = message
  }

  package var description: String { "line \(line), column \(column): \(message)" }
}

/// A place in the source of an expression.
package struct CELPosition: Sendable, Hashable {
  /// From 1.
  package let line: Int
  /// From 1, in code points.
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The place of the byte at `offset`.
  init(offset: Int, in source: some Collection<UInt8>) {
    var line = 1
    var column = 1
    for byte in source.prefix(offset) {
      if byte == UInt8(ascii: "\n") {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.init(line: line, column: column)
  }
}
