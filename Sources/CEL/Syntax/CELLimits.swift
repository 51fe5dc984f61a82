/// The bounds on an expression, each with its reason.
package struct CELLimits: Sendable, Hashable {
  /// Bytes of source. A rule is a few lines; the longest wanted are lists of some hundred names.
  package var sourceBytesMax = 10 * 1024
  /// Levels of brackets, conditionals and signs in the source, and of the tree that comes of it. The language definition
  /// asks for 12 of the first; both bound the stack that parsing, checking, running and freeing the tree need.
  package var nestingMax = 64
  package var depthMax = 160
  /// Parts of the tree.
  package var nodesMax = 6_000
  /// Steps of one evaluation: about one for each part of the tree that runs, for each 16 bytes of text or document that is read
  /// or made, and for each element of a list. 200,000 take some milliseconds.
  package var costMax = 200_000

  package init() {}

  package static let standard = CELLimits()
}
