/// Chooses members of objects by paths; made once, it can be applied to many objects.
///
/// A path leads through objects, and through arrays to each object in them (as MongoDB's projections do). Where it wants to go
/// deeper and finds another value, that value is left out.
package struct JSONProjection: Sendable {
  private let names: NameTree

  /// - Parameter paths: names joined by dots, such as `author.name`.
  package init(_ paths: [String]) {
    self.init(split: paths.map { $0.split(separator: ".", omittingEmptySubsequences: false).map(String.init) })
  }

  package init(split paths: [[String]]) {
    // A path of more names than a text may have levels leads nowhere; left out, it cannot make the tree deep.
    names = NameTree(paths: paths.filter { (1...JSONScanner.depthLimit).contains($0.count) })
  }

  /// The members of a validated object that the paths name, in the object's order and in their exact text. What is no object
  /// becomes an empty one.
  package func apply(to object: [UInt8]) -> [UInt8] {
    object.withUnsafeBufferPointer { text in
      var out: [UInt8] = []
      out.reserveCapacity(text.count)
      apply(to: text, appendingTo: &out)
      return out
    }
  }

  /// The same, appended to what `out` holds.
  package func apply(to object: UnsafeBufferPointer<UInt8>, appendingTo out: inout [UInt8]) {
    var reader = ProjectionReader(skimmer: JSONSkimmer(object))
    guard reader.skimmer.peek() == UInt8(ascii: "{") else { return out.append(text: "{}") }
    swap(&reader.out, &out)
    reader.keepObject(names.root)
    swap(&reader.out, &out)
  }
}

extension JSONText {
  /// The members of a validated object that the dotted paths name; see `JSONProjection`.
  package static func keepingMembers(_ paths: [String], of object: [UInt8]) -> [UInt8] {
    JSONProjection(paths).apply(to: object)
  }

  /// The members of a validated object that the paths name; see `JSONProjection`.
  package static func keepingMembers(_ paths: [[String]], of object: [UInt8]) -> [UInt8] {
    JSONProjection(split: paths).apply(to: object)
  }
}

/// Reads the text once, from its beginning to its end, and copies what is wanted. It calls itself for a level of the text only
/// where the paths go one level deeper too.
private struct ProjectionReader {
  var skimmer: JSONSkimmer
  var out: [UInt8] = []

  mutating func keepObject(_ names: NameTree.Node) {
    _ = skimmer.enter(UInt8(ascii: "{"))
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    while skimmer.hasKey() {
      let key = skimmer.key()
      guard let place = key.withBytes(in: skimmer.text, { names.find($0) }) else {
        skimmer.skipValue()
        continue
      }
      let restart = out.count
      out.append(key, of: skimmer.text, afterComma: !isFirst)
      if keepValue(names.children[place]) { isFirst = false } else { out.removeSubrange(restart...) }
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
      out.append(bytes: UnsafeBufferPointer(rebasing: skimmer.text[start..<skimmer.position]))
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
