/// Why a patch, or an update, was not applied. Nothing of it is.
package struct JSONPatchError: Error, Sendable, Equatable {
  package enum Kind: Sendable {
    /// It is wrong in itself, whatever the document.
    case malformed
    /// It does not fit the document as it is now.
    case misfit
    /// It would make the document too large, or cost too much.
    case excessive
  }

  package let kind: Kind
  /// The offending place in the patch, a JSON Pointer.
  package let pointer: String
  /// A sentence; it holds names and places, and no values of the document.
  package let message: String

  package init(_ kind: Kind, _ pointer: String, _ message: String) {
    self.kind = kind
    self.pointer = pointer
    self.message = message
  }
}

/// The bounds of one patch or update. It is applied on the thread that writes for everybody.
package enum JSONPatchLimits {
  /// Operations of one patch, or paths of one update.
  package static let operationsMax = 5000
  /// Segments of one path: deeper than documents are.
  package static let pathSegmentsMax = 64
  /// What one patch may cost, about a nanosecond or ten each: bytes looked through, elements moved. A whole document of 1 MiB can be opened
  /// and compared several times.
  package static let stepsMax = 8 << 20
  /// The same for all patches of one batch: some hundred milliseconds.
  package static let batchStepsMax = 8 * stepsMax
  /// Parsing a value costs so much besides its bytes: an array may hold half a million.
  static let valueSteps = 16
  /// Bytes that `copy` may multiply: copying twice as much with each operation would fill the memory with a short patch.
  package static let copiedBytesMax = 4 << 20
  /// How far behind an array's end an update may set an element; what lies between is filled with null.
  package static let paddingMax = 1000

  /// A name as a segment of a pointer: cut to what is worth sending back.
  static func segment(_ name: String) -> String { JSONPointer.escaped(String(name.prefix(64))) }

  /// A name or pointer for a message: cut, since it comes from the caller.
  static func shown(_ text: String) -> String { text.count > 100 ? text.prefix(100) + "…" : text }
}
