extension JSONText {
  /// The members of a validated object that the dotted paths name, such as `author.name`, in the object's order and their exact
  /// text. See `keepingMembers(_:of:)` for paths that are already split.
  package static func keepingMembers(_ paths: [String], of object: [UInt8]) -> [UInt8] {
    keepingMembers(
      paths.map { $0.split(separator: ".", omittingEmptySubsequences: false).map(String.init) }, of: object)
  }

  /// The members of a validated object that the paths name, in the object's order and their exact text.
  ///
  /// A path leads through objects, and through arrays to each object in them (as MongoDB's projections do). Where it wants to go
  /// deeper and finds another value, that value is left out.
  package static func keepingMembers(_ paths: [[String]], of object: [UInt8]) -> [UInt8] {
    // A path of more names than a text may have levels leads nowhere; left out, it cannot make the tree deep.
    let tree = NameTree(paths: paths.filter { (1...JSONScanner.depthLimit).contains($0.count) })
    return object.withUnsafeBufferPointer { text in
      var projection = Projection(skimmer: JSONSkimmer(text))
      projection.out.reserveCapacity(text.count)
      if projection.skimmer.peek() == UInt8(ascii: "{") { projection.keepObject(tree.root) }
      return projection.out.isEmpty ? Array("{}".utf8) : projection.out
    }
  }
}

/// Reads the text once, from its beginning to its end, and copies what is wanted. It calls itself for a level of the text only
/// where the paths go one level deeper too.
private struct Projection {
  var skimmer: JSONSkimmer
  var out: [UInt8] = []

  mutating func keepObject(_ names: NameTree.Node) {
    _ = skimmer.enter(UInt8(ascii: "{"))
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    while skimmer.hasKey() {
      let key = skimmer.key()
      guard let node = key.withBytes(in: skimmer.text, { names.find($0) }) else {
        skimmer.skipValue()
        continue
      }
      let restart = out.count
      if !isFirst { out.append(UInt8(ascii: ",")) }
      out.append(key, of: skimmer.text)
      if keepValue(node) { isFirst = false } else { out.removeSubrange(restart...) }
    }
    out.append(UInt8(ascii: "}"))
  }

  private mutating func keepArray(_ names: NameTree.Node) {
    out.append(UInt8(ascii: "["))
    var isFirst = true
    _ = skimmer.enter(UInt8(ascii: "["))
    while skimmer.hasElement() {
      let restart = out.count
      if !isFirst { out.append(UInt8(ascii: ",")) }
      if keepValue(names) { isFirst = false } else { out.removeSubrange(restart...) }
    }
    out.append(UInt8(ascii: "]"))
  }

  /// - Returns: whether anything was wanted of the value that starts here.
  private mutating func keepValue(_ node: NameTree.Node) -> Bool {
    let first = skimmer.peek()
    if node.isWhole {
      let start = skimmer.position
      skimmer.skipValue()
      out.append(contentsOf: skimmer.text[start..<skimmer.position])
      return true
    }
    switch first {
    case UInt8(ascii: "{"): keepObject(node)
    case UInt8(ascii: "["): keepArray(node)
    default:
      skimmer.skipValue()
      return false
    }
    return true
  }
}
