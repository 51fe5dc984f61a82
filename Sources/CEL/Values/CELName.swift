import Glibc

/// A text that is compared often: its first bytes in one word, so that most other texts are told apart without a look at the rest.
struct CELName: Sendable {
  let text: String
  let bytes: [UInt8]
  let count: Int
  /// The first eight bytes, the first one lowest, filled up with zeros.
  let head: UInt64
  /// Ones where `head` has bytes of the text.
  let headMask: UInt64

  init(_ text: String) {
    self.text = text
    bytes = Array(text.utf8)
    count = bytes.count
    head = CELName.head(of: text)
    headMask = bytes.count >= 8 ? .max : (1 << UInt64(bytes.count * 8)) - 1
  }

  static func head(of text: String) -> UInt64 {
    var head: UInt64 = 0
    for (place, byte) in text.utf8.prefix(8).enumerated() { head |= UInt64(byte) << UInt64(place * 8) }
    return head
  }

  /// Whether these are the text's bytes, of which the first ones are already known to be.
  @inline(__always)
  func hasTail(_ start: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    count <= 8 || bytes.withUnsafeBufferPointer { $0.baseAddress.map { memcmp($0 + 8, start + 8, count - 8) == 0 } ?? false }
  }
}

/// Some constant texts, to find out whether another is one of them without making a string of it.
struct CELTextSet: Sendable {
  private let names: [CELName]
  /// For many; nil for few, which are faster compared one by one.
  private let hashed: Set<[UInt8]>?

  init(_ texts: [String]) {
    names = texts.map(CELName.init)
    hashed = texts.count > 16 ? Set(names.map(\.bytes)) : nil
  }

  func contains(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    if let hashed { return hashed.contains(Array(text)) }
    guard let base = text.baseAddress else { return names.contains { $0.bytes.isEmpty } }
    let head = Self.head(base, text.count)
    return names.withUnsafeBufferPointer { names in
      for place in 0..<names.count
      where names[place].head == head && names[place].count == text.count && names[place].hasTail(base, text.count) { return true }
      return false
    }
  }

  @inline(__always)
  private static func head(_ base: UnsafePointer<UInt8>, _ count: Int) -> UInt64 {
    if count >= 8 { return UnsafeRawPointer(base).loadUnaligned(as: UInt64.self).littleEndian }
    var head: UInt64 = 0
    for place in 0..<count { head |= UInt64(base[place]) << UInt64(place * 8) }
    return head
  }
}
