import Core
import Glibc

// What workers say over HTTP, on their own loopback interface: AWS's runtime interface, and the project's API.
extension WorkerPool {
  /// Above the worker's own descriptors.
  static let listenerChannel: UInt32 = 1 << 8
  static let connectionChannels: UInt32 = 1 << 9
  private static let methods: Set = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

  static func token(_ worker: Worker, channel: UInt32) -> Poller.Token { worker.id << 32 | UInt64(channel) }

  private static func token(_ worker: Worker, _ connection: LoopbackConnection) -> Poller.Token {
    // Connections are numbered from 1; more than fit share a channel with one that is long gone.
    token(worker, channel: connectionChannels &+ connection.id)
  }

  /// Opens the worker's door to the server. False if that is not possible and it can do nothing without.
  func openLoopback(_ worker: Worker) -> Bool {
    guard worker.runtime.hasLoopback else { return true }
    do throws(Loopback.Failure) {
      let loopback = try Loopback(worker.process)
      guard loopback.isPrivate || worker.lambda == nil else { throw Loopback.Failure(reason: WorkerRuntime.missing(worker.runtime)) }
      worker.loopback = loopback
      poller.add(loopback.listener, token: Self.token(worker, channel: Self.listenerChannel))
      return true
    } catch {
      guard worker.lambda == nil else {
        startFailed(worker.runtime, error.reason, at: worker.level)
        return false
      }
      // The others have their frames. Told once, by the first that comes up.
      if self[worker.runtime].level == nil {
        events.append(.notice("functions of runtime '\(worker.runtime.rawValue)' have no ROOST_URL: \(error.reason)"))
      }
      return true
    }
  }

  func closeLoopback(_ worker: Worker) {
    guard let loopback = worker.loopback else { return }
    poller.remove(loopback.listener)
    for connection in loopback.connections.values { poller.remove(connection.descriptor) }
    worker.loopback = nil
  }

  func handle(_ ready: Poller.Ready, channel: UInt32, of worker: Worker) {
    guard channel < Self.proxyChannels else { return handleProxy(ready, channel: channel, of: worker) }
    guard let loopback = worker.loopback else { return }
    guard worker.isAlive else { return closeLoopback(worker) }
    guard channel != Self.listenerChannel else { return accept(worker, loopback) }
    guard let connection = loopback.connections[channel &- Self.connectionChannels] else { return }
    if ready.writable { flush(worker, connection) }
    if ready.readable { read(worker, connection) }
  }

  private func accept(_ worker: Worker, _ loopback: Loopback) {
    for _ in 0..<LoopbackLimits.acceptsPerTurn {
      guard let connection = loopback.accept() else { return }
      if loopback.connections.count > LoopbackLimits.connectionsMax {
        // The new one itself, if all others are at work.
        guard let oldest = loopback.oldestIdle else { return }
        poller.remove(oldest.descriptor)
        loopback.connections[oldest.id] = nil
        if !oldest.hasAsked { refuse(worker) }
        guard worker.isAlive else { return }
        if oldest === connection { continue }
      }
      connection.lastUsed = nextUse
      nextUse += 1
      poller.add(connection.descriptor, token: Self.token(worker, connection))
    }
  }

  private func read(_ worker: Worker, _ connection: LoopbackConnection) {
    switch WorkerProcess.read(connection.descriptor, into: buffer) {
    case .nothing: break
    case .ended: drop(worker, connection)
    case .bytes(let count):
      // What comes after the last request is read, or the other end would lose the answer, and thrown away.
      guard !connection.isLast else {
        connection.discarded += count
        if connection.discarded > LoopbackLimits.bodyBytesMax { drop(worker, connection) }
        return
      }
      connection.decoder.append(UnsafeRawBufferPointer(rebasing: buffer[0..<count]))
      proceed(worker, connection)
      if connection.decoder.held > FunctionsLimits.readBytesPerTurn { weigh(worker, \.decoder.held, "it sends too much at once") }
    }
  }

  /// Takes up the next request, if one has arrived and none is pending.
  private func proceed(_ worker: Worker, _ connection: LoopbackConnection) {
    do throws(LoopbackBreach) {
      while connection.pending == nil, !connection.isLast, worker.isAlive, worker.loopback?.connections[connection.id] != nil {
        guard let request = try connection.decoder.next() else { break }
        connection.pending = LoopbackConnection.Pending(isHead: request.method == "HEAD", keepsAlive: request.keepsAlive)
        connection.hasAsked = true
        connection.lastUsed = nextUse
        nextUse += 1
        take(request, on: connection, of: worker)
      }
      if connection.pending == nil {
        if connection.decoder.takeContinue() { send(LoopbackAnswer.goOn, worker, connection) }
      } else if connection.decoder.buffered > LoopbackLimits.pipelinedBytesMax {
        drop(worker, connection)
      }
    } catch {
      connection.pending = LoopbackConnection.Pending(isHead: false, keepsAlive: false)
      refuse(worker, connection, .problem(error.status, .badRequest, error.reason))
    }
  }

