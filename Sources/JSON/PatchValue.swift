/// A value of a merge patch: the objects in it as a tree, all else as ranges of its text.
struct PatchValue {
  enum Content {
    case null, plain
    case object(PatchMembers)
  }

  let range: Range<Int>
  let content: Content

  /// Reads the value that starts here, of a validated text.
  init(reading text: inout JSONSkimmer) {
    let first = text.peek()
    let start = text.position
    switch first {
    case UInt8(ascii: "{"): content = .object(PatchMembers(reading: &text))
    case UInt8(ascii: "n"):
      text.skipValue()
      content = .null
    default:
      text.skipValue()
      content = .plain
    }
    range = start..<text.position
  }

  var isNull: Bool { if case .null = content { true } else { false } }
}

/// The members of one object of a merge patch, in its order.
struct PatchMembers {
  struct Member {
    let key: JSONKey
    /// Where the name stands in `names`.
    let name: Range<Int>
    let value: PatchValue
  }

  /// Up to so many members are compared one by one.
  private static let linearMax = 8

  let list: [Member]
  /// The names, unescaped once, so that no look-up does it again.
  private let names: [UInt8]
  /// Indices of `list`, sorted by name, when there are more than `linearMax`.
  private let sorted: [Int]

  init(reading text: inout JSONSkimmer) {
    var list: [Member] = []
    var names: [UInt8] = []
    _ = text.enter(UInt8(ascii: "{"))
    while text.hasKey() {
      let key = text.key()
      let start = names.count
      key.withBytes(in: text.text) { names.append(bytes: $0) }
      list.append(Member(key: key, name: start..<names.count, value: PatchValue(reading: &text)))
    }
    self.list = list
    self.names = names
    guard list.count > PatchMembers.linearMax else {
      sorted = []
      return
    }
    sorted = names.withUnsafeBufferPointer { names in
      list.indices.sorted { a, b in
        NameOrder.compare(UnsafeBufferPointer(rebasing: names[list[a].name]), UnsafeBufferPointer(rebasing: names[list[b].name])) < 0
      }
    }
  }

  func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    names.withUnsafeBufferPointer { names in
      func order(_ index: Int) -> Int { NameOrder.compare(UnsafeBufferPointer(rebasing: names[list[index].name]), name) }
      if sorted.isEmpty { return list.indices.first { order($0) == 0 } }
      return NameOrder.find(in: sorted.count) { order(sorted[$0]) }.map { sorted[$0] }
    }
  }
}
