/// A JSON text that is being changed. What no change touches keeps its exact text, numbers too; a level is opened only where a change
/// leads into it.
struct JSONDraft {
  /// A value of the draft: still text, or opened.
  enum Node {
    /// Where the value stands in `text`.
    case text(start: Int32, end: Int32)
    case object(DraftObject)
    case array(DraftArray)
  }

  /// The document, and behind it what was added to it.
  private(set) var text: [UInt8]
  private(set) var root: Node
  private let allowance: PatchAllowance
  private var stepsLeft = JSONPatchLimits.stepsMax
  private var copyingLeft = JSONPatchLimits.copiedBytesMax

  /// - Parameter text: validated and compact.
  init(_ text: [UInt8], _ allowance: PatchAllowance) {
    self.text = text
    self.allowance = allowance
    root = .text(start: 0, end: Int32(text.count))
  }

  /// A cost that was too much, at no place in particular.
  struct TooCostly: Error {}

  mutating func charge(_ steps: Int) throws {
    stepsLeft -= steps
    guard allowance.take(steps), stepsLeft >= 0 else { throw TooCostly() }
  }

  mutating func chargeCopy(_ bytes: Int) throws {
    copyingLeft -= bytes
    guard copyingLeft >= 0 else { throw TooCostly() }
  }

  // MARK: Looking

  /// What stands behind the path; nil where there is nothing. Every level up to it is opened, and it too.
  mutating func opened(at path: ArraySlice<String>) throws -> Node? {
    root = try opened(root)
    var node = root
    for segment in path {
      switch node {
      case .object(let object):
        guard let place = object.find(segment) else { return nil }
        node = try opened(object.members[place].node)
        object.members[place].node = node
      case .array(let array):
        guard let index = JSONPointer.index(segment), index < array.nodes.count else { return nil }
        node = try opened(array.nodes[index])
        array.nodes[index] = node
      case .text: return nil
      }
    }
    return node
  }

  /// What stands behind the path; nil where there is nothing. It stays text if it is.
  mutating func node(at path: [String]) throws -> Node? {
    guard let last = path.last else { return root }
    switch try opened(at: path.dropLast()) {
    case .object(let object): return object.find(last).map { object.members[$0].node }
    case .array(let array): return JSONPointer.index(last).flatMap { $0 < array.nodes.count ? array.nodes[$0] : nil }
    default: return nil
    }
  }

  mutating func setRoot(_ node: Node) { root = node }

  /// An object or array whose members are nodes; a scalar stays text.
  mutating func opened(_ node: Node) throws -> Node {
    guard case .text(let start, let end) = node else { return node }
    let first = text[Int(start)]
    guard first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return node }
    try charge(Int(end - start))
    let opened: Node = text.withUnsafeBufferPointer { text in
      var skimmer = JSONSkimmer(text, at: Int(start))
      _ = skimmer.enter(first)
      if first == UInt8(ascii: "{") {
        var members: [DraftObject.Member] = []
        while let member = skimmer.nextMember() {
          members.append(
            DraftObject.Member(name: member.key.string(in: text), key: member.key.range, node: JSONDraft.node(member.valueRange)))
        }
        return .object(DraftObject(members))
      }
      var nodes: [Node] = []
      while skimmer.hasElement() {
        let start = skimmer.position
        skimmer.skipValue()
        nodes.append(JSONDraft.node(start..<skimmer.position))
      }
      return .array(DraftArray(nodes))
    }
    if case .array(let array) = opened { try charge(array.nodes.count * 4) }
    if case .object(let object) = opened { try charge(object.members.count * 16) }
    return opened
  }

  private static func node(_ range: Range<Int>) -> Node { .text(start: Int32(range.lowerBound), end: Int32(range.upperBound)) }

  /// The value itself.
  mutating func value(of node: Node) throws -> JSONValue {
    let bytes = bytes(of: node)
    try charge(bytes.count + JSONPatchLimits.valueSteps)
    return try JSONValue(parsing: Array(bytes), depthMax: 512)
  }

  // MARK: Adding

  /// A value that is new to the document: validated, compact text.
  mutating func add(_ value: some Collection<UInt8>) -> Node {
    let start = text.count
    text.append(contentsOf: value)
    return JSONDraft.node(start..<text.count)
  }

  mutating func add(_ value: JSONValue) -> Node {
    let start = text.count
    value.write(into: &text)
    return JSONDraft.node(start..<text.count)
  }

  /// The same value once more, independent of the first.
  mutating func copy(_ node: Node) throws -> Node {
    if case .text(let start, let end) = node {
      try chargeCopy(Int(end - start))
      return node
    }
    let bytes = bytes(of: node)
    try charge(bytes.count)
    try chargeCopy(bytes.count)
    return add(bytes)
  }
}

