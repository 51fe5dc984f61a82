import Core

/// Workers of one version that are there before anybody needs them.
struct KeptWorkers {
  let assignment: WorkerAssignment
  let count: Int
  /// In a row: a module that loads no more must not be tried without end.
  var failures = 0
  var mayStartAt: ContinuousClock.Instant?
}

// What `minInstances` asks for.
extension WorkerPool {
  /// Keeps so many workers of that version up from now on, until it is retired.
  func keep(_ assignment: WorkerAssignment, _ count: Int) {
    guard count > 0 else {
      kept[assignment.generation] = nil
      return
    }
    guard kept[assignment.generation]?.count != count else { return }
    kept[assignment.generation] = KeptWorkers(assignment: assignment, count: count)
  }

  /// Starts what is missing, one at a time for each version. Of all workers a quarter is left to functions that have none. Returns when to look again.
  @discardableResult
  func startKept() -> ContinuousClock.Instant? {
    let now = steady.now()
    var next: ContinuousClock.Instant?
    for (generation, keep) in kept where !isClosed {
      let group = groups[generation] ?? Group()
      guard group.workers < keep.count, group.starting == 0 else { continue }
      if let moment = keep.mayStartAt, now < moment {
        next = min(next ?? moment, moment)
        continue
      }
      guard configuration.maxWorkers - serving > configuration.maxWorkers / 4 else { continue }
      grow(keep.assignment, waiting: 1 << 20)
    }
    return next
  }

  /// Whether as many are up as are kept, or as many as there can be.
  func hasReady(_ generation: UInt64) -> Bool {
    guard let keep = kept[generation] else { return true }
    if keep.failures > 0 || configuration.maxWorkers - serving <= configuration.maxWorkers / 4 { return true }
    guard let group = groups[generation] else { return false }
    return group.workers - group.starting >= keep.count
  }

  /// A worker of that version could not load it.
  func keptFailed(_ generation: UInt64) {
    guard let failures = kept[generation]?.failures else { return }
    kept[generation]?.failures = failures + 1
    kept[generation]?.mayStartAt = steady.now() + min(FunctionsLimits.startRetryMin * (1 << min(failures, 10)), FunctionsLimits.startRetryMax)
  }

  /// Whether an idle worker of that version may grow old.
  func isKept(_ generation: UInt64?) -> Bool {
    guard let generation, let keep = kept[generation], let group = groups[generation] else { return false }
    return group.workers <= keep.count
  }
}
