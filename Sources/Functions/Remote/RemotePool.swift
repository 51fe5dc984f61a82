import Core

/// The requests to remote functions that are under way: what the worker pool is for those with processes. Belongs to the engine's thread.
final class RemotePool {
  private struct Flight {
    let generation: UInt64
    let runs: [Worker.Run]
  }

  private let wall: any WallClock
  private let steady: any SteadyClock
  private let requests: RequestQueue
  private let project: String
  private var flights: [UInt64: Flight] = [:]
  private var perGeneration: [UInt64: Int] = [:]
  private var nextFlight: UInt64 = 1

  init(project: String, wall: any WallClock, steady: any SteadyClock, requests: RequestQueue) {
    self.project = project
    self.wall = wall
    self.steady = steady
    self.requests = requests
  }

  /// Whether another request of that version may start. The last quarter is for functions that have none under way: slow endpoints of some
  /// cannot starve the others.
  func hasRoom(for assignment: WorkerAssignment) -> Bool {
    let own = perGeneration[assignment.generation] ?? 0
    let limit = own == 0 ? FunctionsLimits.remoteRequestsMax : FunctionsLimits.remoteRequestsMax * 3 / 4
    return own < assignment.definition.concurrency && flights.count < limit
  }

  func isServing(_ generation: UInt64) -> Bool { perGeneration[generation] != nil }

  /// Sends one event, or several in one request.
  func invoke(_ assignment: WorkerAssignment, _ remote: RemoteEndpoint, _ works: [(work: RunWork, event: [UInt8])]) {
    guard let first = works.first?.work else { return }
    let id = nextFlight
    nextFlight += 1
    let now = wall.now()
    let begin = steady.now()
    let runs = works.map {
      Worker.Run(
        id: Int64(id), work: $0.work, started: now, begin: begin, isCold: false, cpuBefore: nil, trace: $0.work.trace.flatMap(TraceContext.child))
    }
    flights[id] = Flight(generation: assignment.generation, runs: runs)
    perGeneration[assignment.generation, default: 0] += 1
    var purpose = RemoteCall.Purpose.events
    if case .direct(let call) = first, call.invocation.eventType == "roost.http.request" { purpose = .call }
    requests.push(
      .send(
        RemoteCall(
          id: id, generation: assignment.generation, definition: assignment.definition, remote: remote, secrets: assignment.secrets, purpose: purpose,
          events: works.map(\.event), messageID: messageID(assignment.definition.name, works.map(\.work), flight: id), attempt: first.attempt,
          wantsValue: first.wantsValue, trace: runs[0].trace, timeout: first.timeout ?? assignment.definition.timeout)))
  }

  /// What the dispatcher is to be told of each of its runs; nothing if they were handed back meanwhile.
  func answered(_ id: UInt64, _ outcome: RemoteOutcome) -> [RunReport] {
    guard let flight = flights.removeValue(forKey: id) else { return [] }
    if let count = perGeneration[flight.generation] { perGeneration[flight.generation] = count > 1 ? count - 1 : nil }
    let batch = flight.runs.count > 1 ? "In a batch of \(flight.runs.count) events: " : ""
    let now = steady.now()
    return flight.runs.map { run in
      switch outcome {
      case .succeeded(let value):
        RunReport(
          generation: flight.generation, run: run, status: .succeeded, error: nil, duration: now - run.begin, cpu: nil, memoryPeak: nil, lines: [], value: value
        )
      case .failed(let status, let text, let advice):
        failed(run, flight.generation, status, batch + text, advice, now - run.begin)
      case .cancelled:
        RunReport(
          generation: flight.generation, run: run, status: .failed, error: "The server is stopping.", duration: now - run.begin, cpu: nil, memoryPeak: nil,
          lines: [], isHandedBack: true)
      }
    }
  }

  private func failed(
    _ run: Worker.Run, _ generation: UInt64, _ status: Invocation.Status, _ text: String, _ advice: RemoteFailureAdvice, _ duration: Duration
  ) -> RunReport {
    var run = run
    var wait: Duration?
    switch advice {
    case .giveUp: run.isFinal = true
    case .retry(let after): wait = after
    }
    return RunReport(
      generation: generation, run: run, status: status, error: text.prefix(bytes: FunctionsLimits.errorBytesMax), duration: duration, cpu: nil, memoryPeak: nil,
      lines: [], retryAfter: wait)
  }

  /// Everything that is under way, as handed back.
  func endAll() -> [RunReport] {
    flights.keys.sorted().flatMap { answered($0, .cancelled) }
  }

  /// The receiver knows a repeat by it: for one event always the same, for a batch the same for the same events.
  private func messageID(_ function: String, _ works: [RunWork], flight: UInt64) -> String {
    let sequences = works.compactMap { work -> Int64? in
      guard case .delivery(let delivery) = work else { return nil }
      return delivery.event.sequence
    }
    switch sequences.count {
    case 0: return "msg_\(project)_\(function)_call_\(wall.now().milliseconds)_\(flight)"
    case 1: return "msg_\(project)_\(function)_\(sequences[0])"
    default:
      let digest = SHA256Digest.hash(Array(sequences.map(String.init).joined(separator: ",").utf8))
      return "msg_\(project)_\(function)_batch_\(hexadecimal(Array(digest.prefix(16))))"
    }
  }
}
