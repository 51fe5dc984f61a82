import CSpawn
import Core
import Glibc

// The way out of workers whose functions have the permission `network`.
extension WorkerPool {
  /// Above all other channels of a worker.
  static let proxyChannels: UInt32 = 1 << 31

  private static func clientToken(_ worker: Worker, _ tunnel: NetworkTunnel) -> Poller.Token { token(worker, channel: proxyChannels + 2 * tunnel.id) }
  private static func serverToken(_ worker: Worker, _ tunnel: NetworkTunnel) -> Poller.Token { token(worker, channel: proxyChannels + 2 * tunnel.id + 1) }
  private static func listenerToken(_ worker: Worker) -> Poller.Token { token(worker, channel: proxyChannels) }

  /// Opens the way out, for a function that has one. False if the worker is of no use without, which is told.
  func openProxy(_ worker: Worker) -> Bool {
    guard let permission = worker.assignment?.definition.network else { return true }
    do throws(Loopback.Failure) {
      let proxy = try NetworkProxy(worker.process, permission)
      worker.proxy = proxy
      poller.add(proxy.listener, token: Self.listenerToken(worker))
      return true
    } catch {
      loadFailed(worker, .failed, error.reason)
      return false
    }
  }

  func closeProxy(_ worker: Worker) {
    guard let proxy = worker.proxy else { return }
    closeTunnels(worker)
    if proxy.isListening { poller.remove(proxy.listener) }
    worker.proxy = nil
  }

  /// At the end of an invocation: what it has begun with the outside ends with it.
  func closeTunnels(_ worker: Worker) {
    guard let proxy = worker.proxy else { return }
    for tunnel in proxy.tunnels.values { drop(worker, tunnel) }
    if proxy.opened > 0 {
      let text = "network: \(proxy.opened) connections, \(proxy.sent) bytes sent, \(proxy.received) bytes received"
      worker.output.add("debug", text, at: wall.now())
    }
    proxy.opened = 0
    proxy.sent = 0
    proxy.received = 0
  }

  func handleProxy(_ ready: Poller.Ready, channel: UInt32, of worker: Worker) {
    guard let proxy = worker.proxy else { return }
    guard worker.isAlive else { return closeProxy(worker) }
    let number = channel - Self.proxyChannels
    guard number > 0 else { return accept(worker, proxy) }
    guard let tunnel = proxy.tunnels[number / 2] else { return }
    if number % 2 == 0 {
      if ready.readable { readClient(worker, tunnel) }
    } else {
      if case .connecting(let request, let left) = tunnel.state { return connected(worker, tunnel, request, left) }
      if ready.readable { readServer(worker, tunnel) }
    }
    settle(worker, tunnel)
  }

  private func accept(_ worker: Worker, _ proxy: NetworkProxy) {
    for _ in 0..<NetworkLimits.acceptsPerTurn {
      guard proxy.tunnels.count < NetworkLimits.tunnelsMax else {
        // The others wait in the kernel until one of these ends.
        poller.remove(proxy.listener)
        proxy.isListening = false
        return
      }
      guard let tunnel = proxy.accept(deadline: steady.now() + NetworkLimits.headTime) else { return }
      poller.add(tunnel.client, token: Self.clientToken(worker, tunnel))
      tunnel.clientInterest = NetworkTunnel.Interest(readable: true)
    }
  }

  // MARK: Where it leads

