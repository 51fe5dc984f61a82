/// A part of an expression's tree. After checking, names stand for what they mean (a bare name is a field of the document),
/// constant parts are literals, and `type` says what is known about the value.
package final class CELNode: Sendable {
  package indirect enum Kind: Sendable {
    /// Null, a number, a text, …; after checking also a constant list, map, timestamp or duration.
    case literal(CELValue)
    /// A variable: one of the environment's or of a macro around it.
    case identifier(String)
    /// `operand.field`. With `testOnly` it is `has(operand.field)`: whether the field is there.
    case select(operand: CELNode, field: String, testOnly: Bool)
    /// `operand.?field`: the field as an optional.
    case optionalSelect(operand: CELNode, field: String)
    /// `operand[index]`.
    case index(operand: CELNode, index: CELNode)
    /// `operand[?index]`: the element as an optional.
    case optionalIndex(operand: CELNode, index: CELNode)
    case unary(CELUnaryOperator, CELNode)
    case binary(CELBinaryOperator, CELNode, CELNode)
    /// `condition ? then : otherwise`.
    case conditional(condition: CELNode, then: CELNode, otherwise: CELNode)
    /// `function(arguments)` or `target.function(arguments)`. A name with dots, such as `math.greatest`, is one function.
    case call(function: String, target: CELNode?, arguments: [CELNode])
    case list([CELNode])
    case map([(key: CELNode, value: CELNode)])
    /// `?element`, only directly in a list or as the value in a map: left out if the optional is empty.
    case optionalEntry(CELNode)
    case comprehension(CELComprehension)
    /// `cel.bind(name, value, body)`.
    case bind(name: String, value: CELNode, body: CELNode)
  }

  package let kind: Kind
  /// Where in the source it stands: of an operator the operator's sign, of a call the function's name.
  package let position: CELPosition
  /// `dyn` until checked.
  package let type: CELType
  /// The bytes of the source that it was written as, without brackets around it; empty for what the parser or the checker added.
  package let span: Range<Int>
  /// Levels below and with this one.
  let depth: Int

  init(_ kind: Kind, at position: CELPosition, type: CELType = .dyn, span: Range<Int> = 0..<0) {
    self.kind = kind
    self.position = position
    self.type = type
    self.span = span
    depth = 1 + kind.children.reduce(0) { max($0, $1.depth) }
  }

  /// This node with its place in the source, unless it has one.
  func spanning(_ span: Range<Int>) -> CELNode {
    self.span.isEmpty ? CELNode(kind, at: position, type: type, span: span) : self
  }

  /// The literal's value, if it is one.
  package var literal: CELValue? {
    guard case .literal(let value) = kind else { return nil }
    return value
  }

  /// The parts directly below, in the order in which they are written.
  package var children: [CELNode] { kind.children }
}

/// `range.all(variable, body)` and its like.
package struct CELComprehension: Sendable {
  package enum Macro: String, Sendable {
    case all, exists, existsOne = "exists_one", map, filter, transformList, transformMap, transformMapEntry
  }

  package let macro: Macro
  package let range: CELNode
  /// The element's name, or with a second one the index's or key's.
  package let variable: String
  package let secondVariable: String?
  /// The condition of `map(x, condition, result)` and of the transforms.
  package let condition: CELNode?
  package let body: CELNode
}

package enum CELUnaryOperator: String, Sendable {
  case not = "!", negate = "-"
}

package enum CELBinaryOperator: String, Sendable {
  case and = "&&", or = "||"
  case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">="
  case `in`
  case add = "+", subtract = "-", multiply = "*", divide = "/", modulo = "%"
}

extension CELNode.Kind {
  var children: [CELNode] {
    switch self {
    case .literal, .identifier: []
    case .select(let operand, _, _), .optionalSelect(let operand, _), .unary(_, let operand), .optionalEntry(let operand): [operand]
    case .index(let operand, let index), .optionalIndex(let operand, let index): [operand, index]
    case .binary(_, let left, let right): [left, right]
    case .conditional(let condition, let then, let otherwise): [condition, then, otherwise]
    case .call(_, let target, let arguments): (target.map { [$0] } ?? []) + arguments
    case .list(let elements): elements
    case .map(let entries): entries.flatMap { [$0.key, $0.value] }
    case .comprehension(let loop): [loop.range] + (loop.condition.map { [$0] } ?? []) + [loop.body]
    case .bind(_, let value, let body): [value, body]
    }
  }
}
