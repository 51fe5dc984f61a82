import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP/1.1 server: takes connections, reads requests, gives each to the handler.
package final class HTTPServer: Sendable {
  /// What is left to work that does not heed its cancellation, once all connections are closed.
  private static let cancelledWorkGrace = TimeAmount.seconds(5)

  private let settings: ServerSettings
  private let group: MultiThreadedEventLoopGroup
  private let loops: [ServerLoop]
  private let listener = Mutex<(any Channel)?>(nil)

  /// `log` takes the access log and the server's own messages.
  package init(configuration: HTTPServerConfiguration, handler: any HTTPHandler, log: JSONLog) {
    let settings = ServerSettings(
      configuration: configuration, handler: handler, log: log,
      lifecycle: ServerLifecycle(connectionsMax: configuration.connectionsMax))
    self.settings = settings
    group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loopCount)
    loops = group.makeIterator().enumerated().map { ServerLoop(eventLoop: $1, index: $0, settings: settings) }
  }

  /// The number of connections now open.
  package var connections: Int { settings.lifecycle.connections }

  /// Runs `work` on the loop `lane` when everything that the current tick brought has been handled. Only from that loop.
  package func atEndOfTick(lane: Int, _ work: @escaping @Sendable () -> Void) {
    loops[lane].atEndOfTick(work)
  }

  /// Listens; returns where. Throws when the address cannot be had.
  @discardableResult
  package func start() async throws -> (address: String, port: Int) {
    let settings = settings
    let loops = Dictionary(uniqueKeysWithValues: loops.map { (ObjectIdentifier($0.eventLoop), $0) })
    let channel = try await ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Int32(settings.configuration.backlog))
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let loop = loops[ObjectIdentifier(channel.eventLoop)] else { throw HTTPResponseError.connectionClosed }
          try Self.open(channel, on: loop)
        }
      }
      .bind(host: settings.configuration.host, port: settings.configuration.port).get()
    listener.withLock { $0 = channel }
    if settings.lifecycle.isDraining { channel.close(promise: nil) }
    return (channel.localAddress?.ipAddress ?? settings.configuration.host, channel.localAddress?.port ?? 0)
  }

  /// Serves until drained and all has ended; starts first if need be. Cancelling it drains.
  package func run() async throws {
    if listener.withLock({ $0 == nil }), !settings.lifecycle.isDraining { try await start() }
    await withTaskCancellationHandler {
      await settings.lifecycle.quiet()
    } onCancel: {
      drain()
    }
    for loop in loops {
      try await loop.eventLoop.submit { loop.handOverLog() }.get()
    }
    settings.log.flush()
    try await group.shutdownGracefully()
  }

  /// Stops accepting, answers what runs with `Connection: close`, and closes everything after at most `drainTimeout`.
  package func drain() {
    // Held until all is scheduled: otherwise an idle server counts as quiet at once, and its loops end under our hands.
    settings.lifecycle.taskStarted()
    defer { settings.lifecycle.taskEnded() }
    guard settings.lifecycle.beginDrain() else { return }
    listener.withLock { $0 }?.close(promise: nil)
    for loop in loops {
      loop.eventLoop.execute { loop.drain() }
    }
    let (settings, loops) = (settings, loops)
    loops[0].eventLoop.scheduleTask(in: .nanoseconds(settings.configuration.drainTimeout.nanoseconds)) {
      for loop in loops {
        loop.eventLoop.execute { loop.closeAll() }
      }
      loops[0].eventLoop.scheduleTask(in: Self.cancelledWorkGrace) { settings.lifecycle.giveUp() }
    }
  }

  private static func open(_ channel: any Channel, on loop: ServerLoop) throws {
    let configuration = loop.settings.configuration
    switch loop.settings.lifecycle.connectionOpened() {
    case .draining:
      channel.close(promise: nil)
    case .full:
      try channel.pipeline.syncOperations.addHandler(RefusedConnection(loop: loop))
    case .admitted:
      do {
        try channel.pipeline.syncOperations.addHandlers([
          decoder(configuration), HTTPConnection(loop: loop, remoteAddress: channel.remoteAddress?.ipAddress ?? ""),
        ])
      } catch {
        // The client was gone before it was here.
        loop.settings.lifecycle.connectionClosed()
        throw error
      }
    }
  }

  private static func decoder(_ configuration: HTTPServerConfiguration) -> ByteToMessageHandler<HTTPRequestDecoder> {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderListSize = configuration.headBytesMax
    limits.maxHeaderFieldSize = configuration.headBytesMax
    limits.maxHeaderFieldCount = configuration.headerFieldsMax
    // The buffer's limit holds what comes after a request to upgrade, at which the decoder stops.
    return ByteToMessageHandler(
      HTTPRequestDecoder(limitConfiguration: limits), maximumBufferSize: 2 * configuration.headBytesMax + 64 * 1024)
  }
}

extension HTTPServerConfiguration {
  var loopCount: Int {
    max(1, loops ?? System.coreCount - 1)
  }
}
