import JSON

/// One page of what a text finds in a collection.
package struct DocumentSearch: Sendable {
  package let text: TextQuery
  /// Rule, filter, length and cursor of the page. Without a sort the best come first, equals by their ids.
  package let page: DocumentQuery
  package let extras: PageExtras

  package init(_ text: TextQuery, page: DocumentQuery, extras: PageExtras = PageExtras(counts: false, expansion: nil)) {
    self.text = text
    self.page = page
    self.extras = extras
  }

  /// The order of a page without a sort, as its cursor carries it: no field is called so.
  package static let rankOrder = [SortKey(path: ["$score"], isDescending: true)]

  /// The order that cursors of this search carry.
  package static func order(_ sort: [SortKey]) -> [SortKey] { sort.isEmpty ? rankOrder : sort }
}

package struct SearchPage: Sendable {
  package let items: [SearchHit]
  package let next: PageCursor?
  /// How many documents are found on all pages together, where that was asked for.
  package let total: DocumentTotal?
  /// For each item the documents that it refers to, where that was asked for.
  package let expanded: [ExpandedReferences]?

  package init(items: [SearchHit], next: PageCursor?, total: DocumentTotal? = nil, expanded: [ExpandedReferences]? = nil) {
    self.items = items
    self.next = next
    self.total = total
    self.expanded = expanded
  }
}

/// A document that was found, as the caller may see it.
package struct SearchHit: Sendable {
  package let document: DocumentRecord
  /// How well it fits: more is better. Compares documents of one answer and nothing else.
  package let score: Double
  /// Of each field in which something was found the best place.
  package let snippets: [(field: String, snippet: TextSnippet)]

  package init(document: DocumentRecord, score: Double, snippets: [(field: String, snippet: TextSnippet)]) {
    self.document = document
    self.score = score
    self.snippets = snippets
  }

  /// What answers add to the document.
  package var value: JSONValue {
    ["score": .double(score), "snippets": .object(JSONObject(snippets.map { ($0.field, .string($0.snippet.html)) }))]
  }
}

/// A piece of a text with what was found in it.
package struct TextSnippet: Sendable, Equatable {
  package struct Part: Sendable, Equatable {
    package let text: String
    package let isMatch: Bool

    package init(_ text: String, isMatch: Bool) {
      self.text = text
      self.isMatch = isMatch
    }
  }

  package let parts: [Part]
  /// Whether text was left out before or behind.
  package let isCutBefore: Bool
  package let isCutBehind: Bool

  package init(parts: [Part], isCutBefore: Bool, isCutBehind: Bool) {
    self.parts = parts
    self.isCutBefore = isCutBefore
    self.isCutBehind = isCutBehind
  }

  /// As HTML that is safe to show: all of the document's text is escaped, and the only tag in it is `<mark>`.
  package var html: String {
    var html = isCutBefore ? "…" : ""
    for part in parts {
      if part.isMatch { html += "<mark>" }
      for scalar in part.text.unicodeScalars {
        switch scalar {
        case "&": html += "&amp;"
        case "<": html += "&lt;"
        case ">": html += "&gt;"
        case "\"": html += "&quot;"
        case "'": html += "&#39;"
        default: html.unicodeScalars.append(scalar)
        }
      }
      if part.isMatch { html += "</mark>" }
    }
    return isCutBehind ? html + "…" : html
  }
}
