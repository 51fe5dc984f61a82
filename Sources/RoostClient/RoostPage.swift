import JSON

/// Part of a list: `{"items": […], "nextCursor": …}`.
package struct RoostPage: Sendable {
  package let items: [JSONValue]
  /// Where the next page begins; nil after the last.
  package let nextCursor: String?

  package init(items: [JSONValue], nextCursor: String?) {
    self.items = items
    self.nextCursor = nextCursor
  }

  init(_ value: JSONValue) throws {
    guard let items = value["items"]?.arrayValue else {
      throw RoostClientError(code: .answerInvalid, detail: "The answer is not a list: the server is another version, or not Roost.")
    }
    self.items = items
    nextCursor = value["nextCursor"]?.stringValue
  }
}

/// What part of a list is wanted.
package struct ListOptions: Sendable {
  /// A CEL expression.
  package var filter: String?
  /// `-createdAt,name`
  package var sort: String?
  package var limit: Int?
  package var cursor: String?
  package var fields: String?

  package init(filter: String? = nil, sort: String? = nil, limit: Int? = nil, cursor: String? = nil, fields: String? = nil) {
    self.filter = filter
    self.sort = sort
    self.limit = limit
    self.cursor = cursor
    self.fields = fields
  }

  var query: [(String, String?)] {
    [("filter", filter), ("sort", sort), ("limit", limit.map(String.init)), ("cursor", cursor), ("fields", fields)]
  }
}
