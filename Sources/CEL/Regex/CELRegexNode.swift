/// A regular expression as a tree.
indirect enum CELRegexNode: Sendable {
  case empty
  case character(CELCharacterSet)
  case assertion(CELRegexAssertion)
  case sequence([CELRegexNode])
  case choice([CELRegexNode])
  case repetition(CELRegexNode, min: Int, max: Int?)
}

/// What must be so between two characters.
enum CELRegexAssertion: Sendable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// Why a pattern is refused.
struct CELRegexFault: Error {
  let message: String
}
