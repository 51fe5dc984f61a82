/// Why an archive is not unpacked: a sentence for the one who sent it.
package struct ArchiveError: Error, Sendable, Equatable, CustomStringConvertible {
  package let message: String

  package init(_ message: String) {
    self.message = message
  }

  package var description: String { message }
}
