import NIOHTTP1

/// Header fields in the order in which they stand in the message. Names compare without regard to case;
/// a name may occur more than once.
package struct HTTPHeaders: Sendable, Sequence, ExpressibleByDictionaryLiteral {
  var nio: NIOHTTP1.HTTPHeaders

  package init() {
    nio = NIOHTTP1.HTTPHeaders()
  }

  package init(_ fields: [(String, String)]) {
    nio = NIOHTTP1.HTTPHeaders(fields)
  }

  package init(dictionaryLiteral fields: (String, String)...) {
    nio = NIOHTTP1.HTTPHeaders(fields)
  }

  init(_ nio: NIOHTTP1.HTTPHeaders) {
    self.nio = nio
  }

  package var isEmpty: Bool { nio.isEmpty }

  package var count: Int { nio.count }

  /// The first value of `name`, or nil. Setting replaces every field of that name; nil removes them.
  package subscript(_ name: String) -> String? {
    get { nio.first(name: name) }
    set {
      guard let newValue else { return nio.remove(name: name) }
      nio.replaceOrAdd(name: name, value: newValue)
    }
  }

  /// Every value of `name`, in order, as it was sent (not split at commas).
  package func all(_ name: String) -> [String] {
    nio[name]
  }

  package func contains(_ name: String) -> Bool {
    nio.contains(name: name)
  }

  /// Appends a field and leaves others of its name alone.
  package mutating func add(_ name: String, _ value: String) {
    nio.add(name: name, value: value)
  }

  /// Replaces every field of that name with this one.
  package mutating func set(_ name: String, _ value: String) {
    nio.replaceOrAdd(name: name, value: value)
  }

  package mutating func remove(_ name: String) {
    nio.remove(name: name)
  }

  package func makeIterator() -> Iterator {
    Iterator(nio: nio.makeIterator())
  }

  package struct Iterator: IteratorProtocol {
    fileprivate var nio: NIOHTTP1.HTTPHeaders.Iterator

    package mutating func next() -> (name: String, value: String)? {
      nio.next()
    }
  }
}
