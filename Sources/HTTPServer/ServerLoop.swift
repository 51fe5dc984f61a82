import NIOCore

/// What the connections of one event loop share: their list, the clock as of the last look, ready-made lines, the access
/// log's buffer.
///
/// `@unchecked Sendable` because everything in it is touched only on its event loop.
final class ServerLoop: @unchecked Sendable {
  let eventLoop: any EventLoop
  let index: Int
  let settings: ServerSettings

  private(set) var isDraining = false
  private var connections: [HTTPConnection] = []
  private var isSweeping = false
  private var requestIds = RequestIds()
  private var dateSecond: Int64 = -1
  private var endOfTickWork: [@Sendable () -> Void] = []
  private var accessLog: AccessLog?

  /// `Date`, and the CORS fields where they are alike for all.
  private(set) var commonLines: [UInt8] = []

  init(eventLoop: any EventLoop, index: Int, settings: ServerSettings) {
    self.eventLoop = eventLoop
    self.index = index
    self.settings = settings
    accessLog = settings.configuration.accessLog ? AccessLog(log: settings.log) : nil
    renewCommonLines()
  }

  /// Monotonic nanoseconds.
  static func now() -> Int64 {
    Int64(NIODeadline.now().uptimeNanoseconds)
  }

  func nextRequestId() -> String {
    requestIds.next()
  }

  // MARK: Connections

  func add(_ connection: HTTPConnection) {
    connection.indexInLoop = connections.count
    connections.append(connection)
    guard !isSweeping else { return }
    isSweeping = true
    renewCommonLines()
    scheduleSweep()
  }

  func remove(_ connection: HTTPConnection) {
    let index = connection.indexInLoop
    guard index < connections.count, connections[index] === connection else { return }
    let last = connections.removeLast()
    if last !== connection {
      connections[index] = last
      last.indexInLoop = index
    }
  }

  private func scheduleSweep() {
    eventLoop.scheduleTask(in: .nanoseconds(settings.sweepInterval)) { [self] in sweep() }
  }

  private func sweep() {
    guard !connections.isEmpty else {
      isSweeping = false
      return
    }
    renewCommonLines()
    let now = Self.now()
    // A copy, because an overdue connection may leave the list.
    for connection in connections where connection.isOverdue(now) {
      connection.timeOut(now)
    }
    scheduleSweep()
  }

  private func renewCommonLines() {
    let second = LogTime.wallMilliseconds() / 1000
    guard second != dateSecond else { return }
    dateSecond = second
    commonLines =
      Array("Date: ".utf8) + HTTPDate.text(second: second) + Array("\r\n".utf8)
      + (settings.cors.linesForAnyOrigin ?? [])
  }

  // MARK: End of tick

  func atEndOfTick(_ work: @escaping @Sendable () -> Void) {
    endOfTickWork.append(work)
    guard endOfTickWork.count == 1 else { return }
    // The loop runs its tasks after all sockets that were ready in this tick.
    eventLoop.execute { [self] in
      let work = endOfTickWork
      endOfTickWork.removeAll(keepingCapacity: true)
      for item in work { item() }
    }
  }

  // MARK: Access log

  var isLogging: Bool { accessLog != nil }

  func logAccess(_ request: HTTPRequest, traceId: String? = nil, status: Int, bytes: Int, startedAt: Int64, isCut: Bool) {
    let isFirst = accessLog?.append(
      request, traceId: traceId, status: status, bytes: bytes, duration: Self.now() - startedAt, isCut: isCut)
    guard isFirst == true else { return }
    eventLoop.scheduleTask(in: AccessLog.delay) { [self] in handOverLog() }
  }

  func handOverLog() {
    accessLog?.handOver()
  }

  // MARK: Drain

  func drain() {
    isDraining = true
    for connection in connections { connection.drain() }
  }

  func closeAll() {
    for connection in connections { connection.closeNow() }
  }
}
