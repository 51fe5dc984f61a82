extension JSONPatch {
  /// Applies all operations to a text, or none.
  ///
  /// - Parameters:
  ///   - document: validated, compact JSON.
  ///   - allowance: that of the batch.
  /// - Returns: compact JSON. It may be nested more deeply than either text was.
  /// - Throws: `JSONPatchError`.
  package func applied(to document: [UInt8], allowance: PatchAllowance = PatchAllowance()) throws(JSONPatchError) -> [UInt8] {
    var draft = JSONDraft(document, allowance)
    for (index, operation) in operations.enumerated() {
      do {
        try PatchStep(index: index, patch: self).apply(operation, to: &draft)
      } catch let error as JSONPatchError {
        throw error
      } catch {
        throw JSONPatchError(.excessive, "/\(index)", "At operation \(index) the patch has become too costly: send it in parts.")
      }
    }
    return draft.bytes()
  }
}

/// One operation being applied.
private struct PatchStep {
  let index: Int
  let patch: JSONPatch

  func apply(_ operation: JSONPatch.Operation, to draft: inout JSONDraft) throws {
    switch operation {
    case .add(let path, let value): try add(draft.add(patch.text[value]), at: path, &draft)
    case .replace(let path, let value):
      let node = draft.add(patch.text[value])
      switch try place(path, "path", &draft) {
      case .root: draft.setRoot(node)
      case .member(let object, let name): object.set(name, node)
      case .element(let array, let index): array.nodes[index] = node
      }
    case .remove(let path): _ = try remove(path, "path", &draft)
    case .move(let from, let path):
      if from == path { _ = try place(path, "from", &draft) } else { try add(remove(from, "from", &draft), at: path, &draft) }
    case .copy(let from, let path): try add(draft.copy(existing(from, "from", &draft)), at: path, &draft)
    case .test(let path, let value):
      guard try isSame(existing(path, "path", &draft), value, &draft) else {
        throw misfit("path", "tests '\(shown(path))', and another value is there")
      }
    }
  }

  /// Section 4.1: into an object, where it replaces; into an array, where it moves what follows; or for the whole document.
  private func add(_ node: JSONDraft.Node, at path: PatchPointer, _ draft: inout JSONDraft) throws {
    guard let last = path.segments.last else { return draft.setRoot(node) }
    switch try parent(of: path, "path", &draft) {
    case .object(let object): object.set(last, node)
    case .array(let array):
      guard let index = last == "-" ? array.nodes.count : JSONPointer.index(last), index <= array.nodes.count else {
        throw misfit("path", "adds to '\(shown(path))', and the array has \(array.nodes.count) elements")
      }
      try draft.charge((array.nodes.count - index) / 2)
      array.nodes.insert(node, at: index)
    case .text: throw misfit("path", "leads to '\(shown(path))', into a value that is neither object nor array")
    }
  }

  private func remove(_ path: PatchPointer, _ name: String, _ draft: inout JSONDraft) throws -> JSONDraft.Node {
    let node = try existing(path, name, &draft)
    switch try place(path, name, &draft) {
    case .root: break
    case .member(let object, let name): object.remove(name)
    case .element(let array, let index):
      try draft.charge((array.nodes.count - index) / 2)
      array.nodes.remove(at: index)
    }
    return node
  }

  /// Where something is already.
  private enum Place {
    case root
    case member(DraftObject, String)
    case element(DraftArray, Int)
  }

  private func place(_ path: PatchPointer, _ name: String, _ draft: inout JSONDraft) throws -> Place {
    guard let last = path.segments.last else { return .root }
    switch try parent(of: path, name, &draft) {
    case .object(let object):
      guard object.find(last) != nil else { throw missing(path, name) }
      return .member(object, last)
    case .array(let array):
      guard let index = JSONPointer.index(last), index < array.nodes.count else { throw missing(path, name) }
      return .element(array, index)
    case .text: throw missing(path, name)
    }
  }

  private func parent(of path: PatchPointer, _ name: String, _ draft: inout JSONDraft) throws -> JSONDraft.Node {
    guard let parent = try draft.opened(at: path.segments.dropLast()) else { throw missing(path, name) }
    return parent
  }

  private func existing(_ path: PatchPointer, _ name: String, _ draft: inout JSONDraft) throws -> JSONDraft.Node {
    guard let node = try draft.node(at: path.segments) else { throw missing(path, name) }
    return node
  }

  /// Section 4.6: numbers by their value, objects whatever their order.
  private func isSame(_ node: JSONDraft.Node, _ value: JSONPatch.Value, _ draft: inout JSONDraft) throws -> Bool {
    let wanted = patch.text[value]
    let found = draft.bytes(of: node)
    if case .text = node { try draft.charge(16 + min(found.count, wanted.count) / 8) } else { try draft.charge(found.count) }
    if found.elementsEqual(wanted) { return true }
    guard JSONKind(found) == JSONKind(wanted), JSONKind(found).canDiffer else { return false }
    let other = try draft.value(of: node)
    try draft.charge(wanted.count)
    return SchemaEquality.same(other, try JSONValue(parsing: Array(wanted)))
  }

  private func shown(_ pointer: PatchPointer) -> String {
    JSONPatchLimits.shown(pointer.text)
  }

  private func missing(_ path: PatchPointer, _ name: String) -> JSONPatchError {
    misfit(name, "leads to '\(shown(path))', and there is nothing there")
  }

  private func misfit(_ name: String, _ what: String) -> JSONPatchError {
    JSONPatchError(.misfit, "/\(index)/\(name)", "Operation \(index) \(what).")
  }
}

/// What kind of value a text begins.
private enum JSONKind: Equatable {
  case object, array, string, number, word

  init(_ text: ArraySlice<UInt8>) {
    switch text.first {
    case UInt8(ascii: "{"): self = .object
    case UInt8(ascii: "["): self = .array
    case UInt8(ascii: "\""): self = .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"), UInt8(ascii: "n"): self = .word
    default: self = .number
    }
  }

  /// Whether two texts of this kind can differ and mean the same.
  var canDiffer: Bool { self != .word }
}
