/// Why a text is not the JSON that Roost accepts, and where.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The first byte that is wrong, counted from 0. It equals the length of the text when the text ends too early.
  package let offset: Int
  /// The line of `offset`, counted from 1; a line ends with LF.
  package let line: Int
  /// The column of `offset` in its line, counted from 1 in code points.
  package let column: Int
  /// What was found and what was expected, as a clause without a full stop. May quote a few characters of the text.
  package let message: String

  package init(offset: Int, line: Int, column: Int, message: String) {
    self.offset = offset
    self.line = line
    self.column = column
    self.message = message
  }

  /// For example `line 2, column 7: expected a value, found ']'`.
  package var description: String { "line \(line), column \(column): \(message)" }
}
