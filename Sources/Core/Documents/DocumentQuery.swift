import CEL

/// One page of a collection: what to match, in which order, from where.
package struct DocumentQuery: Sendable {
  /// The read rule; nil for those who pass rules.
  package let rule: CELExpression?
  /// What the caller asks for. It sees of each document what they see.
  package let filter: CELExpression?
  /// Fields that the caller does not see everywhere.
  package let fieldRules: FieldRules
  /// The values of `auth`, `request` and `params`.
  package let variables: RuleVariables
  package let sort: [SortKey]
  package let limit: Int
  package let cursor: PageCursor?

  package init(
    rule: CELExpression? = nil, filter: CELExpression?, fieldRules: FieldRules = .none, variables: RuleVariables, sort: [SortKey], limit: Int,
    cursor: PageCursor?
  ) {
    self.rule = rule
    self.filter = filter
    self.fieldRules = fieldRules
    self.variables = variables
    self.sort = sort
    self.limit = limit
    self.cursor = cursor
  }

  /// Whether its rules read other documents.
  package var looksUp: Bool {
    rule.map { !$0.lookedUp.isEmpty } ?? false || fieldRules.readsLookUp
  }
}

extension DocumentAccess {
  /// The query of this caller. Throws `unauthenticated` or `forbidden` where there is no read rule at all: with one, the list is filtered,
  /// not refused.
  package func query(filter: CELExpression?, params: RuleVariables, sort: [SortKey], limit: Int, cursor: PageCursor?) throws -> DocumentQuery {
    if caller.passesRules { return DocumentQuery(filter: filter, variables: params, sort: sort, limit: limit, cursor: cursor) }
    guard let rule = collection.rules.read.expression else { throw RoostError.denied("list '\(collection.name)'", caller: caller) }
    try requireSortable(sort)
    let fieldRules = collection.fieldRules.guarded.isEmpty ? FieldRules.none : collection.fieldRules
    return DocumentQuery(rule: rule, filter: filter, fieldRules: fieldRules, variables: params, sort: sort, limit: limit, cursor: cursor)
  }
}

package struct DocumentPage: Sendable {
  package let items: [DocumentRecord]
  package let next: PageCursor?
  /// What was asked for besides; see ``PageExtras``.
  package var total: DocumentTotal?
  package var expanded: [ExpandedReferences]?

  package init(items: [DocumentRecord], next: PageCursor?) {
    self.items = items
    self.next = next
  }
}

/// One key of an order: a field's path, ascending or descending. `-createdAt` is newest first.
package struct SortKey: Sendable, Hashable {
  package let path: [String]
  package let isDescending: Bool

  package init(path: [String], isDescending: Bool) {
    self.path = path
    self.isDescending = isDescending
  }

  /// Reads `-createdAt,name`. Throws `bad_request`.
  package static func parse(_ text: String) throws -> [SortKey] {
    let keys = try text.split(separator: ",", omittingEmptySubsequences: false).map { try SortKey(parsing: String($0)) }
    guard keys.count <= Limits.sortKeysMax else {
      throw RoostError(.badRequest, "`sort` names \(keys.count) fields; the most is \(Limits.sortKeysMax).")
    }
    guard Set(keys.map(\.path)).count == keys.count else { throw RoostError(.badRequest, "`sort` names a field twice.") }
    return keys
  }

  package init(parsing text: String) throws {
    let isDescending = text.hasPrefix("-")
    let path = (isDescending ? text.dropFirst() : text[...]).split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard path.allSatisfy(Self.isFieldName), path.count <= 8 else {
      throw RoostError(
        .badRequest, "'\(text.prefix(80))' is not a field to sort by: expected a name like `createdAt`, `-createdAt` or `address.city`.")
    }
    self.init(path: path, isDescending: isDescending)
  }

  private static func isFieldName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(first >= UInt8(ascii: "0") && first <= UInt8(ascii: "9")) else { return false }
    return name.utf8.count <= 128
      && name.utf8.allSatisfy { byte in
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
          || byte == UInt8(ascii: "_")
      }
  }

  package var text: String { (isDescending ? "-" : "") + path.joined(separator: ".") }
}
