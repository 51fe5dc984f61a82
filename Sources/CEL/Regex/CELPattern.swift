/// A regular expression in RE2's syntax, for whoever is not an expression: the rooms next door.
package struct CELPattern: Sendable {
  private let regex: CELRegex

  /// Throws `CELPatternError` with what is wrong with the pattern.
  package init(_ pattern: String) throws {
    do throws(CELRegexFault) { regex = try CELRegex(pattern) } catch { throw CELPatternError(description: error.message) }
  }

  /// Whether the pattern is found anywhere in the text; nil when that would cost more than the budget, which is counted as in an
  /// expression: about one for each character and for each four places of the pattern that are tried there.
  package func isFound(in text: String, budget: Int) -> Bool? {
    withUnsafeTemporaryAllocation(of: CELBindingKind.self, capacity: 1) { kinds in
      withUnsafeTemporaryAllocation(of: CELValue.self, capacity: 1) { values in
        withUnsafeTemporaryAllocation(of: CELDocument.self, capacity: 1) { documents in
          withUnsafeTemporaryAllocation(of: UnsafeBufferPointer<UInt8>.self, capacity: 1) { texts in
            withUnsafeTemporaryAllocation(of: CELFieldSlot.self, capacity: 1) { fields in
              guard let kinds = kinds.baseAddress, let values = values.baseAddress, let documents = documents.baseAddress,
                let texts = texts.baseAddress, let fields = fields.baseAddress
              else { preconditionFailure("a temporary buffer that has room for an element has an address") }
              // Nothing is bound, so none of these is read.
              var frame = CELFrame(
                layout: .empty, kinds: kinds, values: values, documents: documents, texts: texts, fields: fields, locals: [], budget: budget, lookups: nil)
              return try? regex.isFound(in: text, &frame)
            }
          }
        }
      }
    }
  }
}

package struct CELPatternError: Error, Sendable, CustomStringConvertible {
  package let description: String
}
