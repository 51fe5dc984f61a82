/// What a page is to bring besides its documents, from the same snapshot.
package struct PageExtras: Sendable {
  /// How many documents match on all pages together.
  package let counts: Bool
  /// The documents that those of the page refer to.
  package let expansion: Expansion?

  package init(counts: Bool, expansion: Expansion?) {
    self.counts = counts
    self.expansion = expansion
  }

  package var isEmpty: Bool { !counts && expansion == nil }
}

/// How many documents match, as far as it could be found out.
package enum DocumentTotal: Sendable, Equatable {
  case exactly(Int)
  /// Counting would have taken too long; the page is whole all the same.
  case unknown
}
