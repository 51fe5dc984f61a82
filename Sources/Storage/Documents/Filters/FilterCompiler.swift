import CEL

/// Turns an expression's tree into a condition for SQL.
///
/// An expression is true, false or has no value (an error, such as for a missing field). For each node two questions are asked: for
/// which rows is it true, and for which is it false? Each is answered by a condition that holds for all those rows and perhaps for
/// more. So `!` swaps the questions, `a && b` is true where both are true and false where either is, and what SQL cannot say stays
/// `unknown` without spoiling the rest.
struct FilterCompiler {
  enum Question {
    case isTrue, isFalse

    var opposite: Question { self == .isTrue ? .isFalse : .isTrue }
  }

  /// What a node is that does not look at the document.
  enum Constant {
    case value(CELValue)
    /// It has no value.
    case failure
  }

  let fields: FieldReader
  /// Fields that are not there in every document for the one who asks: SQL does not know in which.
  var guarded: Set<String> = []
  /// How documents of other collections are found; nil where the expression cannot look any up.
  var lookups: LookupTables?
  /// The call of `lookup` whose document is asked about, if it is not the row's own.
  var subject: CELNode?
  let evaluate: (CELNode) -> Constant?
  /// Shared by all that is asked for one list.
  let budget: FilterBudget

  func condition(_ node: CELNode, _ question: Question) -> FilterCondition {
    guard budget.takeQuestion() else { return .unknown }
    let answer = answer(node, question)
    // The parts of what only joins others have paid for themselves.
    return node.isLogic || budget.take(answer) ? answer : .unknown
  }

  private func answer(_ node: CELNode, _ question: Question) -> FilterCondition {
    if let constant = constant(node) {
      guard case .value(.bool(let value)) = constant else { return .never }
      return value == (question == .isTrue) ? .always : .never
    }
    if subject == nil, !node.isLogic, let call = lookup(in: node) { return lookedUp(call, node, question) }
    switch node.kind {
    case .unary(.not, let operand): return condition(operand, question.opposite)
    case .binary(.and, let left, let right): return combined([left, right], question, allMustHold: question == .isTrue)
    case .binary(.or, let left, let right): return combined([left, right], question, allMustHold: question == .isFalse)
    case .binary(let sign, let left, let right): return comparison(left, sign, right, question)
    case .conditional(let test, let then, let otherwise):
      return .disjunction([
        .conjunction([condition(test, .isTrue), condition(then, question)]),
        .conjunction([condition(test, .isFalse), condition(otherwise, question)]),
      ])
    case .select(let operand, let field, testOnly: true): return presence(of: field, in: operand, question)
    case .call("startsWith", let target?, let arguments) where arguments.count == 1:
      guard let field = field(target), case .value(.string(let prefix))? = constant(arguments[0]) else { return .unknown }
      return fields.condition(field, startsWith: prefix, question)
    case .select, .index:
      // A field that is itself true or false.
      return field(node).map { fields.condition($0, equals: .bool(question == .isTrue)) } ?? .unknown
    default: return .unknown
    }
  }

  private func combined(_ nodes: [CELNode], _ question: Question, allMustHold: Bool) -> FilterCondition {
    let parts = nodes.map { condition($0, question) }
    return allMustHold ? .conjunction(parts) : .disjunction(parts)
  }

  // MARK: Comparisons

  private func comparison(_ left: CELNode, _ sign: CELBinaryOperator, _ right: CELNode, _ question: Question) -> FilterCondition {
    if sign == .in { return membership(left, right, question) }
    let field: DocumentField
    let value: CELValue
    let sign_: CELBinaryOperator
    if let found = self.field(left), let constant = constant(right) {
      guard case .value(let known) = constant else { return .never }
      (field, value, sign_) = (found, known, sign)
    } else if let found = self.field(right), let constant = constant(left) {
      guard case .value(let known) = constant else { return .never }
      (field, value, sign_) = (found, known, sign.mirrored)
    } else {
      return .unknown
    }
    switch sign_ {
    case .equal: return question == .isTrue ? fields.condition(field, equals: value) : fields.condition(field, differsFrom: value)
    case .notEqual: return question == .isTrue ? fields.condition(field, differsFrom: value) : fields.condition(field, equals: value)
    case .less, .lessOrEqual, .greater, .greaterOrEqual:
      // A field that can be compared at all is either less or not: documents hold no NaN.
      return fields.condition(field, question == .isTrue ? sign_ : sign_.complement, value)
    default: return .unknown
    }
  }

