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
  let evaluate: (CELNode) -> Constant

  func condition(_ node: CELNode, _ question: Question) -> FilterCondition {
    if let constant = constant(node) {
      guard case .value(.bool(let value)) = constant else { return .never }
      return value == (question == .isTrue) ? .always : .never
    }
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
    if case .identifier("document") = operand.kind { return DocumentField([name]).map { fields.condition(isPresent: $0, question) } ?? .unknown }
    guard let parent = field(operand), let field = parent.appending(name) else { return .unknown }
    return fields.condition(isPresent: field, question)
  }

  // MARK: Nodes

  /// The field that a node names, if it does nothing else.
  private func field(_ node: CELNode) -> DocumentField? {
    var path: [String] = []
    var node = node
    while true {
      switch node.kind {
      case .identifier("document"): return DocumentField(path.reversed())
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

  private static func usesDocument(_ node: CELNode) -> Bool {
    // With a dot in front where a macro's variable has the same name.
    if case .identifier(let name) = node.kind, name == "document" || name == ".document" { return true }
    return node.children.contains(where: usesDocument)
  }
}

/// A field of a document that SQL can read: names of letters, digits and `_`, because SQLite compares a path's names with the text of
/// the keys.
struct DocumentField: Sendable {
  enum Column: String, Sendable {
    case id, version, created, updated
  }

  let path: [String]

  init?(_ path: [String]) {
    guard !path.isEmpty, path.allSatisfy(Self.isPlain) else { return nil }
    // Ours hold no fields of their own: whatever is below fails.
    if path.count > 1, DocumentTable.systemColumn(path[0]) != nil { return nil }
    self.path = path
  }

  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy { byte in
        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
          || byte == UInt8(ascii: "_")
      }
  }

  func appending(_ name: String) -> DocumentField? { DocumentField(path + [name]) }

  /// One of our own four.
  var column: Column? { path.count == 1 ? DocumentTable.systemColumn(path[0]).flatMap(Column.init) : nil }
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
