/// What became of a part: its value, or its error.
struct CELOutcome {
  let value: CELValue?
  let error: CELEvaluationError?

  init(_ evaluate: () throws(CELEvaluationError) -> CELValue) {
    do throws(CELEvaluationError) { (value, error) = (try evaluate(), nil) } catch { (value, self.error) = (nil, error) }
  }
}

/// The way down from a whole expression to the part that decided it.
struct CELDecision<Activation: CELActivation> {
  let environment: CELEnvironment
  let activation: Activation
  /// The names that `cel.bind` gave on the way, with what they stand for.
  private var bound: [(name: String, value: CELValue)] = []

  init(environment: CELEnvironment, activation: Activation) {
    self.environment = environment
    self.activation = activation
  }

  /// Ends, and costs no more than some evaluations: each part looked at lies within the last one, and comes before or with the one
  /// that the evaluation of the whole needed too.
  mutating func descend(from root: CELNode, _ outcome: CELOutcome) -> (node: CELNode, outcome: CELOutcome) {
    var (node, outcome) = (root, outcome)
    while let next = step(from: node, outcome) { (node, outcome) = next }
    return (node, outcome)
  }

  /// The part of `node` that decided it; nil if it was the whole of it.
  private mutating func step(from node: CELNode, _ outcome: CELOutcome) -> (node: CELNode, outcome: CELOutcome)? {
    switch node.kind {
    case .binary(.and, _, _): return first(of: node.operands(of: .and), deciding: .bool(false), outcome)
    case .binary(.or, _, _): return first(of: node.operands(of: .or), deciding: .bool(true), outcome)
    case .unary(.not, let operand): return (operand, self.outcome(operand))
    case .conditional(let condition, let then, let otherwise):
      let decided = self.outcome(condition)
      guard case .bool(let holds)? = decided.value else { return (condition, decided) }
      let branch = holds ? then : otherwise
      // Of `draft ? false : true` the condition tells more than the answer.
      return branch.literal == nil ? (branch, outcome) : (condition, decided)
    // What a macro became has names that nobody wrote.
    case .bind(let name, let value, let body) where !name.hasPrefix("@"):
      let held = self.outcome(value)
      guard let known = held.value else { return (value, held) }
      bound.append((name, known))
      return (body, outcome)
    default: return nil
    }
  }

  /// Of `a && b && c` or `a || b || c` the operand that made it what it is: the first with the deciding value, or for an error the
  /// first that failed.
  private func first(of operands: [CELNode], deciding: CELValue, _ whole: CELOutcome) -> (node: CELNode, outcome: CELOutcome)? {
    if whole.error == nil, whole.value != deciding { return nil }
    for operand in operands {
      let outcome = self.outcome(operand)
      if whole.error == nil ? outcome.value == deciding : outcome.error != nil { return (operand, outcome) }
      // A side that is no bool is the error of the whole, though it has a value itself.
      if whole.error != nil, outcome.value != .bool(true), outcome.value != .bool(false) { return (operand, outcome) }
    }
    return nil
  }

  private func outcome(_ node: CELNode) -> CELOutcome {
    let whole = bound.reversed().reduce(node) { body, binding in
      CELNode(.bind(name: binding.name, value: CELNode(.literal(binding.value), at: body.position), body: body), at: body.position)
    }
    return CELOutcome { () throws(CELEvaluationError) in try whole.value(in: environment, activation) }
  }

  /// The variables and fields that a part names, as they are written.
  func names(in node: CELNode, text: (CELNode) -> String) -> [(name: String, value: CELValue?)] {
    var found: [(name: String, value: CELValue?)] = []
    collect(node, text, into: &found)
    return found
  }

  private func collect(_ node: CELNode, _ text: (CELNode) -> String, into found: inout [(name: String, value: CELValue?)]) {
    guard found.count < CELExplanation.namesMax else { return }
    if let name = node.writtenName(text) {
      if !found.contains(where: { $0.name == name }) { found.append((name, outcome(node.asField).value)) }
      if let id = node.lookedUpID { collect(id, text, into: &found) }
      return
    }
    switch node.kind {
    case .comprehension(let loop): collect(loop.range, text, into: &found)
    case .bind(_, let value, _): collect(value, text, into: &found)
    default: for child in node.children { collect(child, text, into: &found) }
    }
  }
}

extension CELNode {
  /// `a`, `b` and `c` of `a && b && c`, in the order in which they are written.
  fileprivate func operands(of sign: CELBinaryOperator) -> [CELNode] {
    guard case .binary(sign, let left, let right) = kind else { return [self] }
    return left.operands(of: sign) + right.operands(of: sign)
  }

  /// `auth.id`, `tags[0]`, `lookup("teams", team).owner` or a bare `author` for a part that only names something; nil for any other.
  fileprivate func writtenName(_ text: (CELNode) -> String) -> String? {
    switch kind {
    case .identifier(let name): return name.hasPrefix("@") ? nil : span.isEmpty ? "" : name
    case .select(let operand, let field, _):
      guard let holder = operand.writtenName(text) else { return nil }
      return holder.isEmpty ? field : "\(holder).\(field)"
    case .index(let operand, let index):
      guard index.literal != nil, let holder = operand.writtenName(text) else { return nil }
      return "\(holder)[\(text(index))]"
    case .call: return lookup == nil ? nil : text(self)
    default: return nil
    }
  }

  /// Of a field of a document that was looked up, what gives the document's id.
  fileprivate var lookedUpID: CELNode? {
    switch kind {
    case .select(let operand, _, _), .index(let operand, _): operand.lookedUpID
    case .call: lookup?.id
    default: nil
    }
  }

  /// The field itself where `has()` only asks for it.
  fileprivate var asField: CELNode {
    guard case .select(let operand, let field, testOnly: true) = kind else { return self }
    return CELNode(.select(operand: operand, field: field, testOnly: false), at: position)
  }
}
