import AsyncHTTPClient
import Core
import NIOCore
import NIOSSL
import Synchronization

/// One server at one vetted address. Its client connects there and nowhere else.
struct Destination: Hashable, Sendable {
  /// Scheme, name and port.
  let origin: String
  /// The name as it stands in URLs; `nil` where the URL has the address itself.
  let name: String?
  let address: IPAddress
}

/// A client with its own connections for each destination, because a client's idea of where a name leads cannot change.
final class DestinationPool: Sendable {
  private struct Entry {
    let client: HTTPClient
    var users = 0
    var lastUse: UInt64
  }

  private struct State {
    var entries: [Destination: Entry] = [:]
    var uses: UInt64 = 0
    var isClosed = false
  }

  private let tls: TLSConfiguration
  private let state = Mutex(State())

  init(trust: TrustRoots) { tls = trust.client }

  /// Runs `body` with the destination's client, which lives at least as long.
  func with<Value: Sendable>(_ destination: Destination, _ body: (HTTPClient) async throws -> Value) async throws -> Value {
    guard let client = take(destination) else { throw OutboundFailure(.cancelled, "The server is stopping.") }
    do {
      let value = try await body(client)
      await release(destination)
      return value
    } catch {
      await release(destination)
      throw error
    }
  }

  /// For the end: no request may be under way or come later.
  func close() async {
    let clients = state.withLock { state in
      defer { state.entries = [:] }
      state.isClosed = true
      return state.entries.values.map(\.client)
    }
    for client in clients { try? await client.shutdown() }
  }

  private func take(_ destination: Destination) -> HTTPClient? {
    state.withLock { state in
      guard !state.isClosed else { return nil }
      state.uses += 1
      var entry = state.entries[destination] ?? Entry(client: client(destination), lastUse: 0)
      entry.users += 1
      entry.lastUse = state.uses
      state.entries[destination] = entry
      return entry.client
    }
  }

  private func release(_ destination: Destination) async {
    let surplus = state.withLock { state -> [HTTPClient] in
      state.entries[destination]?.users -= 1
      guard state.entries.count > OutboundLimits.destinationsMax else { return [] }
      // A quarter at once, so that this is rare.
      let unused = state.entries.filter { $0.value.users == 0 }.sorted { $0.value.lastUse < $1.value.lastUse }
      let oldest = unused.prefix(OutboundLimits.destinationsMax / 4)
      for (destination, _) in oldest { state.entries[destination] = nil }
      return oldest.map(\.value.client)
    }
    for client in surplus { try? await client.shutdown() }
  }

  private func client(_ destination: Destination) -> HTTPClient {
    var configuration = HTTPClient.Configuration()
    configuration.redirectConfiguration = .disallow
    // A compressed answer could be a thousand times its size.
    configuration.decompression = .disabled
    configuration.httpVersion = .http1Only
    configuration.tlsConfiguration = tls
    configuration.timeout.connect = .nanoseconds(OutboundLimits.connectTime.nanoseconds)
    configuration.connectionPool.idleTimeout = .nanoseconds(OutboundLimits.connectionIdleTime.nanoseconds)
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = OutboundLimits.connectionsPerDestinationMax
    // The caller has another address, or another attempt.
    configuration.connectionPool.retryConnectionEstablishment = false
    // The name stays in the request, in `Host` and in the TLS handshake; it is not looked up a second time.
    if let name = destination.name { configuration.dnsOverride = [name: destination.address.text] }
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }
}
