import Core
import JSON

/// What a worker says about a step, on its way to the store.
struct StepCall: Sendable {
  let execution: RunExecution
  let target: String
  let body: [UInt8]
  let policy: DeliveryPolicy
  /// What is hidden of a step's error.
  let mask: SecretMask?

  /// `nil` for an invocation that no run can come of: somebody waits for its answer.
  init?(_ call: WorkerFrame.Call, of work: RunWork, _ definition: FunctionDefinition, version: Int64, project: String, mask: SecretMask?) {
    guard case .delivery(let delivery) = work, let run = delivery.event.runID else { return nil }
    let event = delivery.event.kind == .run ? nil : delivery.event.cloudEvent(project: project)
    execution = RunExecution(
      function: definition.name, version: version, run: run, driver: delivery.event.sequence, depth: delivery.event.depth,
      event: call.target == "/begin" ? event : nil)
    target = call.target
    body = call.body
    policy = DeliveryPolicy(definition)
    self.mask = mask
  }

  static let refusal = LocalAnswer(
    RoostError(.conflict, "Steps are durable, and the caller of this invocation waits for its answer: use them in a function that an event runs."))
}

extension StepReply {
  func answer(run: String) -> LocalAnswer {
    var writer = JSONWriter()
    writer.beginObject()
    switch self {
    case .over:
      writer.key("over")
      writer.bool(true)
    case .begun(let steps):
      writer.key("run")
      writer.string(run)
      writer.key("steps")
      writer.beginArray()
      for step in steps { step.write(into: &writer) }
      writer.endArray()
    case .step(let step):
      writer.key("step")
      step.write(into: &writer)
    }
    writer.endObject()
    return LocalAnswer(status: 200, headers: [("content-type", "application/json")], body: writer.take())
  }
}

extension RunStep {
  /// As its execution gets it.
  fileprivate func write(into writer: inout JSONWriter) {
    writer.beginObject()
    writer.key("name")
    writer.string(key.name)
    writer.key("n")
    writer.int(key.occurrence)
    writer.key("kind")
    writer.string(kind.rawValue)
    writer.key("status")
    writer.string(status.rawValue)
    if let result {
      writer.key("result")
      writer.raw(result)
    }
    if let error {
      writer.key("error")
      writer.raw(error)
    }
    writer.endObject()
  }
}

extension LocalAnswer {
  /// As the API says it.
  init(_ error: RoostError) {
    let status =
      switch error.code {
      case .conflict: 409
      case .payloadTooLarge: 413
      case .overloaded, .unavailable: 503
      case .badRequest, .validationFailed, .expressionInvalid: 422
      default: 500
      }
    let problem: JSONValue = ["code": .string(error.code.rawValue), "detail": .string(error.message), "status": .int(Int64(status))]
    self.init(status: status, headers: [("content-type", "application/problem+json")], body: problem.bytes())
  }
}