  private func take(_ request: LoopbackRequest, on connection: LoopbackConnection, of worker: Worker) {
    if worker.lambda != nil, request.target.hasPrefix(LambdaExchange.prefix) { return takeLambda(request, on: connection, of: worker) }
    guard let loopback = worker.loopback, loopback.isAuthorized(request) else {
      return refuse(worker, connection, .problem(401, .unauthenticated, "Send ROOST_TOKEN: \"authorization: Bearer …\"."))
    }
    guard Self.methods.contains(request.method) else {
      return refuse(worker, connection, .problem(405, .methodNotAllowed, "The API does not know the method \(request.method)."))
    }
    guard worker.run != nil else {
      return refuse(worker, connection, .problem(403, .forbidden, "The API can be called only while an event is handled."))
    }
    guard !request.isTooLarge else {
      return refuse(worker, connection, .problem(413, .payloadTooLarge, "A body has at most \(LoopbackLimits.bodyBytesMax) bytes here."))
    }
    guard worker.calls < FunctionsLimits.callsPerWorkerMax else {
      return refuse(worker, connection, .problem(429, .tooManyRequests, "A function has at most \(FunctionsLimits.callsPerWorkerMax) calls under way."))
    }
    asked(worker)
    worker.calls += 1
    let own: Set = [
      "authorization", "host", "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "content-length", "expect",
    ]
    events.append(
      .call(
        worker: worker.id,
        WorkerFrame.Call(
          number: connection.callNumber, method: request.method, target: request.target, headers: request.headers.filter { !own.contains($0.name) },
          body: request.body)))
  }

  /// The API's answer to a call over HTTP, whose connection may be gone.
  func answerLoopback(_ worker: Worker, _ number: Int64, _ answer: LocalAnswer) {
    guard let connection = UInt32(exactly: -number).flatMap({ worker.loopback?.connections[$0] }) else { return }
    if answer.body.count > Limits.workerFrameBytesMax {
      self.answer(worker, connection, .problem(413, .payloadTooLarge, "The answer is larger than a function can take."))
    } else {
      self.answer(worker, connection, LoopbackAnswer(status: answer.status, headers: answer.headers, body: answer.body))
    }
    proceed(worker, connection)
  }

  func answer(_ worker: Worker, _ connection: LoopbackConnection, _ answer: LoopbackAnswer) {
    guard let pending = connection.pending else { return }
    connection.pending = nil
    connection.isLast = !pending.keepsAlive
    send(answer.bytes(isHead: pending.isHead, keepsAlive: pending.keepsAlive), worker, connection)
  }

  /// Answers something that a sound client does not send.
  func refuse(_ worker: Worker, _ connection: LoopbackConnection, _ answer: LoopbackAnswer) {
    self.answer(worker, connection, answer)
    refuse(worker)
  }

  private func refuse(_ worker: Worker) {
    guard let loopback = worker.loopback else { return }
    loopback.refusals += 1
    if loopback.refusals > LoopbackLimits.refusalsMax {
      fail(worker, .protocolBreach("it sent the server more than \(LoopbackLimits.refusalsMax) wrong requests"))
    }
  }

  private func send(_ bytes: [UInt8], _ worker: Worker, _ connection: LoopbackConnection) {
    guard connection.send(bytes) else { return drop(worker, connection) }
    if connection.waiting > 0 {
      poller.watch(connection.descriptor, token: Self.token(worker, connection), writable: true)
      weigh(worker, \.waiting, "it does not read what it asked for")
    } else if connection.isLast {
      finish(worker, connection)
    }
  }

  private func flush(_ worker: Worker, _ connection: LoopbackConnection) {
    guard connection.flush() else { return drop(worker, connection) }
    guard connection.waiting == 0 else { return }
    poller.watch(connection.descriptor, token: Self.token(worker, connection), writable: false)
    if connection.isLast { finish(worker, connection) }
  }

  /// What all connections of a worker keep in the server's memory has one bound.
  private func weigh(_ worker: Worker, _ weight: KeyPath<LoopbackConnection, Int>, _ breach: String) {
    guard let connections = worker.loopback?.connections.values else { return }
    if connections.reduce(0, { $0 + $1[keyPath: weight] }) > FunctionsLimits.workerOutboxBytesMax { fail(worker, .protocolBreach(breach)) }
  }

  /// No more is said here; the other end closes when it has read everything.
  private func finish(_ worker: Worker, _ connection: LoopbackConnection) {
    if shutdown(connection.descriptor, Int32(SHUT_WR)) != 0 { drop(worker, connection) }
  }

  private func drop(_ worker: Worker, _ connection: LoopbackConnection) {
    guard let loopback = worker.loopback, loopback.connections[connection.id] === connection else { return }
    poller.remove(connection.descriptor)
    loopback.connections[connection.id] = nil
    hungUp(worker, connection)
    if !connection.hasAsked { refuse(worker) }
  }
}

extension FunctionRuntimeKind {
  /// Whether its workers reach the server over HTTP. JavaScript has a client of its own, over frames, and no network.
  var hasLoopback: Bool { self != .javascript }
}