  private func membership(_ element: CELNode, _ container: CELNode, _ question: Question) -> FilterCondition {
    if let field = field(element), let constant = constant(container) {
      guard case .value(.list(let values)) = constant else { return .unknown }
      return fields.condition(field, isIn: values, question)
    }
    if let field = field(container), let constant = constant(element) {
      guard case .value(let value) = constant else { return .never }
      return fields.condition(field, contains: value, question)
    }
    return .unknown
  }

  private func presence(of name: String, in operand: CELNode, _ question: Question) -> FilterCondition {
    guard let path = path(operand), let field = field(at: path + [name]) else { return .unknown }
    return fields.condition(isPresent: field, question)
  }

  // MARK: Other documents

  /// A leaf that asks about a document of another collection: true for the rows for which there is that document and the leaf holds of it.
  private func lookedUp(_ call: CELNode, _ node: CELNode, _ question: Question) -> FilterCondition {
    guard let lookups, let (collection, id) = call.lookup, let idField = field(id), let table = lookups.table(collection) else { return .unknown }
    let inner = FilterCompiler(fields: .undeclared, subject: call, evaluate: evaluate, budget: budget)
    switch inner.condition(node, question) {
    case .never: return .never
    // Nothing is known of the leaf, which may hold where there is no such document.
    case .unknown: return .unknown
    case let condition: return lookups.exists(table, id: idField, condition.sql)
    }
  }

  /// The first call of `lookup` that depends on the row's document.
  private func lookup(in node: CELNode) -> CELNode? {
    if node.lookup != nil { return Self.usesDocument(node) ? node : nil }
    return node.children.lazy.compactMap { lookup(in: $0) }.first
  }

  // MARK: Nodes

  /// The field that a node names, if it does nothing else.
  private func field(_ node: CELNode) -> DocumentField? { path(node).flatMap(field) }

  private func field(at path: [String]) -> DocumentField? {
    guard let first = path.first, !guarded.contains(first) else { return nil }
    return DocumentField(path)
  }

  /// The names that lead from the document to what a node gives.
  private func path(_ node: CELNode) -> [String]? {
    var path: [String] = []
    var node = node
    while true {
      if let subject, node === subject { return path.reversed() }
      switch node.kind {
      case .identifier("document") where subject == nil: return path.reversed()
      case .select(let operand, let name, testOnly: false):
        path.append(name)
        node = operand
      case .index(let operand, let index):
        guard case .string(let name)? = index.literal else { return nil }
        path.append(name)
        node = operand
      default: return nil
      }
    }
  }

  /// The value of a node that does not look at the document.
  private func constant(_ node: CELNode) -> Constant? {
    if let literal = node.literal { return .value(literal) }
    return Self.usesDocument(node) ? nil : evaluate(node)
  }

  static func usesDocument(_ node: CELNode) -> Bool {
    // With a dot in front where a macro's variable has the same name.
    if case .identifier(let name) = node.kind, name == "document" || name == ".document" { return true }
    return node.children.contains(where: usesDocument)
  }
}

extension CELNode {
  /// Whether it only joins other conditions, each of which is looked at by itself.
  fileprivate var isLogic: Bool {
    switch kind {
    case .unary(.not, _), .binary(.and, _, _), .binary(.or, _, _), .conditional: true
    default: false
    }
  }
}

extension CELBinaryOperator {
  /// `5 < x` is `x > 5`.
  fileprivate var mirrored: CELBinaryOperator {
    switch self {
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    default: self
    }
  }

  /// `!(x < 5)` is `x >= 5`.
  fileprivate var complement: CELBinaryOperator {
    switch self {
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    default: .less
    }
  }
}
