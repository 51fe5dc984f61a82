/// A JSON Patch, RFC 6902 (https://www.rfc-editor.org/rfc/rfc6902): operations that are applied one after the other, all or none.
package struct JSONPatch: Sendable {
  enum Operation: Sendable {
    case add(PatchPointer, Value)
    case remove(PatchPointer)
    case replace(PatchPointer, Value)
    case move(from: PatchPointer, PatchPointer)
    case copy(from: PatchPointer, PatchPointer)
    case test(PatchPointer, Value)
  }

  /// Where a value stands in the patch's text.
  typealias Value = Range<Int>

  let text: [UInt8]
  let operations: [Operation]

  /// - Parameters:
  ///   - text: validated JSON.
  ///   - readOnly: top-level members that no operation may change; they can be tested and copied.
  /// - Throws: `JSONPatchError` of the kind `malformed`.
  package init(_ text: [UInt8], readOnly: [String] = []) throws(JSONPatchError) {
    let text = JSONText.compact(text)
    guard text.first == UInt8(ascii: "[") else { throw JSONPatchError(.malformed, "", "A JSON Patch is a list of operations.") }
    let elements = JSONText.elements(of: text)
    guard elements.count <= JSONPatchLimits.operationsMax else {
      throw JSONPatchError(.malformed, "", "The patch has \(elements.count) operations; the most is \(JSONPatchLimits.operationsMax).")
    }
    var operations: [Operation] = []
    operations.reserveCapacity(elements.count)
    for (index, range) in elements.enumerated() {
      operations.append(try PatchOperationReader(index, range, of: text).operation(readOnly))
    }
    self.text = text
    self.operations = operations
  }
}

/// Reads one operation. Members that the RFC does not define are ignored, as it wants (section 3).
private struct PatchOperationReader {
  let index: Int
  let text: [UInt8]
  private var members: [(name: String, value: Range<Int>)] = []

  init(_ index: Int, _ range: Range<Int>, of text: [UInt8]) throws(JSONPatchError) {
    self.index = index
    self.text = text
    guard text[range.lowerBound] == UInt8(ascii: "{") else {
      throw JSONPatchError(.malformed, "/\(index)", "Operation \(index) is not an object.")
    }
    members = text.withUnsafeBufferPointer { text in
      var skimmer = JSONSkimmer(text, at: range.lowerBound)
      var members: [(String, Range<Int>)] = []
      _ = skimmer.enter(UInt8(ascii: "{"))
      while let member = skimmer.nextMember() {
        let name = member.key.string(in: text)
        if ["op", "path", "from", "value"].contains(name) { members.append((name, member.valueRange)) }
      }
      return members
    }
  }

  func operation(_ readOnly: [String]) throws(JSONPatchError) -> JSONPatch.Operation {
    let op = string("op")
    guard let op, ["add", "remove", "replace", "move", "copy", "test"].contains(op) else {
      throw JSONPatchError(
        .malformed, "/\(index)/op",
        op.map { "Operation \(index) has the op '\(JSONPatchLimits.shown($0))'; expected add, remove, replace, move, copy or test." }
          ?? "Operation \(index) needs an `op`: add, remove, replace, move, copy or test.")
    }
    let path = try pointer("path", op)
    if op != "test" { try requireChangeable("path", path, readOnly) }
    switch op {
    case "add": return .add(path, try value(op))
    case "replace": return .replace(path, try value(op))
    case "test": return .test(path, try value(op))
    case "remove":
      guard !path.segments.isEmpty else { throw malformed("path", "removes the whole document; send a DELETE for that") }
      return .remove(path)
    case "move":
      let from = try pointer("from", op)
      try requireChangeable("from", from, readOnly)
      // Section 4.4: "The 'from' location MUST NOT be a proper prefix of the 'path' location".
      guard path.segments.count <= from.segments.count || !path.segments.starts(with: from.segments) else {
        throw malformed("path", "moves a value into itself")
      }
      return .move(from: from, path)
    default: return .copy(from: try pointer("from", op), path)
    }
  }

  private func requireChangeable(_ name: String, _ pointer: PatchPointer, _ readOnly: [String]) throws(JSONPatchError) {
    guard let first = pointer.segments.first, readOnly.contains(where: { $0.hasSameBytes(as: first) }) else { return }
    throw malformed(name, "would change `\(first)`, which the server keeps; it can be tested and copied")
  }

  private func range(_ name: String) -> Range<Int>? { members.first { $0.name == name }?.value }

  private func string(_ name: String) -> String? {
    range(name).flatMap { try? JSONValue(parsing: Array(text[$0])).stringValue }
  }

  private func value(_ op: String) throws(JSONPatchError) -> Range<Int> {
    guard let range = range("value") else { throw malformed("value", "(\(op)) needs a `value`") }
    return range
  }

  private func pointer(_ name: String, _ op: String) throws(JSONPatchError) -> PatchPointer {
    guard let text = string(name) else { throw malformed(name, "(\(op)) needs `\(name)`, a JSON Pointer such as \"/title\"") }
    guard let pointer = PatchPointer(text) else {
      throw malformed(name, "has in `\(name)` '\(JSONPatchLimits.shown(text))', which is no JSON Pointer: expected \"/title\" or \"/tags/0\"")
    }
    guard pointer.segments.count <= JSONPatchLimits.pathSegmentsMax else {
      throw malformed(name, "has a `\(name)` of \(pointer.segments.count) segments; the most is \(JSONPatchLimits.pathSegmentsMax)")
    }
    return pointer
  }

  private func malformed(_ name: String, _ what: String) -> JSONPatchError {
    JSONPatchError(.malformed, "/\(index)/\(name)", "Operation \(index) \(what).")
  }
}