  private func readClient(_ worker: Worker, _ tunnel: NetworkTunnel) {
    switch tunnel.state {
    case .head:
      switch WorkerProcess.read(tunnel.client, into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<NetworkLimits.headBytesMax])) {
      case .nothing: break
      case .ended: drop(worker, tunnel)
      case .bytes(let count):
        tunnel.head.append(contentsOf: buffer[0..<count])
        ask(worker, tunnel)
      }
    case .lookingUp, .connecting:
      // Reported without being asked for: it is gone.
      drop(worker, tunnel)
    case .open:
      // Reported without being asked for: sending tells whether it is broken.
      guard tunnel.up.room > 0 else { return }
      move(worker, tunnel, from: tunnel.client, \.up)
    case .refused:
      switch WorkerProcess.read(tunnel.client, into: buffer) {
      case .nothing: break
      case .ended: drop(worker, tunnel)
      case .bytes(let count):
        tunnel.discarded += count
        if tunnel.discarded > NetworkLimits.discardedBytesMax { drop(worker, tunnel) }
      }
    }
  }

  private func ask(_ worker: Worker, _ tunnel: NetworkTunnel) {
    guard let proxy = worker.proxy else { return }
    do throws(LoopbackBreach) {
      guard let request = try ProxyRequest(tunnel.head) else { return }
      tunnel.head = []
      switch worker.state {
      case .loading, .running: break
      default: return refuse(worker, tunnel, 403, "No event is being handled", "A function has a network only while it handles an event.")
      }
      guard proxy.permission.allows(request.place) else {
        return refuse(worker, tunnel, 403, "Not in the function's network", ProxyAnswer.notAllowed(request.place, by: proxy.permission))
      }
      guard proxy.lookUps < NetworkLimits.tunnelsMax else {
        return refuse(worker, tunnel, 503, "Too many lookups", "More than \(NetworkLimits.tunnelsMax) names are being looked up.")
      }
      proxy.lookUps += 1
      tunnel.state = .lookingUp(request)
      tunnel.deadline = steady.now() + NetworkLimits.lookUpTime
      events.append(.lookUp(worker: worker.id, tunnel: tunnel.id, request.place.host))
    } catch {
      refuse(worker, tunnel, error.status, "Not understood", error.reason)
    }
  }

  /// The addresses of a host, for a tunnel that may be gone.
  func lookedUp(_ id: UInt64, _ number: UInt32, _ result: Result<[IPAddress], OutboundFailure>) {
    guard let worker = workers[id], let proxy = worker.proxy else { return }
    proxy.lookUps -= 1
    guard let tunnel = proxy.tunnels[number], case .lookingUp(let request) = tunnel.state else { return }
    switch result {
    case .success(let addresses): connect(worker, tunnel, request, addresses, failure: "\(request.place.text) has no address.")
    case .failure(let failure) where failure.kind == .refused:
      refuse(worker, tunnel, 403, "Address not allowed", "The function may not connect to \(request.place.text). \(failure.text)")
    case .failure(let failure): refuse(worker, tunnel, 502, "Name not found", failure.text)
    }
    settle(worker, tunnel)
  }

  private func connect(_ worker: Worker, _ tunnel: NetworkTunnel, _ request: ProxyRequest, _ addresses: [IPAddress], failure: String) {
    closeServer(tunnel)
    var failure = failure
    var left = addresses[...]
    while let address = left.popFirst() {
      let bytes = address.bytes
      let descriptor = cnet_connect(bytes, Int32(bytes.count), UInt16(request.place.port))
      guard descriptor >= 0 else {
        failure = "\(request.place.text) cannot be reached: \(String(cString: strerror(-descriptor)))."
        continue
      }
      tunnel.server = descriptor
      tunnel.state = .connecting(request, Array(left))
      tunnel.deadline = steady.now() + NetworkLimits.connectTime
      return
    }
    refuse(worker, tunnel, 502, "No connection", failure)
  }

  private func connected(_ worker: Worker, _ tunnel: NetworkTunnel, _ request: ProxyRequest, _ left: [IPAddress]) {
    let error = cnet_error(tunnel.server)
    if error != 0 {
      connect(worker, tunnel, request, left, failure: "\(request.place.text) cannot be reached: \(String(cString: strerror(error))).")
    } else {
      worker.proxy?.opened += 1
      tunnel.state = .open
      tunnel.up.take(request.opening)
      if request.isTunnel { tunnel.down.take(ProxyAnswer.connected) }
      tunnel.deadline = steady.now() + NetworkLimits.idleTime
    }
    settle(worker, tunnel)
  }

  private func refuse(_ worker: Worker, _ tunnel: NetworkTunnel, _ status: Int, _ reason: String, _ text: String) {
    closeServer(tunnel)
    tunnel.state = .refused
    tunnel.deadline = steady.now() + NetworkLimits.closeTime
    tunnel.down.take(ProxyAnswer.refusal(status, reason, text))
    tunnel.down.end()
    worker.output.add("warn", text, at: wall.now())
    guard let proxy = worker.proxy else { return }
    proxy.refusals += 1
    if proxy.refusals > NetworkLimits.refusalsMax {
      fail(worker, .protocolBreach("it asked for more than \(NetworkLimits.refusalsMax) connections that it did not get"))
    }
  }

  // MARK: Bytes

  private func readServer(_ worker: Worker, _ tunnel: NetworkTunnel) {
    guard case .open = tunnel.state else { return }
    guard tunnel.down.room > 0 else { return }
    move(worker, tunnel, from: tunnel.server, \.down)
  }

  private func move(_ worker: Worker, _ tunnel: NetworkTunnel, from descriptor: Int32, _ flow: ReferenceWritableKeyPath<NetworkTunnel, TunnelFlow>) {
    switch WorkerProcess.read(descriptor, into: UnsafeMutableRawBufferPointer(rebasing: buffer[0..<tunnel[keyPath: flow].room])) {
    case .nothing: break
    case .ended: tunnel[keyPath: flow].end()
    case .bytes(let count):
      tunnel[keyPath: flow].take(buffer[0..<count])
      tunnel.deadline = steady.now() + NetworkLimits.idleTime
    }
  }

  /// Sends what can be sent, passes ends on, and tells the poller what to look for.
  private func settle(_ worker: Worker, _ tunnel: NetworkTunnel) {
    guard let proxy = worker.proxy, proxy.tunnels[tunnel.id] === tunnel else { return }
    guard flush(tunnel, \.down, to: tunnel.client), flush(tunnel, \.up, to: tunnel.server) else { return drop(worker, tunnel) }
    if case .open = tunnel.state, tunnel.up.isOver, tunnel.down.isOver { return drop(worker, tunnel) }
    watch(tunnel.client, Self.clientToken(worker, tunnel), tunnel.wantedOfClient, &tunnel.clientInterest)
    if tunnel.server >= 0 { watch(tunnel.server, Self.serverToken(worker, tunnel), tunnel.wantedOfServer, &tunnel.serverInterest) }
  }

  /// False if that end is gone.
  private func flush(_ tunnel: NetworkTunnel, _ flow: ReferenceWritableKeyPath<NetworkTunnel, TunnelFlow>, to descriptor: Int32) -> Bool {
    // Before the other end is connected nothing goes there.
    if flow == \.up { guard case .open = tunnel.state else { return true } }
    while tunnel[keyPath: flow].waiting > 0 {
      let count = tunnel[keyPath: flow].unsent.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count >= 0 {
        tunnel[keyPath: flow].gone(count)
        if case .open = tunnel.state { tunnel.deadline = steady.now() + NetworkLimits.idleTime }
      } else if errno != EINTR {
        return errno == EAGAIN
      }
    }
    if tunnel[keyPath: flow].owesEnd {
      tunnel[keyPath: flow].passedEnd()
      // Gone already if that fails: the reading of it tells.
      shutdown(descriptor, Int32(SHUT_WR))
      if flow == \.down, case .open = tunnel.state { tunnel.deadline = steady.now() + NetworkLimits.halfOpenTime }
    }
    return true
  }

  private func watch(_ descriptor: Int32, _ token: Poller.Token, _ wanted: NetworkTunnel.Interest, _ interest: inout NetworkTunnel.Interest?) {
    guard wanted != interest else { return }
    guard wanted.readable || wanted.writable else {
      // An end that has gone would be reported again and again.
      if interest != nil { poller.remove(descriptor) }
      interest = nil
      return
    }
    if interest == nil { poller.add(descriptor, token: token) }
    poller.watch(descriptor, token: token, readable: wanted.readable, writable: wanted.writable)
    interest = wanted
  }

  // MARK: Ends

  /// What takes too long.
  func watchTunnels(_ worker: Worker, _ now: ContinuousClock.Instant) {
    guard let proxy = worker.proxy else { return }
    for tunnel in proxy.tunnels.values where now >= tunnel.deadline {
      switch tunnel.state {
      case .lookingUp(let request): refuse(worker, tunnel, 504, "No answer", "\(request.place.text) was not found in time.")
      case .connecting(let request, let left):
        connect(worker, tunnel, request, left, failure: "\(request.place.text) does not answer.")
      case .head, .open, .refused: drop(worker, tunnel)
      }
      settle(worker, tunnel)
    }
  }

  private func closeServer(_ tunnel: NetworkTunnel) {
    guard tunnel.server >= 0 else { return }
    if tunnel.serverInterest != nil { poller.remove(tunnel.server) }
    tunnel.serverInterest = nil
    tunnel.closeServer()
  }

  private func drop(_ worker: Worker, _ tunnel: NetworkTunnel) {
    guard let proxy = worker.proxy, proxy.tunnels.removeValue(forKey: tunnel.id) != nil else { return }
    proxy.sent += tunnel.up.total
    proxy.received += tunnel.down.total
    closeServer(tunnel)
    if tunnel.clientInterest != nil { poller.remove(tunnel.client) }
    guard !proxy.isListening, worker.isAlive else { return }
    proxy.isListening = true
    poller.add(proxy.listener, token: Self.listenerToken(worker))
  }
}

extension IPAddress {
  /// In network order: 4 or 16.
  fileprivate var bytes: [UInt8] {
    switch self {
    case .v4(let number): (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) }
    case .v6(let number): (0..<16).map { UInt8(truncatingIfNeeded: number >> (120 - 8 * UInt128($0))) }
    }
  }
}
