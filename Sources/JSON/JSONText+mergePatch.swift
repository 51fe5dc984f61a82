extension JSONText {
  /// Applies a merge patch, RFC 7396 (https://www.rfc-editor.org/rfc/rfc7396#section-2), to a validated text.
  ///
  /// Members that the patch does not name keep their place and their exact text, numbers too. Members that it replaces keep their
  /// place; new ones follow in the patch's order. What comes out of the patch is compact.
  /// It takes time proportional to both texts, but for a logarithm of the number of the patch's members.
  /// - Throws: `JSONError` when the patch is not a valid text.
  package static func mergePatch(
    _ patch: [UInt8], onto target: [UInt8], depthMax: Int = JSONText.depthMax
  ) throws(JSONError) -> [UInt8] {
    let hasSpace = try patch.withUnsafeBufferPointer { (text) throws(JSONError) in
      try scan(text, mustBeObject: false, depthMax)
    }
    let patch = hasSpace ? compact(patch) : patch
    return patch.withUnsafeBufferPointer { patch in
      target.withUnsafeBufferPointer { target in
        var merge = MergePatch(patch: patch, target: JSONSkimmer(target))
        merge.out.reserveCapacity(patch.count + target.count)
        merge.run()
        return merge.out
      }
    }
  }
}

/// The patch is read into a tree, once; then the target is read once from its beginning to its end. A level of the
/// target is entered only where the patch has that level too; everything else is stepped over and copied as it stands.
private struct MergePatch {
  let patch: UnsafeBufferPointer<UInt8>
  var target: JSONSkimmer
  var out: [UInt8] = []

  mutating func run() {
    var reader = JSONSkimmer(patch)
    let value = PatchValue(reading: &reader)
    guard case .object(let members) = value.content, target.peek() == UInt8(ascii: "{") else { return add(value) }
    mergeObject(members)
  }

  /// The target stands at an object.
  private mutating func mergeObject(_ members: PatchMembers) {
    var isUsed = [Bool](repeating: false, count: members.list.count)
    var isFirst = true
    out.append(UInt8(ascii: "{"))
    _ = target.enter(UInt8(ascii: "{"))
    while target.hasKey() {
      let start = target.position
      let key = target.key()
      guard let index = key.withBytes(in: target.text, { members.find($0) }) else {
        target.skipValue()
        if !isFirst { out.append(UInt8(ascii: ",")) }
        isFirst = false
        out.append(bytes: UnsafeBufferPointer(rebasing: target.text[start..<target.position]))
        continue
      }
      isUsed[index] = true
      let value = members.list[index].value
      if value.isNull {
        target.skipValue()
        continue
      }
      out.append(key, of: target.text, afterComma: !isFirst)
      isFirst = false
      if case .object(let inner) = value.content, target.peek() == UInt8(ascii: "{") {
        mergeObject(inner)
      } else {
        target.skipValue()
        add(value)
      }
    }
    for (index, member) in members.list.enumerated() where !isUsed[index] && !member.value.isNull {
      out.append(member.key, of: patch, afterComma: !isFirst)
      isFirst = false
      add(member.value)
    }
    out.append(UInt8(ascii: "}"))
  }

  /// What the patch makes of a target that is missing or no object: its own value without the members that are null.
  private mutating func add(_ value: PatchValue) {
    guard case .object(let members) = value.content else {
      out.append(bytes: UnsafeBufferPointer(rebasing: patch[value.range]))
      return
    }
    out.append(UInt8(ascii: "{"))
    var isFirst = true
    for member in members.list where !member.value.isNull {
      out.append(member.key, of: patch, afterComma: !isFirst)
      isFirst = false
      add(member.value)
    }
    out.append(UInt8(ascii: "}"))
  }
}
