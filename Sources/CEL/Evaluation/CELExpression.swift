/// An expression that was parsed, checked and made ready to run, once.
package struct CELExpression: Sendable {
  package let source: String
  /// The tree after checking; see ``CELNode``.
  package let root: CELNode
  /// The environment's variables that the expression uses, after what is constant was worked out.
  package let variables: Set<String>
  /// The value, if it is the same for all variables: `.bool(true)` for `true`.
  package let constant: CELValue?
  /// The collections that its `lookup`s read.
  package let lookedUp: Set<String>

  /// What it was checked in.
  let environment: CELEnvironment
  private let program: CELProgram
  private let costMax: Int

  /// Throws what is wrong with the source: a syntax error, an unknown name, types that do not fit, or a limit that was passed.
  /// - Parameter expected: what the expression must be, such as `.bool` for a rule; nil if anything will do.
  package init(_ source: String, in environment: CELEnvironment, expecting expected: CELType? = .bool) throws(CELError) {
    let tree = try CELParser.parse(source, limits: environment.limits)
    let root = try CELChecker.check(tree, of: source, in: environment, expecting: expected)
    self.source = source
    self.environment = environment
    self.root = root
    constant = root.literal
    lookedUp = root.lookedUp
    program = CELProgram(root, in: environment)
    variables = Set(program.layout.variables.map(\.name))
    costMax = environment.limits.costMax
  }

  /// The value for these variables.
  package func evaluate(_ activation: some CELActivation) throws(CELEvaluationError) -> CELValue {
    if let constant { return constant }
    var budget = costMax
    return try program.evaluate(activation, budget: &budget, root: root)
  }

  /// Whether the value is `true`; an error is not.
  package func allows(_ activation: some CELActivation) -> Bool {
    if let constant { return constant == .bool(true) }
    var allowed = false
    program.run(activation, budget: costMax) { step, frame in
      do throws(CELFault) { allowed = try step.test(&frame) } catch { allowed = false }
    }
    return allowed
  }
}
