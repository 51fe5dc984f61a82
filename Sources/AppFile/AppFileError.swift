/// What is wrong with a file, for the one who wrote it.
package struct AppFileError: Error, Sendable, Hashable, CustomStringConvertible {
  /// From 1; nil where the file as a whole is meant.
  package let line: Int?
  package let message: String

  package init(line: Int?, _ message: String) {
    self.line = line
    self.message = message
  }

  package var description: String { line.map { "line \($0): \(message)" } ?? message }
}
