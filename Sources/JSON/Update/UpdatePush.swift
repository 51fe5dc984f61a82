/// What `$push` does to an array: adds, then sorts, then cuts.
struct UpdatePush: Sendable {
  enum Sort: Sendable {
    case values(isDescending: Bool)
    case fields([SortKey])
  }

  struct SortKey: Sendable {
    let path: [String]
    let isDescending: Bool
  }

  let values: [JSONUpdate.Value]
  /// Where the values go; negative from the end.
  let position: Int?
  /// How many elements stay: the first ones, or the last ones for a negative number.
  let slice: Int?
  let sort: Sort?

  func apply(to array: DraftArray, _ added: [JSONDraft.Node], _ draft: inout JSONDraft) throws {
    let count = array.nodes.count
    let place =
      switch position {
      case nil: count
      case let position? where position < 0: max(0, count &+ position)
      case let position?: min(count, position)
      }
    try draft.charge((count - place) / 2 + added.count)
    array.nodes.insert(contentsOf: added, at: place)
    if let sort { array.nodes = try sorted(array.nodes, sort, &draft) }
    guard let slice else { return }
    if slice >= 0 {
      if slice < array.nodes.count { array.nodes.removeLast(array.nodes.count - slice) }
    } else if array.nodes.count &+ slice > 0 {
      array.nodes.removeFirst(array.nodes.count &+ slice)
    }
  }

  /// Elements that are the same in the order keep their places.
  private func sorted(_ nodes: [JSONDraft.Node], _ sort: Sort, _ draft: inout JSONDraft) throws -> [JSONDraft.Node] {
    try draft.charge(nodes.count * (nodes.count.bitWidth - nodes.count.leadingZeroBitCount) * 8)
    var keyed: [(keys: [JSONValue?], place: Int)] = []
    keyed.reserveCapacity(nodes.count)
    for (place, node) in nodes.enumerated() {
      let value = try draft.value(of: node)
      switch sort {
      case .values: keyed.append(([value], place))
      case .fields(let keys): keyed.append((keys.map { key in key.path.reduce(value as JSONValue?) { $0?[$1] } }, place))
      }
    }
    let descending =
      switch sort {
      case .values(let isDescending): [isDescending]
      case .fields(let keys): keys.map(\.isDescending)
      }
    keyed.sort { a, b in
      for (index, isDescending) in descending.enumerated() {
        let order = JSONOrder.compare(a.keys[index], b.keys[index])
        if order != 0 { return isDescending ? order > 0 : order < 0 }
      }
      return a.place < b.place
    }
    return keyed.map { nodes[$0.place] }
  }
}
