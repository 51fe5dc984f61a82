import Core
import Glibc

// What workers say.
extension WorkerPool {
  static func token(_ worker: Worker, _ descriptor: Descriptor) -> Poller.Token { worker.id << 32 | descriptor.rawValue }

  func handle(_ ready: Poller.Ready) {
    guard let worker = workers[ready.token >> 32] else { return }
    let channel = UInt32(truncatingIfNeeded: ready.token)
    let known = Descriptor(rawValue: UInt64(channel))
    if known != .socket { catchUp(worker) }
    guard let descriptor = known else { return handle(ready, channel: channel, of: worker) }
    switch descriptor {
    case .socket:
      if ready.writable, worker.isAlive, worker.process.flush(), worker.process.waiting == 0 {
        listen(to: worker)
      }
      // Reported without being asked for: it is gone.
      if ready.readable { if worker.isHeld { closeSocket(worker) } else { readSocket(worker) } }
    case .errors: readErrors(worker)
    case .exit: exited(worker)
    }
  }

  /// Whatever comes another way belongs to the run that the worker is at: it has told the ends of those before.
  private func catchUp(_ worker: Worker) {
    while worker.isGivenSeveral, worker.isAlive, !worker.isHeld, worker.process.socket >= 0, hasMore(worker.process.socket) { readSocket(worker) }
  }

  func readSocket(_ worker: Worker) {
    guard worker.process.socket >= 0 else { return }
    switch WorkerProcess.read(worker.process.socket, into: buffer) {
    case .nothing: break
    case .ended: closeSocket(worker)
    case .bytes(let count):
      if worker.lambda != nil { return hear(worker, UnsafeRawBufferPointer(rebasing: buffer[0..<count])) }
      guard worker.isAlive else { return }
      if worker.runtime == .command, case .running = worker.state {
        return readAnswer(UnsafeRawBufferPointer(rebasing: buffer[0..<count]), of: worker)
      }
      worker.process.decoder.append(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
      readFrames(worker)
    }
  }

  /// What a command answers comes as it is.
  func readAnswer(_ bytes: UnsafeRawBufferPointer, of worker: Worker) {
    worker.answer.append(contentsOf: bytes)
    if worker.answer.count > Limits.workerFrameBytesMax { fail(worker, .answer) }
  }

  func readFrames(_ worker: Worker) {
    defer { share(worker) }
    do {
      while worker.isAlive, !worker.isHeld {
        let isFull = worker.output.isTruncated
        // nil: no frame has arrived. Optional inside: it is dropped, or is none of ours.
        let next = try worker.process.decoder.next { bytes -> (isDropped: Bool, frame: WorkerFrame?) in
          let isLog = WorkerFrame.isLog(bytes)
          if isLog { worker.outputBytes += bytes.count }
          return isLog && isFull ? (true, nil) : (false, WorkerFrame(bytes))
        }
        guard let next else { break }
        if worker.outputBytes > FunctionsLimits.outputBytesMax { return fail(worker, .output) }
        if next.isDropped { continue }
        guard let frame = next.frame else { return fail(worker, .protocolBreach("it sent something that is no message")) }
        take(frame, from: worker)
      }
    } catch {
      fail(worker, .protocolBreach("it sent a message larger than \(Limits.workerFrameBytesMax) bytes, or something that is none"))
    }
  }

  func take(_ frame: WorkerFrame, from worker: Worker) {
    switch (frame, worker.state) {
    case (.ready(let runtime), .starting): ready(worker, runtime: runtime)
    case (.loaded, .loading): loaded(worker)
    case (.refused(let message), .loading): loadFailed(worker, .failed, message)
    case (.log(let level, let message), .loading), (.log(let level, let message), .running): worker.output.add(level, message, at: wall.now())
    case (.call(let call), .loading), (.call(let call), .running):
      guard worker.calls < FunctionsLimits.callsPerWorkerMax else {
        return fail(worker, .protocolBreach("it made more than \(FunctionsLimits.callsPerWorkerMax) calls at once"))
      }
      // The number tells whose room an answer makes free.
      guard worker.callBodies.updateValue(call.body.count, forKey: call.number) == nil else {
        return fail(worker, .protocolBreach("it made two calls of one number"))
      }
      worker.calls += 1
      asked(worker)
      worker.callBodiesBytes += call.body.count
      if worker.callBodiesBytes > FunctionsLimits.callBodiesBytesMax { hold(worker) }
      events.append(.call(worker: worker.id, call))
    case (.result(let id, let value, let took), .running) where id == worker.run?.id:
      worker.value = value
      worker.ownTime = took
      finished(worker, nil)
    case (.error(let failure), .running) where failure.invocation == worker.run?.id: finished(worker, failure)
    case (.suspended(let id, let retire), .running) where id == worker.run?.id && worker.run?.usesSteps == true: suspended(worker, retire: retire)
    case (.head(let id, let head), .running) where id == worker.run?.id: began(worker, head)
    case (.piece(let id, let bytes), .running) where id == worker.run?.id: streamed(worker, bytes)
    default: fail(worker, .protocolBreach("it sent a message that nobody expects"))
    }
  }

  /// What it says next waits in its own memory until there is room in ours.
  private func hold(_ worker: Worker) {
    worker.isHeld = true
    listen(to: worker)
  }

  func hearAgain(_ worker: Worker) {
    worker.isHeld = false
    listen(to: worker)
    readFrames(worker)
  }

  func readErrors(_ worker: Worker) {
    switch WorkerProcess.read(worker.process.errors, into: buffer) {
    case .nothing: break
    case .ended: poller.remove(worker.process.errors)
    case .bytes(let count):
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[0..<count])
      worker.hear(bytes)
      asked(worker)
      worker.outputBytes += count
      if worker.run != nil || worker.check != nil {
        // A command has no other place for its log.
        worker.output.addRaw(bytes, as: worker.runtime == .command ? "info" : "error", at: wall.now())
      }
      if worker.isAlive, worker.outputBytes > FunctionsLimits.outputBytesMax { fail(worker, .output) }
    }
  }

  func closeSocket(_ worker: Worker) {
    guard worker.process.socket >= 0 else { return }
    poller.remove(worker.process.socket)
    worker.process.closeSocket()
  }
}
