import Core

// The set of functions, and which of their versions serve.
extension TriggerDispatcher {
  var known: [String: Timestamp] { functions.mapValues(\.created) }

  /// Takes up what is deployed. Running invocations of an older version, or of a deleted function, are finished.
  func take(_ loaded: [LoadedFunction]) {
    let names = Set(loaded.map(\.deployed.definition.name))
    for function in functions.values where !names.contains(function.name) { remove(function) }
    for one in loaded {
      let name = one.deployed.definition.name
      if let function = functions[name], function.created == one.deployed.created {
        redeploy(function, one)
        continue
      }
      // Made anew since it was asked for: the next load brings its state.
      guard let state = one.state else { continue }
      if let function = functions[name] { remove(function) }
      let served = ServedVersions(one.deployed, secrets: one.secrets, after: [:]) { newGeneration() }
      let function = TriggeredFunction(generation: newGeneration(), deployed: one.deployed, versions: served, state: state, at: wall.now())
      functions[name] = function
      serve(served, of: function)
    }
  }

  private func newGeneration() -> UInt64 {
    defer { nextGeneration += 1 }
    return nextGeneration
  }

  private func redeploy(_ function: TriggeredFunction, _ loaded: LoadedFunction) {
    let deployed = loaded.deployed
    let before = function.versions.assignments.merging(function.coming?.versions.assignments ?? [:]) { $1 }
    let served = ServedVersions(deployed, secrets: loaded.secrets, after: before) { newGeneration() }
    // A deploy that was still coming up when this one came.
    let needed = Set([function.versions, served].flatMap { $0.assignments.values.map(\.generation) })
    for assignment in before.values where !needed.contains(assignment.generation) { pool.retire(assignment.generation) }
    register(served, of: function)
    guard served.kept.allSatisfy({ pool.hasReady($0.assignment.generation) }) else {
      // The new ones come up before the old go.
      arriving.insert(function)
      function.coming = (deployed, served, steady.now() + FunctionsLimits.readyTimeMax)
      return
    }
    function.coming = nil
    activate(deployed, served, of: function)
  }

  /// Running invocations of versions that nobody needs any more are finished.
  private func activate(_ deployed: DeployedFunction, _ served: ServedVersions, of function: TriggeredFunction) {
    let kept = Set(served.assignments.values.map(\.generation))
    for assignment in function.versions.assignments.values where !kept.contains(assignment.generation) { pool.retire(assignment.generation) }
    // The pause was another version's.
    if function.deployed.version != deployed.version { function.heldUntil = nil }
    let live = Set(served.liveAssignments.map(\.generation))
    for assignment in served.assignments.values where !live.contains(assignment.generation) { pool.keep(assignment, 0) }
    function.deployed = deployed
    function.machine.policy = DeliveryPolicy(deployed.definition)
    function.schedules.take(deployed.definition.schedules, start: deployed.updated, at: wall.now())
    serve(served, of: function)
  }

  private func serve(_ served: ServedVersions, of function: TriggeredFunction) {
    hasNewVersions = true
    function.versions = served
    register(served, of: function)
    mark(function)
  }

  private func register(_ served: ServedVersions, of function: TriggeredFunction) {
    for (version, assignment) in served.assignments {
      versions[assignment.generation] = (function, version, assignment.definition.then)
      masks[assignment.generation] = SecretMask(assignment.secrets)
    }
    for (assignment, count) in served.kept { pool.keep(assignment, count) }
    pool.startKept()
  }

  /// Deploys whose instances have come up take over.
  func takeOver() {
    guard !arriving.isEmpty else { return }
    for function in arriving {
      guard !function.isGone, let coming = function.coming else { continue }
      let isReady = coming.versions.kept.allSatisfy { pool.hasReady($0.assignment.generation) }
      guard isReady || steady.now() >= coming.until else { continue }
      function.coming = nil
      activate(coming.deployed, coming.versions, of: function)
    }
    arriving = arriving.filter { !$0.isGone && $0.coming != nil }
  }

  private func remove(_ function: TriggeredFunction) {
    for call in function.calls { call.answer.resume(throwing: missing(function.name)) }
    function.calls = []
    for assignment in function.versions.assignments.values { pool.retire(assignment.generation) }
    for assignment in (function.coming?.versions.assignments ?? [:]).values { pool.retire(assignment.generation) }
    functions[function.name] = nil
    function.isGone = true
    hasNewVersions = true
    tails.deleted(function.name)
    versions = versions.filter { $0.value.function !== function }
  }

  /// Workers of each function that are up.
  var instances: [String: Int] {
    functions.mapValues { function in
      function.versions.assignments.values.reduce(0) { sum, assignment in
        sum + (pool.groups[assignment.generation].map { $0.workers - $0.starting } ?? 0)
      }
    }
  }

  func forgetVersions() {
    versions = versions.filter { generation, entry in
      entry.function.versions.version(of: generation) != nil || entry.function.coming?.versions.version(of: generation) != nil
        || pool.groups[generation] != nil || pool.isServing(generation) || remotes.isServing(generation)
    }
    masks = masks.filter { versions[$0.key] != nil }
  }
}
