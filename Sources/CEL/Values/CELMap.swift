/// A map: keys of type bool, int, uint or string, in the order in which they were written.
package struct CELMap: Sendable {
  package typealias Entry = (key: CELValue, value: CELValue)

  private let storage: Storage

  /// Nil if two keys are equal, or if one is of a type that no key may have.
  package init?(_ entries: [Entry]) {
    var seen: [Key: Int] = [:]
    for (position, entry) in entries.enumerated() {
      guard let key = Key(entry.key), seen.updateValue(position, forKey: key) == nil else { return nil }
    }
    storage = Storage(entries, index: entries.count > Self.scannedMax ? seen : nil)
  }

  /// A map with these string keys. Of equal keys the first is found.
  package init(fields: [(String, CELValue)]) {
    let entries = fields.map { Entry(key: .string($0.0), value: $0.1) }
    var index: [Key: Int]?
    if entries.count > Self.scannedMax {
      var seen: [Key: Int] = [:]
      seen.reserveCapacity(fields.count)
      for (position, field) in fields.enumerated() where seen[.string(field.0)] == nil { seen[.string(field.0)] = position }
      index = seen
    }
    storage = Storage(entries, index: index)
  }

  package var count: Int { storage.entries.count }
  package var entries: [Entry] { storage.entries }

  package subscript(name: String) -> CELValue? {
    if let index = storage.index { return index[.string(name)].map { storage.entries[$0].value } }
    for entry in storage.entries {
      if case .string(let key) = entry.key, CELText.equal(key, name) { return entry.value }
    }
    return nil
  }

  /// The value under a name that is looked for often.
  subscript(name: CELName) -> CELValue? {
    if let index = storage.index { return index[.string(name.text)].map { storage.entries[$0].value } }
    let place = storage.heads.withUnsafeBufferPointer { heads in
      heads.firstIndex { $0.head == name.head && $0.count == name.bytes.count }
    }
    guard let place else { return nil }
    if name.bytes.count <= 8 { return storage.entries[place].value }
    // Two names may begin alike.
    return self[name.text]
  }

  /// The value under a key equal to this one in CEL's sense: `1`, `1u` and `1.0` find the same entry.
  package subscript(key: CELValue) -> CELValue? {
    if case .string(let name) = key { return self[name] }
    guard let wanted = Key(key) ?? Key(wholeNumber: key) else { return nil }
    if let index = storage.index { return index[wanted].map { storage.entries[$0].value } }
    return storage.entries.first { Key($0.key) == wanted }?.value
  }

  /// Up to this many entries are compared one after the other, which is faster than hashing.
  private static let scannedMax = 8

  private final class Storage: Sendable {
    let entries: [Entry]
    let index: [Key: Int]?
    /// Of a map that is not indexed, the beginnings of its string keys.
    let heads: [(head: UInt64, count: Int)]

    init(_ entries: [Entry], index: [Key: Int]?) {
      self.entries = entries
      self.index = index
      heads =
        index != nil
        ? []
        : entries.map { entry in
          guard case .string(let name) = entry.key else { return (0, -1) }
          return (CELName.head(of: name), name.utf8.count)
        }
    }
  }

  /// A key in its one form for each value: an uint that fits an int is that int.
  private enum Key: Hashable {
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case string(String)

    init?(_ value: CELValue) {
      switch value {
      case .bool(let value): self = .bool(value)
      case .int(let value): self = .int(value)
      case .uint(let value): self = Int64(exactly: value).map(Key.int) ?? .uint(value)
      case .string(let value): self = .string(value)
      default: return nil
      }
    }

    init?(wholeNumber value: CELValue) {
      guard case .double(let number) = value else { return nil }
      if let int = Int64(exactly: number) { self = .int(int) } else if let uint = UInt64(exactly: number) { self = .uint(uint) } else { return nil }
    }

    static func == (left: Key, right: Key) -> Bool {
      switch (left, right) {
      case (.bool(let a), .bool(let b)): a == b
      case (.int(let a), .int(let b)): a == b
      case (.uint(let a), .uint(let b)): a == b
      case (.string(let a), .string(let b)): CELText.equal(a, b)
      default: false
      }
    }

    func hash(into hasher: inout Hasher) {
      switch self {
      case .bool(let value): hasher.combine(value)
      case .int(let value): hasher.combine(value)
      case .uint(let value): hasher.combine(value)
      case .string(let value): CELText.hash(value, into: &hasher)
      }
    }
  }
}

extension CELMap: Equatable {
  /// The same keys, of the same types, with the same values, in any order.
  package static func == (left: CELMap, right: CELMap) -> Bool {
    guard left.count == right.count else { return false }
    return left.entries.allSatisfy { right[$0.key] == $0.value }
  }
}
