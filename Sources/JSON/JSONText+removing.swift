extension JSONText {
  /// A validated object without the members of these names; the others keep their exact text. If it has none of
  /// them, it is returned as it is. What is no object becomes an empty one.
  package static func removingMembers(_ names: Set<String>, from object: [UInt8]) -> [UInt8] {
    removingMembers(Array(names), from: object)
  }

  /// A validated object without the members of these names; the others keep their exact text. If it has none of
  /// them, it is returned as it is. What is no object becomes an empty one.
  package static func removingMembers(_ names: [String], from object: [UInt8]) -> [UInt8] {
    // A few names are compared one by one, which needs no preparation.
    if names.count <= 8 {
      return removingMembers(from: object) { key, text in
        names.contains { name in name.withUTF8Bytes { key.equals($0, in: text) } }
      }
    }
    let tree = NameTree(paths: names.map { [$0] })
    return removingMembers(from: object) { key, text in key.withBytes(in: text) { tree.root.find($0) } != nil }
  }

  @inline(__always)
  private static func removingMembers(
    from object: [UInt8], where isRemoved: (JSONKey, UnsafeBufferPointer<UInt8>) -> Bool
  ) -> [UInt8] {
    let rest: [UInt8]? = object.withUnsafeBufferPointer { text in
      var skimmer = JSONSkimmer(text)
      guard skimmer.enter(UInt8(ascii: "{")) else { return Array("{}".utf8) }
      // Made when the first member is left out; what stands before is copied then.
      var out: [UInt8]?
      let start = skimmer.position
      var end = start
      while let member = skimmer.nextMember() {
        if isRemoved(member.key, text) {
          if out == nil {
            var copy: [UInt8] = []
            copy.reserveCapacity(text.count)
            copy.append(UInt8(ascii: "{"))
            copy.append(bytes: UnsafeBufferPointer(rebasing: text[start..<end]))
            out = copy
          }
        } else if out != nil {
          if out?.count ?? 0 > 1 { out?.append(UInt8(ascii: ",")) }
          out?.append(bytes: UnsafeBufferPointer(rebasing: text[member.range]))
        }
        end = member.range.upperBound
      }
      out?.append(UInt8(ascii: "}"))
      return out
    }
    return rest ?? object
  }
}
