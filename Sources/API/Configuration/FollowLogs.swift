import Core
import HTTPServer
import JSON

/// `GET /v1/functions/{function}/logs` with `Accept: text/event-stream`: what the function prints from now on, a run's lines when the run is recorded.
/// With `Last-Event-ID` the stored lines after that one come first.
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
        let missed = try await last.asyncMap { try await call.project.functions.logs(of: name, after: $0, limit: Limits.logLinesMissedMax) } ?? []
        stream.exchange.hop { LogTail(name, filter, call.environment).begin(stream, missed) }
      } catch {
        stream.refuse(error)
      }
    }
  }
}

extension Optional where Wrapped: Sendable {
  fileprivate func asyncMap<Value: Sendable>(_ work: (Wrapped) async throws -> Value) async rethrows -> Value? {
    if let self { try await work(self) } else { nil }
  }
}

/// One connection that follows a function's lines.
///
/// `@unchecked Sendable` because what can change is touched only on its event loop.
private final class LogTail: HTTPPushListener, @unchecked Sendable {
  private let name: String
  private let filter: LogFilter
  private let environment: APIEnvironment
  private var push: HTTPPush?
  private var watching: UInt64?
  private var stream: StreamCall?
  /// Whether the caller's right to see this still holds is asked again when lines come and the last answer is older than a few seconds.
  private var lookedAt = Timestamp(milliseconds: 0)
  private var waiting: [InvocationLog]?

  private static let lookInterval = Duration.seconds(5)

  init(_ name: String, _ filter: LogFilter, _ environment: APIEnvironment) {
    self.name = name
    self.filter = filter
    self.environment = environment
  }

  func begin(_ stream: StreamCall, _ missed: [InvocationLog]) {
    guard environment.functions.tails.watchers < Limits.logTailsMax else {
      return stream.refuse(RoostError(.overloaded, "Too many follow logs already.", retryAfter: .seconds(5)))
    }
    self.stream = stream
    lookedAt = environment.clock.now()
    let lane = stream.exchange.lane
    push = stream.exchange.respondPush(
      status: 200, headers: EventStream.headers, heartbeat: EventStream.heartbeat, every: Limits.liveHeartbeat, unsentBytesMax: Limits.liveUnsentBytesMax,
      unsentBytesMin: Limits.liveUnsentBytesMin, backlog: environment.live.backlog, listener: self)
    guard let push else { return }
    _ = push.send(HTTPPiece(EventStream.opening))
    send(missed)
    watching = environment.functions.tails.watch(name) { [self] lines in
      lane.execute { if let lines { self.printed(lines) } else { self.close(with: EventStream.end(.functionDeleted)) } }
    }
    if lane.isDraining { serverDrains() }
  }

  private func printed(_ lines: [InvocationLog]) {
    guard let stream, push != nil else { return }
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
