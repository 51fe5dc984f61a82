/// What an import does with a document whose id is there already. One without an id is always created.
package enum ImportMode: String, Sendable, CaseIterable {
  /// It is an error of that line.
  case create
  /// The document is replaced.
  case put
  /// The document stays as it is.
  case skip
  /// The line is a merge patch (RFC 7396) of the document.
  case merge
}

/// What became of one document of an import.
package enum ImportOutcome: Sendable {
  case created, replaced
  /// It was there: left alone, or equal to the line.
  case unchanged
  case failed(RoostError)

  package init(_ outcome: DocumentOutcome) {
    switch (outcome.before, outcome.after) {
    case (nil, _): self = .created
    case (let before?, let after?) where before.version != after.version: self = .replaced
    default: self = .unchanged
    }
  }
}

extension RoostError {
  /// Whether the error is about the document that was to be written, so that others may still be written after it.
  package var isOfOneDocument: Bool {
    switch code {
    case .overloaded, .tooManyRequests, .unavailable, .storageFull, .internal, .collectionNotFound: false
    default: true
    }
  }
}
