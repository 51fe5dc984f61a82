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
    var budget = budget
    return try? regex.isFound(in: text, budget: &budget)
  }
}

package struct CELPatternError: Error, Sendable, CustomStringConvertible {
  package let description: String
}
