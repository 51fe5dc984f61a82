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
  typealias Member = (key: JSONKey, name: [UInt8], value: PatchValue)

  private(set) var list: [Member] = []
  /// Indices of `list`, sorted by name; the names were unescaped once, so that no look-up does it again.
  private let sorted: [Int]

  init(reading text: inout JSONSkimmer) {
    var list: [Member] = []
    _ = text.enter(UInt8(ascii: "{"))
    while text.hasKey() {
      let key = text.key()
      let name = key.withBytes(in: text.text) { Array($0) }
      list.append((key, name, PatchValue(reading: &text)))
    }
    sorted = list.indices.sorted { NameOrder.precedes(list[$0].name, list[$1].name) }
    self.list = list
  }

  func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
    let place = NameOrder.lowerBound(of: name, count: sorted.count) { list[sorted[$0]].name }
    guard place < sorted.count, NameOrder.compare(list[sorted[place]].name, name) == 0 else { return nil }
    return sorted[place]
  }
}
