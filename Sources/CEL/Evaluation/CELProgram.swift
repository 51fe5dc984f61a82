/// Steps with the layout that they are made for.
struct CELProgram: Sendable {
  let step: CELStep
  let layout: CELLayout

  init(_ root: CELNode, in environment: CELEnvironment) {
    (step, layout) = CELCompiler.compile(root, in: environment)
  }

  /// The value, or the fault in words; `root` is the tree that this was made of.
  func evaluate(_ activation: some CELActivation, budget: inout Int, root: CELNode) throws(CELEvaluationError) -> CELValue {
    var result = Result<CELValue, CELEvaluationError>.success(.null)
    var left = 0
    run(activation, budget: budget) { step, frame in
      do throws(CELFault) {
        result = .success(try step.evaluate(&frame))
      } catch {
        result = .failure(CELEvaluationError(error, detail: frame.detail, in: root))
      }
      left = frame.budget
    }
    budget = left
    return try result.get()
  }

  /// Runs `body` on the steps in a frame for this activation.
  @inline(__always)
  func run(_ activation: some CELActivation, budget: Int, _ body: (CELStep, inout CELFrame) -> Void) {
    // The work is done in functions that are not generic: those would be run unspecialised in the rooms that call this.
    run(
      document: { activation.document(of: $0) }, value: { activation.value(of: $0) }, lookups: layout.hasLookup ? activation.lookups : nil,
      budget: budget, body)
  }

  /// Everything that the frame points to lies on the stack, and lives as long as the call.
  private func run(
    document: (String) -> CELDocument?, value: (String) -> CELValue?, lookups: (any CELLookups)?, budget: Int,
    _ body: (CELStep, inout CELFrame) -> Void
  ) {
    let count = layout.variables.count
    withUnsafeTemporaryAllocation(of: CELBindingKind.self, capacity: count + 1) { kinds in
      withUnsafeTemporaryAllocation(of: CELValue.self, capacity: count + 1) { values in
        withUnsafeTemporaryAllocation(of: CELDocument.self, capacity: count + 1) { documents in
          withUnsafeTemporaryAllocation(of: UnsafeBufferPointer<UInt8>.self, capacity: count + 1) { texts in
            withUnsafeTemporaryAllocation(of: CELFieldSlot.self, capacity: layout.fields.count + 1) { fields in
              guard let kinds = kinds.baseAddress, let values = values.baseAddress, let documents = documents.baseAddress,
                let texts = texts.baseAddress, let fields = fields.baseAddress
              else { preconditionFailure("a temporary buffer that has room for an element has an address") }
              fields.initialize(repeating: .unread, count: layout.fields.count)
              var frame = CELFrame(
                layout: layout, kinds: kinds, values: values, documents: documents, texts: texts, fields: fields,
                locals: layout.localsMax == 0 ? [] : Array(repeating: .null, count: layout.localsMax), budget: budget, lookups: lookups)
              bind(0, document, value, &frame, body)
            }
          }
        }
      }
    }
  }

  /// Binds the variable at a place and all behind it, then runs `body`.
  private func bind(
    _ place: Int, _ document: (String) -> CELDocument?, _ value: (String) -> CELValue?, _ frame: inout CELFrame,
    _ body: (CELStep, inout CELFrame) -> Void
  ) {
    guard place < layout.variables.count else { return body(step, &frame) }
    let name = layout.variables[place].name
    // Moved, not copied, into their places: each copy would count references up and down.
    if let found = document(name) {
      (frame.kinds + place).initialize(to: .document)
      (frame.documents + place).initialize(to: consume found)
      defer { (frame.documents + place).deinitialize(count: 1) }
      frame.documents[place].body.withUnsafeBufferPointer { text in
        (frame.texts + place).initialize(to: text)
        bind(place + 1, document, value, &frame, body)
      }
    } else if let bound = value(name) {
      (frame.kinds + place).initialize(to: .value)
      (frame.values + place).initialize(to: consume bound)
      defer { (frame.values + place).deinitialize(count: 1) }
      bind(place + 1, document, value, &frame, body)
    } else {
      (frame.kinds + place).initialize(to: .missing)
      bind(place + 1, document, value, &frame, body)
    }
  }
}
