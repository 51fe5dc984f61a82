/// A look at the text before it is parsed.
///
/// The parser compares the keys of an object with each other, and follows aliases as it does so: keys that are aliases of aliases take it
/// longer than anybody waits. So a file may have either many aliases of texts and numbers, or a few of anything. What only looks like an
/// anchor or an alias, within a text, counts too.
struct YAMLAliases {
  private(set) var aliases = 0
  /// The line of the first anchor on a list or an object.
  private(set) var anchoredCollection: Int?

  init(_ text: [UInt8]) {
    var line = 1
    var before = UInt8(ascii: "\n")
    for (index, byte) in text.enumerated() {
      if byte == UInt8(ascii: "\n") { line += 1 }
      if byte == UInt8(ascii: "*") || byte == UInt8(ascii: "&"), " \t\r\n[{,:?-".utf8.contains(before) {
        let rest = text[(index + 1)...]
        let name = rest.prefix { Self.isNameByte($0) }
        if !name.isEmpty {
          if byte == UInt8(ascii: "*") {
            aliases += 1
          } else if anchoredCollection == nil, Self.beginsCollection(rest[name.endIndex...]) {
            anchoredCollection = line
          }
        }
      }
      before = byte
    }
  }

  /// Throws if following them could take too long.
  func requireFew() throws(AppFileError) {
    guard let line = anchoredCollection, aliases > AppFileLimits.aliasesMax else { return }
    throw AppFileError(
      line: line,
      "an anchor (&name) stands before a list or an object, and the file has more than \(AppFileLimits.aliasesMax) aliases (*name); "
        + "use anchors for texts and numbers only")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "_"), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  /// Whether no text or number follows on the same line.
  private static func beginsCollection(_ rest: ArraySlice<UInt8>) -> Bool {
    guard let next = rest.first(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return true }
    return "\r\n#[{!?-*&".utf8.contains(next)
  }
}
