import Core

/// Steps of a function that is tried out: somebody waits for its answer, and nothing of it outlives the run. A step's function runs, once; a sleep is over
/// at once, an event that is waited for does not come, and what fails is not tried again. The bounds of a run hold.
struct StepTrial {
  private var steps = 0
  private var bytes = 0

  mutating func answer(_ call: WorkerFrame.Call, at now: Timestamp) -> LocalAnswer {
    do {
      let command = try StepCommand(target: call.target, body: call.body, at: now)
      // Events are emitted under this number, each once: every trial has its own.
      return try reply(to: command, at: now).answer(run: "test-" + hexadecimal(SecureRandom.bytes(8)))
    } catch let error as RoostError {
      return LocalAnswer(error)
    } catch {
      return LocalAnswer(RoostError(.badRequest, "The step could not be read."))
    }
  }

  private mutating func reply(to command: StepCommand, at now: Timestamp) throws -> StepReply {
    switch command {
    case .begin: .begun([])
    case .completed(let key, let result):
      try taken(RunStep(key: key, kind: .run, status: .completed, attempts: 1, result: result, created: now, ended: now))
    case .failed(let key, let error, _): try taken(RunStep(key: key, kind: .run, status: .failed, attempts: 1, error: error, created: now, ended: now))
    case .sleeping(let key, _): try taken(RunStep(key: key, kind: .sleep, status: .completed, created: now, ended: now))
    case .waiting(let key, _, _):
      try taken(RunStep(key: key, kind: .event, status: .completed, result: Array("null".utf8), created: now, ended: now))
    }
  }

  private mutating func taken(_ step: RunStep) throws -> StepReply {
    guard steps < Limits.stepsPerRunMax else { throw DurableRun.tooManySteps }
    guard bytes + step.bytes <= Limits.stepBytesPerRunMax else { throw DurableRun.tooLarge }
    steps += 1
    bytes += step.bytes
    return .step(step)
  }
}
