import Core
import HTTPServer
import JSON

/// `GET /v1/functions/{function}/logs` with `Accept: text/event-stream`: what the function prints, line by line as it is printed, beginning with the lines of
/// runs that go on. With `Last-Event-ID` the lines after that one come first. What is recorded after the answer's head has come is in the stream.
enum FollowLogs {
  @Sendable static func open(_ stream: StreamCall) throws {
    let call = stream.call
    guard call.caller.isAdmin else {
      throw call.caller.isAnonymous ? RoostError(.unauthenticated, "This is for admins.") : RoostError(.forbidden, "This is for admins.")
    }
    let query = try call.query.only(["level", "invocation", "q"])
    let filter = try FunctionRecords.filter(query)
    let last = call.headers["Last-Event-ID"]
    if let last { try Names.requireID(last) }
    stream.exchange.answerComesLater()
    stream.exchange.task {
      do {
        let name = try await Functions.function(call).definition.name
        stream.exchange.hop { LogTail(name, filter, after: last, call).join(stream) }
      } catch {
        stream.refuse(error)
      }
    }
  }
}

/// One connection that follows a function's lines.
///
/// `@unchecked Sendable` because what can change is touched only on its event loop.
private final class LogTail: HTTPPushListener, @unchecked Sendable {
  private let name: String
  private let filter: LogFilter
  /// The line after which those come that were missed.
  private let last: String?
  private let functions: any FunctionStore
  private let environment: APIEnvironment
  private var push: HTTPPush?
  private var watching: UInt64?
  private var stream: StreamCall?
  /// Whether the caller's right to see this still holds is asked again when lines come and the last answer is older than a few seconds.
  private var lookedAt = Timestamp(milliseconds: 0)
  /// Lines that have come while the store or the caller's right is asked.
  private var waiting: [InvocationLog]?

  private static let lookInterval = Duration.seconds(5)

  init(_ name: String, _ filter: LogFilter, after last: String?, _ call: Call) {
    self.name = name
    self.filter = filter
    self.last = last
    functions = call.project.functions
    environment = call.environment
  }

  func join(_ stream: StreamCall) {
    guard environment.functions.tails.watchers < Limits.logTailsMax else {
      return stream.refuse(RoostError(.overloaded, "Too many follow logs already.", retryAfter: .seconds(5)))
    }
    let lane = stream.exchange.lane
    self.stream = stream
    watching = environment.functions.tails.watch(name) { [self] lines in
      lane.execute { if let lines { self.printed(lines) } else { self.functionDeleted() } }
    }
    if watching == nil { stream.refuse(RoostError(.unavailable, "The server is stopping.")) }
  }

  private func printed(_ lines: [InvocationLog]) {
    guard let stream else { return }
    guard push != nil else { return begin(stream, lines) }
    let lines = lines.filter(filter.matches)
    guard !lines.isEmpty else { return }
    if waiting != nil {
      waiting? += lines
      if waiting.map({ $0.count > Limits.logLinesMissedMax }) == true { close(with: EventStream.end(.unavailable)) }
      return
    }
    let now = environment.clock.now()
    guard now - lookedAt >= Self.lookInterval, case .opaque(let token) = stream.credential else { return send(lines) }
    waiting = lines
    lookedAt = now
    stream.exchange.task { [self] in
      let isKnown = (try? await environment.authenticator.knows(opaque: token)) ?? false
      stream.exchange.hop { self.looked(isKnown) }
    }
  }

  private func functionDeleted() {
    if push == nil { stream?.refuse(LiveEnd.functionDeleted.error) }
    close(with: EventStream.end(.functionDeleted))
  }

  /// With the lines of runs that are not recorded yet: what was missed besides is in the store by now.
  private func begin(_ stream: StreamCall, _ lines: [InvocationLog]) {
    lookedAt = environment.clock.now()
    push = stream.exchange.respondPush(
      status: 200, headers: EventStream.headers, heartbeat: EventStream.heartbeat, every: Limits.liveHeartbeat, unsentBytesMax: Limits.liveUnsentBytesMax,
      unsentBytesMin: Limits.liveUnsentBytesMin, backlog: environment.live.backlog, listener: self)
    guard let push else { return close(with: nil) }
    _ = push.send(HTTPPiece(EventStream.opening))
    if let last {
      waiting = lines.filter { $0.id > last }
      stream.exchange.task { [self] in
        let missed = try? await functions.logs(of: name, after: last, limit: Limits.logLinesMissedMax)
        stream.exchange.hop { self.caughtUp(missed) }
      }
    } else {
      send(lines)
    }
    if stream.exchange.lane.isDraining { serverDrains() }
  }

  private func caughtUp(_ missed: [InvocationLog]?) {
    guard let printed = waiting else { return }
    waiting = nil
    guard let missed else { return close(with: EventStream.end(.unavailable)) }
    let stored = Set(missed.map(\.id))
    // With more to come the caller asks again, from where this ends.
    guard missed.count < Limits.logLinesMissedMax else {
      send(missed)
      return close(with: EventStream.end(.unavailable))
    }
    send((missed + printed.filter { !stored.contains($0.id) }).sorted { $0.id < $1.id })
  }

  private func looked(_ isKnown: Bool) {
    guard let lines = waiting else { return }
    waiting = nil
    if isKnown { send(lines) } else { close(with: EventStream.end(.sessionEnded)) }
  }

  private func send(_ lines: [InvocationLog]) {
    guard let push else { return }
    var bytes: [UInt8] = []
    for line in lines where filter.matches(line) {
      EventStream.append("line", id: line.id, to: &bytes) { line.value.write(into: &$0) }
    }
    if !bytes.isEmpty { _ = push.send(HTTPPiece(bytes)) }
  }

  private func close(with last: HTTPPiece?) {
    if let watching { environment.functions.tails.leave(name, watching) }
    watching = nil
    if let last { push?.finish(last) }
    (push, stream, waiting) = (nil, nil, nil)
  }

  // MARK: From the connection

  func pushClosed() { close(with: nil) }

  func serverDrains() { close(with: EventStream.end(.serverStopping)) }
}
