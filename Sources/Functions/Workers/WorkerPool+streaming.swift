import Core
import JSON

// Answers in pieces: a worker may be ahead of its caller by so many bytes, is told how many were taken, and stops when the caller has gone.
extension WorkerPool {
  func began(_ worker: Worker, _ head: JSONObject) {
    guard case .direct(let call) = worker.run?.work, call.answer.stream != nil, !call.answer.hasBegun else {
      return fail(worker, .protocolBreach("it began an answer that nobody expects"))
    }
    call.answer.begin(head)
  }

  func streamed(_ worker: Worker, _ piece: [UInt8]) {
    guard case .direct(let call) = worker.run?.work, call.answer.hasBegun, let stream = call.answer.stream else {
      return fail(worker, .protocolBreach("it sent a piece of an answer that has not begun"))
    }
    let (waiting, total) = stream.append(piece)
    // Twice: what was taken may be on its way.
    if waiting > 2 * Limits.callAheadBytesMax { return fail(worker, .protocolBreach("it sent more of its answer than it was asked for")) }
    if total > Limits.callAnswerBytesMax { fail(worker, .answerTooLarge) }
  }

  func taken(_ ticket: UInt64, bytes: Int) {
    guard let worker = worker(answering: ticket), let run = worker.run else { return }
    send(ServerFrame.more(run.id, bytes: bytes), to: worker)
  }

  /// The caller with that ticket has gone: a worker that streams to it stops soon, or is stopped.
  func abandon(_ ticket: UInt64) {
    guard let worker = worker(answering: ticket), let run = worker.run, !worker.isAbandoned else { return }
    worker.isAbandoned = true
    let until = steady.now() + FunctionsLimits.abandonedTimeMax
    worker.deadline = min(worker.deadline ?? until, until)
    send(ServerFrame.cancel(run.id), to: worker)
  }

  private func worker(answering ticket: UInt64) -> Worker? {
    workers.values.first { worker in
      guard worker.isAlive, case .direct(let call) = worker.run?.work else { return false }
      return call.answer.ticket == ticket && call.answer.hasBegun
    }
  }
}
