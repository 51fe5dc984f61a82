extension JSONText {
  /// The raw range of the value of a top-level member of a validated object; the name is compared with unescaped keys.
  package static func member(_ name: String, of object: [UInt8]) -> Range<Int>? {
    object.withUnsafeBufferPointer { member(name, of: $0) }
  }

  /// The raw range of the value of a top-level member of a validated object; the name is compared with unescaped keys.
  package static func member(_ name: String, of object: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    name.withUTF8Bytes { member($0, of: object, from: 0) }
  }

  /// The raw range of the value that lies behind the names, each a member of the object before; of the whole value for no names.
  package static func value(at path: [String], in bytes: [UInt8]) -> Range<Int>? {
    bytes.withUnsafeBufferPointer { value(at: path, in: $0) }
  }

  /// The raw range of the value that lies behind the names, each a member of the object before; of the whole value for no names.
  package static func value(at path: [String], in text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    guard let first = path.first else {
      var skimmer = JSONSkimmer(text)
      skimmer.skipSpace()
      let start = skimmer.position
      skimmer.skipValue()
      return start == skimmer.position ? nil : start..<skimmer.position
    }
    guard var range = member(first, of: text) else { return nil }
    for name in path.dropFirst() {
      guard let next = name.withUTF8Bytes({ member($0, of: text, from: range.lowerBound) }) else { return nil }
      range = next
    }
    return range
  }

  /// Calls `body` with each top-level member of a validated object: its key unescaped, and the raw range of its value.
  package static func forEachMember(of object: [UInt8], _ body: (_ key: String, _ value: Range<Int>) throws -> Void) rethrows {
    try object.withUnsafeBufferPointer { text in
      try forEachMember(of: text) { try body($0.key.string(in: text), $0.valueRange) }
    }
  }

  /// Calls `body` with each top-level member of a validated object; no key is copied.
  package static func forEachMember(of object: UnsafeBufferPointer<UInt8>, _ body: (JSONMember) throws -> Void) rethrows {
    var skimmer = JSONSkimmer(object)
    guard skimmer.enter(UInt8(ascii: "{")) else { return }
    while let member = skimmer.nextMember() { try body(member) }
  }

  private static func member(
    _ name: UnsafeBufferPointer<UInt8>, of object: UnsafeBufferPointer<UInt8>, from start: Int
  ) -> Range<Int>? {
    var skimmer = JSONSkimmer(object, at: start)
    guard skimmer.enter(UInt8(ascii: "{")) else { return nil }
    while let member = skimmer.nextMember() {
      if member.key.equals(name, in: object) { return member.valueRange }
    }
    return nil
  }
}
