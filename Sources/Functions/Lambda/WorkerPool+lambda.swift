import Core
import JSON

// Workers that speak AWS's runtime interface.
extension WorkerPool {
  /// What comes over the socket: a greeting, then standard output.
  func hear(_ worker: Worker, _ bytes: UnsafeRawBufferPointer) {
    if case .starting = worker.state {
      worker.process.greeting.append(contentsOf: bytes)
      guard worker.process.greeting.count < LambdaProgram.greeting.count || worker.process.greeting == LambdaProgram.greeting else {
        return fail(worker, .protocolBreach("its shell said something else"))
      }
      if worker.process.greeting == LambdaProgram.greeting { ready(worker, runtime: "lambda") }
      return
    }
    worker.outputBytes += bytes.count
    if worker.run != nil || worker.check != nil { worker.output.addRaw(bytes, as: "info", at: wall.now()) }
    if worker.isAlive, worker.outputBytes > FunctionsLimits.outputBytesMax { fail(worker, .output) }
  }

  /// Gives the worker its function. It is loaded when its runtime asks for the first event.
  func startLambda(_ worker: Worker, _ definition: FunctionDefinition) {
    guard let loopback = worker.loopback else { return }
    send(LambdaProgram.start(definition, loopback: loopback, more: worker.variables), to: worker)
  }

  func invokeLambda(_ worker: Worker, _ work: RunWork, event: [UInt8]) {
    let now = wall.now()
    let event = LambdaExchange.Event(
      id: LambdaExchange.newID(), body: event, deadline: now + worker.timeout, function: worker.assignment?.definition.name ?? "", attempt: work.attempt,
      trace: LambdaExchange.newTrace(at: now))
    guard let (connection, answer) = worker.lambda?.invoke(event), let connection = worker.loopback?.connections[connection] else {
      return fail(worker, .protocolBreach("it waits for no event"))
    }
    self.answer(worker, connection, answer)
  }

  func takeLambda(_ request: LoopbackRequest, on connection: LoopbackConnection, of worker: Worker) {
    guard let (answer, news, superseded) = worker.lambda?.take(request, on: connection.id) else { return }
    if let superseded, let other = worker.loopback?.connections[superseded] { refuse(worker, other, LambdaExchange.wrongState) }
    if let answer {
      if answer.status >= 400 { refuse(worker, connection, answer) } else { self.answer(worker, connection, answer) }
    }
    guard worker.isAlive, let news else { return }
    // What was printed before may still be in the pipes.
    drainOutput(worker)
    guard worker.isAlive else { return }
    switch (news, worker.state) {
    case (.free, .loading): loaded(worker)
    case (.free, .returning): release(worker)
    case (.refused(let text), .loading): loadFailed(worker, .failed, text)
    case (.returned(let body), .running):
      worker.value = returned(worker, body)
      finished(worker, nil)
    case (.failed(let text), .running): finishedLambda(worker, text, retire: false)
    case (.abandoned, .running):
      // Whoever asked may not be the runtime: it would take the next event from it.
      finishedLambda(worker, "The function asked for its next event and did not answer this one.", retire: true)
    default: fail(worker, .protocolBreach("it sent a request that nobody expects"))
    }
  }

  private func finishedLambda(_ worker: Worker, _ text: String, retire: Bool) {
    guard let run = worker.run else { return }
    finished(worker, WorkerFrame.Failure(invocation: run.id, text: text, retire: retire, isFinal: false, isMemory: text.hasPrefix("MemoryError")))
  }

  /// What the handler returned, as JSON; text that is none becomes a string.
  private func returned(_ worker: Worker, _ body: [UInt8]) -> [UInt8]? {
    guard worker.run?.work.wantsValue == true, !body.isEmpty, body != Array("null".utf8) else { return nil }
    if (try? JSONValue(parsing: body)) != nil { return body }
    return JSONValue.string(String(decoding: body, as: UTF8.self)).bytes()
  }

  private func drainOutput(_ worker: Worker) {
    while worker.isAlive, worker.process.socket >= 0, hasMore(worker.process.socket) { readSocket(worker) }
    while worker.isAlive, hasMore(worker.process.errors) { readErrors(worker) }
  }

  /// Its invocation is over; it is free when its runtime asks for the next event, for which it has as long as for an invocation.
  func rest(_ worker: Worker) {
    guard !worker.isOutdated else { return end(worker) }
    worker.state = .returning
    worker.deadline = steady.now() + worker.timeout
  }

  /// Whoever waited for an event on that connection gets none.
  func hungUp(_ worker: Worker, _ connection: LoopbackConnection) {
    worker.lambda?.closed(connection.id)
    guard worker.lambda?.isWaiting == false, case .idle = worker.state, let generation = worker.assignment?.generation else { return }
    groups[generation]?.idle.removeAll { $0 === worker }
    rest(worker)
  }
}

extension LambdaExchange {
  /// A random UUID (RFC 9562, version 4), as AWS's request ids are.
  static func newID() -> String {
    var bytes = SecureRandom.bytes(16)
    bytes[6] = bytes[6] & 0x0f | 0x40
    bytes[8] = bytes[8] & 0x3f | 0x80
    let text = Loopback.hexadecimal(bytes)
    var parts: [Substring] = []
    var rest = Substring(text)
    for count in [8, 4, 4, 4, 12] {
      parts.append(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    return parts.joined(separator: "-")
  }

  /// AWS X-Ray's header: the time in seconds and 96 random bits.
  static func newTrace(at now: Timestamp) -> String {
    let time = UInt32(truncatingIfNeeded: now.milliseconds / 1000)
    let digits = String(time, radix: 16)
    return "Root=1-" + String(repeating: "0", count: 8 - digits.count) + digits + "-" + Loopback.hexadecimal(SecureRandom.bytes(12)) + ";Sampled=0"
  }
}
