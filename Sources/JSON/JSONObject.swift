/// The members of a JSON object, in the order in which they were added, each name once.
///
/// Names are compared by code points. Two objects are equal when they have equal members in whatever order. Look-up is by hash
/// from 17 members on; removing one member takes time linear in their number, `removeAll(where:)` does too for many.
package struct JSONObject: Sendable {
  package typealias Element = (key: String, value: JSONValue)

  /// Up to so many members are compared one by one, which is faster than hashing.
  private static let linearMax = 16

  /// A struct, because arrays of tuples are slow to copy and to destroy.
  struct Member: Sendable {
    let key: String
    var value: JSONValue
  }

  private(set) var members: [Member]
  /// Positions by name; nil up to `linearMax` members.
  private var positions: [Name: Int]?

  package init() { members = [] }

  /// The last of several members of one name counts, at the place of the first.
  package init(_ members: some Sequence<(String, JSONValue)>) {
    self.init()
    for (key, value) in members { self[key] = value }
  }

  /// `members` have different names.
  init(distinct members: [Member]) {
    self.members = members
    if members.count > JSONObject.linearMax { index() }
  }

  package var count: Int { members.count }
  package var isEmpty: Bool { members.isEmpty }
  package var keys: [String] { members.map(\.key) }
  package var values: [JSONValue] { members.map(\.value) }

  package func contains(_ key: String) -> Bool { position(of: key) != nil }

  /// Setting nil removes the member; set `JSONValue.null` for a member that is null.
  package subscript(_ key: String) -> JSONValue? {
    get { position(of: key).map { members[$0].value } }
    set {
      guard let newValue else {
        remove(key)
        return
      }
      if let position = position(of: key) {
        members[position].value = newValue
      } else {
        append(key, newValue)
      }
    }
  }

  package subscript(_ key: String, default fallback: @autoclosure () -> JSONValue) -> JSONValue {
    get { self[key] ?? fallback() }
    set { self[key] = newValue }
  }

  @discardableResult
  package mutating func remove(_ key: String) -> JSONValue? {
    guard let position = position(of: key) else { return nil }
    let value = members.remove(at: position).value
    index()
    return value
  }

  package mutating func removeAll(where isRemoved: (Element) throws -> Bool) rethrows {
    // Also when it throws: members may have changed places.
    defer { index() }
    try members.removeAll { try isRemoved((key: $0.key, value: $0.value)) }
  }

  private func position(of key: String) -> Int? {
    if let positions { return positions[Name(string: key)] }
    return members.firstIndex { $0.key.hasSameBytes(as: key) }
  }

  private mutating func append(_ key: String, _ value: JSONValue) {
    members.append(Member(key: key, value: value))
    if positions != nil {
      positions?[Name(string: key)] = members.count - 1
    } else if members.count > JSONObject.linearMax {
      index()
    }
  }

  private mutating func index() {
    guard members.count > JSONObject.linearMax else {
      positions = nil
      return
    }
    var positions: [Name: Int] = [:]
    positions.reserveCapacity(members.count)
    for (position, member) in members.enumerated() { positions[Name(string: member.key)] = position }
    self.positions = positions
  }

  /// A key compared by its bytes: to `String` alone, canonically equivalent keys are one.
  private struct Name: Hashable {
    let string: String
    static func == (a: Name, b: Name) -> Bool { a.string.hasSameBytes(as: b.string) }
    func hash(into hasher: inout Hasher) { string.hashBytes(into: &hasher) }
  }
}

extension JSONObject: Sequence {
  package struct Iterator: IteratorProtocol {
    fileprivate var members: IndexingIterator<[Member]>

    package mutating func next() -> Element? { members.next().map { (key: $0.key, value: $0.value) } }
  }

  package func makeIterator() -> Iterator { Iterator(members: members.makeIterator()) }
  package var underestimatedCount: Int { members.count }
}

extension JSONObject: Hashable {
  package static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.count == b.count && a.members.allSatisfy { member in b[member.key].map { $0 == member.value } ?? false }
  }

  package func hash(into hasher: inout Hasher) {
    // Added up, so that the order does not count.
    var sum = 0
    for member in members {
      var hash = hasher
      member.key.hashBytes(into: &hash)
      hash.combine(member.value)
      sum &+= hash.finalize()
    }
    hasher.combine(count)
    hasher.combine(sum)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// The last of several members of one name counts, at the place of the first.
  package init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}
