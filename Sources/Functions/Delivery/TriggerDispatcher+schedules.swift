import Core

extension TriggerDispatcher {
  /// Has the store write what has come due.
  func tick(_ candidates: [TriggeredFunction]) {
    let now = wall.now()
    for function in candidates where !function.schedules.isEmpty {
      if let until = function.pausedUntil, steady.now() < until { continue }
      for (trigger, due, mark) in function.schedules.due(at: now, isSettled: function.machine.isSettled) {
        request(.tick(ScheduleTick(function: function.name, generation: function.generation, trigger: trigger, due: due, mark: mark)))
      }
    }
  }

  func ticked(_ tick: ScheduleTick, _ result: Result<ScheduleMark, any Error>) {
    answered()
    guard let function = functions[tick.function], function.generation == tick.generation else { return }
    mark(function)
    switch result {
    case .success(let mark): function.schedules.ticked(tick.trigger.key, mark, at: wall.now())
    case .failure(let error):
      function.schedules.failed(tick.trigger.key)
      function.pausedUntil = steady.now() + FunctionsLimits.storeRetry
      notice("a schedule of function '\(tick.function)' could not be written down: \(error)")
    }
  }
}