/// An object that was opened. A class, because a change deep inside must not copy the levels above it.
final class DraftObject {
  struct Member {
    let name: String
    /// Its exact text without the quotes, as a place in the draft's text; nil for a new one.
    let key: Range<Int>?
    var node: JSONDraft.Node
    var isRemoved = false
  }

  /// In their order; removed ones stay as gaps.
  var members: [Member]
  private var places: [Name: Int]?
  private var searches = 0

  init(_ members: [Member] = []) { self.members = members }

  /// The place of the member of that name.
  func find(_ name: String) -> Int? {
    if let places { return places[Name(string: name)].flatMap { members[$0].isRemoved ? nil : $0 } }
    searches += 1
    if searches > 4, members.count > 16 { index() }
    return members.firstIndex { !$0.isRemoved && $0.name.hasSameBytes(as: name) }
  }

  func set(_ name: String, _ node: JSONDraft.Node) {
    if let place = find(name) {
      members[place].node = node
      return
    }
    members.append(Member(name: name, key: nil, node: node))
    places?[Name(string: name)] = members.count - 1
  }

  /// What was there; nil if nothing was.
  @discardableResult
  func remove(_ name: String) -> JSONDraft.Node? {
    guard let place = find(name) else { return nil }
    members[place].isRemoved = true
    places?[Name(string: name)] = nil
    return members[place].node
  }

  private func index() {
    var places: [Name: Int] = [:]
    places.reserveCapacity(members.count)
    for (place, member) in members.enumerated() where !member.isRemoved { places[Name(string: member.name)] = place }
    self.places = places
  }

  /// A name compared by its bytes.
  private struct Name: Hashable {
    let string: String
    static func == (a: Name, b: Name) -> Bool { a.string.hasSameBytes(as: b.string) }
    func hash(into hasher: inout Hasher) { string.hashBytes(into: &hasher) }
  }
}

/// An array that was opened.
final class DraftArray {
  var nodes: [JSONDraft.Node]

  init(_ nodes: [JSONDraft.Node] = []) { self.nodes = nodes }
}

extension JSONDraft {
  // MARK: Writing

  /// The whole document as it is now, compact.
  func bytes() -> [UInt8] { Array(bytes(of: root)) }

  func bytes(of node: Node) -> ArraySlice<UInt8> {
    if case .text(let start, let end) = node { return text[Int(start)..<Int(end)] }
    var out: [UInt8] = []
    text.withUnsafeBufferPointer { JSONDraft.write(node, of: $0, into: &out) }
    return out[...]
  }

  /// Opened levels are at most as many as a path has segments, so the recursion is bounded.
  private static func write(_ node: Node, of text: UnsafeBufferPointer<UInt8>, into out: inout [UInt8]) {
    switch node {
    case .text(let start, let end): out.append(bytes: UnsafeBufferPointer(rebasing: text[Int(start)..<Int(end)]))
    case .object(let object):
      out.append(UInt8(ascii: "{"))
      var isFirst = true
      for member in object.members where !member.isRemoved {
        if let key = member.key {
          out.append(quoted: UnsafeBufferPointer(rebasing: text[key]), afterComma: !isFirst, beforeColon: true)
        } else {
          member.name.withUTF8Bytes { JSONWriter.append(utf8: $0, to: &out, afterComma: !isFirst, beforeColon: true) }
        }
        isFirst = false
        write(member.node, of: text, into: &out)
      }
      out.append(UInt8(ascii: "}"))
    case .array(let array):
      out.append(UInt8(ascii: "["))
      for (index, node) in array.nodes.enumerated() {
        if index > 0 { out.append(UInt8(ascii: ",")) }
        write(node, of: text, into: &out)
      }
      out.append(UInt8(ascii: "]"))
    }
  }
}
