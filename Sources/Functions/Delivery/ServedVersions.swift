import Core

/// The versions of one function that may run: those that take events, and those that have a name. Each has workers of its own.
struct ServedVersions {
  private let function: String
  private let live: VersionSplit
  private(set) var assignments: [Int64: WorkerAssignment] = [:]

  /// Versions that are there already keep their workers, unless a secret has changed.
  init(_ deployed: DeployedFunction, secrets: [String: String], after before: [Int64: WorkerAssignment], newGeneration: () -> UInt64) {
    function = deployed.definition.name
    live = deployed.live
    let definitions = deployed.others.merging([deployed.version: deployed.definition]) { $1 }
    for (version, definition) in definitions {
      if let kept = before[version], kept.secrets == secrets {
        assignments[version] = kept
      } else {
        assignments[version] = WorkerAssignment(generation: newGeneration(), definition: definition, secrets: secrets)
      }
    }
  }

  var isSplit: Bool { live.shares.count > 1 }

  /// Those that events go to.
  var liveAssignments: [WorkerAssignment] { live.versions.compactMap { assignments[$0] } }

  /// How many workers of each version are there before anybody needs them.
  var kept: [(assignment: WorkerAssignment, count: Int)] { liveAssignments.filter { $0.definition.remote == nil }.map { ($0, $0.definition.minInstances) } }

  /// The same one for all events of a subject.
  func assignment(for event: LogEvent) -> WorkerAssignment? {
    assignments[isSplit ? live.version(for: event.firstPath, of: function) : live.main]
  }

  func version(of generation: UInt64) -> Int64? { assignments.first { $0.value.generation == generation }?.key }
}
