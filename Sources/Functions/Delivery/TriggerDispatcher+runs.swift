import Core

// Durable runs: what becomes of executions, and when the store is to be asked about those that wait.
extension TriggerDispatcher {
  /// What a worker says about a step of what it runs; nil where no run can come of it.
  func step(_ call: WorkerFrame.Call, of worker: Worker) -> StepCall? {
    guard let assignment = worker.assignment, let run = worker.run, let version = versions[assignment.generation]?.version else { return nil }
    return StepCall(call, of: run.work, assignment.definition, version: version, project: project, mask: masks[assignment.generation])
  }

  func runEnded(_ delivery: Delivery, of function: TriggeredFunction, _ report: RunReport) {
    guard let run = delivery.event.runID else { return }
    let value = report.value.flatMap { $0.count <= Limits.runResultBytesMax ? $0 : nil }
    let end = report.status == .suspended ? RunOutcome.End.suspended : .completed(value)
    function.machine.ended(RunOutcome(run: run, driver: delivery.event.sequence, end: end, time: wall.now()))
  }

  func tended(_ result: Result<TendedRuns, any Error>) {
    answered()
    switch result {
    case .success(let tended): runs.answered(tended, at: wall.now())
    case .failure(let error):
      runs.failed(at: wall.now())
      notice("durable runs could not be looked at: \(error)")
    }
  }
}
