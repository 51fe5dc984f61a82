/// Names to look for in an object, and below each the names to look for in its value.
struct NameTree: Sendable {
  struct Node: Sendable {
    let name: [UInt8]
    /// Whether the value is wanted as a whole.
    var isWhole = false
    /// Sorted by name.
    var children: [Node] = []

    func find(_ key: UnsafeBufferPointer<UInt8>) -> Int? {
      NameOrder.find(in: children.count) { place in children[place].name.withUnsafeBufferPointer { NameOrder.compare($0, key) } }
    }
  }

  private(set) var root = Node(name: [])

  init(paths: [[String]]) {
    let paths = paths.map { path in path.map { Array($0.utf8) } }
    for path in paths.sorted(by: { $0.lexicographicallyPrecedes($1, by: NameOrder.precedes) }) {
      NameTree.add(path[...], to: &root)
    }
  }

  /// Paths come in order, so a name is the last child already or follows it.
  private static func add(_ path: ArraySlice<[UInt8]>, to node: inout Node) {
    guard let name = path.first else {
      node.isWhole = true
      return
    }
    if node.children.last?.name != name { node.children.append(Node(name: name)) }
    add(path.dropFirst(), to: &node.children[node.children.count - 1])
  }
}
