import Core

extension TriggerDispatcher {
  func measure() -> FunctionsMeasure {
    var measure = FunctionsMeasure()
    measure.workers = pool.workers.count
    measure.functions = functions.values.sorted { $0.name < $1.name }.map { function in
      var one = FunctionsMeasure.Function(name: function.name)
      one.runs = function.counters
      one.runs.deadLetters = function.machine.deadLetters
      one.running = function.running
      one.parked = function.machine.parkedCount
      one.waiting = max(0, function.machine.openCount - function.machine.running)
      one.calls = function.calls.count
      one.passed = function.machine.readThrough
      return one
    }
    return measure
  }
}
