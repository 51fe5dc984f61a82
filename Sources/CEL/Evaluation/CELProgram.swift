/// Steps with the layout that they are made for.
struct CELProgram: Sendable {
  let step: CELStep
  let layout: CELLayout

  init(_ root: CELNode, in environment: CELEnvironment) {
    (step, layout) = CELCompiler.compile(root, in: environment)
  }

  /// Runs `body` on the steps in a frame for this activation.
  @inline(__always)
  func run<Result>(
    _ activation: some CELActivation, budget: Int, _ body: (CELStep, inout CELFrame) -> Result
  ) -> Result {
    let layout = layout
    return withUnsafeTemporaryAllocation(of: CELBinding.self, capacity: layout.variables.count) { variables in
      withUnsafeTemporaryAllocation(of: CELFieldSlot.self, capacity: layout.fields.count) { fields in
        for (place, variable) in layout.variables.enumerated() {
          variables.initializeElement(at: place, to: Self.binding(variable.name, activation))
        }
        fields.initialize(repeating: .unread)
        defer { variables.deinitialize() }
        // A buffer of no elements may lack an address; then nothing of it is ever asked for.
        guard let variables = variables.baseAddress, let fields = fields.baseAddress else { preconditionFailure("a temporary buffer has an address") }
        var frame = CELFrame(
          layout: layout, variables: variables, fields: fields,
          locals: layout.localsMax == 0 ? [] : Array(repeating: .null, count: layout.localsMax), budget: budget)
        return body(step, &frame)
      }
    }
  }

  private static func binding(_ name: String, _ activation: some CELActivation) -> CELBinding {
    if let document = activation.document(of: name) { return CELBinding(document) }
    if let value = activation.value(of: name) { return CELBinding(value) }
    return CELBinding(missing: ())
  }
}
