import JSON

/// Where a page ended: the sort keys' values and the id of its last document. Because it names a place in the order and not
/// a count, inserts and deletes in between make no page skip or repeat a document.
package struct PageCursor: Sendable, Equatable {
  package let values: [JSONValue]
  package let id: String

  package init(values: [JSONValue], id: String) {
    self.values = values
    self.id = id
  }

  /// Opaque to callers. It carries the order it belongs to, since in another order it would point nowhere.
  package func text(sort: [SortKey]) -> String {
    let value: JSONValue = ["s": .string(Self.order(sort)), "v": .array(values), "i": .string(id)]
    return Base64URL.encode(value.bytes())
  }

  package init(parsing text: String, sort: [SortKey]) throws {
    guard let bytes = Base64URL.decode(text), let value = try? JSONValue(parsing: bytes),
      let order = value["s"]?.stringValue, let values = value["v"]?.arrayValue, let id = value["i"]?.stringValue
    else { throw RoostError(.badRequest, "`cursor` is not one that this server gave out.") }
    guard order == Self.order(sort), values.count == sort.count else {
      throw RoostError(.badRequest, "`cursor` belongs to the order '\(order.prefix(80))': send the same `sort` with it.")
    }
    self.init(values: values, id: id)
  }

  private static func order(_ sort: [SortKey]) -> String { sort.map(\.text).joined(separator: ",") }
}
