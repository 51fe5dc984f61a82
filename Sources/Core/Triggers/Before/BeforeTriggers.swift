import Synchronization

/// The before triggers of a project: which collections have some, and the functions being asked. Fulfils what the writer needs of them: one look
/// at a flag where there are none.
package final class BeforeTriggers: Sendable {
  package typealias Completion = @Sendable ([Int: BeforeAnswer]) -> Void

  private struct Question: Sendable {
    let proposals: [Int: BeforeProposal]
    let hooks: [String: [BeforeHook]]
    let then: Completion
  }

  private struct State {
    var hooks: [String: [BeforeHook]] = [:]
    var readings = 0
    var reading = 0
    /// Proposals that wait for their answers.
    var waiting = 0
    var isRunning = false
    var turns = DocumentTurns()
    /// What goes on when a turn has come.
    var granted: [UInt64: @Sendable () -> Void] = [:]
  }

  private let project: String
  private let hasHooks = Atomic(false)
  private let state = Mutex(State())
  private let questions: AsyncStream<Question>
  private let asked: AsyncStream<Question>.Continuation

  package init(project: String) {
    self.project = project
    // Bounded by `beforeWaitingMax`.
    (questions, asked) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
  }

  // MARK: Which there are

  /// By collection; nil where there are none at all.
  package var hooks: [String: [BeforeHook]]? {
    guard hasHooks.load(ordering: .acquiring) else { return nil }
    return state.withLock { $0.hooks }
  }

  package func guards(_ collection: String) -> Bool { hooks?[collection] != nil }

  /// Takes up what is deployed. Every commit that begins after this has returned asks them.
  package func reload(_ functions: () async throws -> [FunctionDefinition]) async throws {
    let reading = state.withLock { state in
      state.readings += 1
      return state.readings
    }
    let hooks = BeforeHook.all(of: try await functions())
    state.withLock { state in
      // Another reading, which began later, may have seen more.
      guard reading > state.reading else { return }
      state.reading = reading
      state.hooks = hooks
      hasHooks.store(!hooks.isEmpty, ordering: .releasing)
    }
  }

  // MARK: Asking

  /// Runs what asks functions, until it is cancelled or `close` is called. Until it runs nobody answers: questions are `unavailable`.
  package func run(_ runtime: any FunctionRuntime) async {
    state.withLock { $0.isRunning = true }
    await withDiscardingTaskGroup { group in
      for await question in questions { group.addTask { await self.answer(question, runtime) } }
    }
    state.withLock { $0.isRunning = false }
  }

  package func close() { asked.finish() }

  /// Has the functions look at all of these; answers once, on any thread.
  package func ask(_ proposals: [Int: BeforeProposal], then: @escaping Completion) {
    let hooks = hooks ?? [:]
    let refusal = state.withLock { state -> RoostError? in
      guard state.isRunning else { return RoostError(.unavailable, "Functions that have to look at this write do not run.", retryAfter: .seconds(1)) }
      guard state.waiting + proposals.count <= Limits.beforeWaitingMax else {
        return RoostError(.overloaded, "Too many writes wait for functions that have to look at them.", retryAfter: .seconds(1))
      }
      state.waiting += proposals.count
      return nil
    }
    if let refusal { return then(proposals.mapValues { BeforeAnswer(proposal: $0, verdict: .failure(refusal)) }) }
    guard case .enqueued = asked.yield(Question(proposals: proposals, hooks: hooks, then: then)) else {
      state.withLock { $0.waiting -= proposals.count }
      let stopping = RoostError(.unavailable, "The server is stopping.", retryAfter: .seconds(5))
      return then(proposals.mapValues { BeforeAnswer(proposal: $0, verdict: .failure(stopping)) })
    }
  }

  private func answer(_ question: Question, _ runtime: any FunctionRuntime) async {
    var answers: [Int: BeforeAnswer] = [:]
    await withTaskGroup(of: (Int, BeforeAnswer).self) { group in
      var rest = question.proposals.sorted { $0.key < $1.key }[...]
      func askNext() {
        guard let (place, proposal) = rest.popFirst() else { return }
        let reviewer = BeforeReviewer(runtime: runtime, hooks: question.hooks[proposal.collection] ?? [], project: project)
        group.addTask { (place, BeforeAnswer(proposal: proposal, verdict: await reviewer.verdict(on: proposal))) }
      }
      for _ in 0..<Limits.beforeAtOnceMax { askNext() }
      for await (place, answer) in group {
        answers[place] = answer
        askNext()
      }
    }
    state.withLock { $0.waiting -= question.proposals.count }
    question.then(answers)
  }

  // MARK: Turns

  /// Waits until nobody who came earlier works on one of these documents. True if that is now; else `then` is called when it is.
  /// Throws `overloaded`.
  package func enter(_ owner: UInt64, _ documents: Set<String>, then: @escaping @Sendable () -> Void) throws -> Bool {
    try state.withLock { state in
      guard state.turns.longest(documents) < Limits.beforeTurnsMax else {
        throw RoostError(.overloaded, "Too many writes of this document wait for functions that have to look at them.", retryAfter: .seconds(1))
      }
      if state.turns.enter(owner, documents) { return true }
      state.granted[owner] = then
      return false
    }
  }

  package func leave(_ owner: UInt64) {
    let next = state.withLock { state in
      state.granted[owner] = nil
      return state.turns.leave(owner).compactMap { state.granted.removeValue(forKey: $0) }
    }
    for go in next { go() }
  }
}
