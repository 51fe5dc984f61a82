import AsyncHTTPClient
import Core
import NIOCore

/// Requests to servers that users name: only to vetted addresses, with a deadline for the whole and a bound on what is read.
package final class OutboundClient: OutboundHTTP {
  private let vetted: VettedAddresses
  private let pool: DestinationPool

  package convenience init(policy: AddressPolicy, trust: TrustRoots) {
    self.init(policy: policy, trust: trust, resolver: SystemResolver(), own: { OwnAddresses.now() })
  }

  init(policy: AddressPolicy, trust: TrustRoots, resolver: any HostResolver, own: @escaping @Sendable () -> Set<IPAddress>) {
    vetted = VettedAddresses(policy: policy, resolver: resolver, own: own)
    pool = DestinationPool(trust: trust)
  }

  /// Call once, when no request is under way any more.
  package func close() async { await pool.close() }

  package func refusal(of url: OutboundURL) -> String? {
    guard case .address(let address) = url.host else { return nil }
    return vetted.refusal(of: address)
  }

  package func addresses(of host: OutboundURL.Host) async throws(OutboundFailure) -> [IPAddress] {
    do {
      return Array(try await vetted.addresses(of: host).prefix(OutboundLimits.addressesTriedMax))
    } catch let failure as OutboundFailure {
      throw failure
    } catch {
      throw OutboundFailure(.broken, "The name could not be looked up.")
    }
  }

  package func send(_ request: OutboundRequest) async throws(OutboundFailure) -> OutboundAnswer {
    do {
      return try await within(request.timeout) { [self] in try await exchange(request) }
    } catch let failure as OutboundFailure {
      throw failure
    } catch {
      throw OutboundError.failure(error, origin: request.url.origin, timeout: request.timeout)
    }
  }

  private func exchange(_ request: OutboundRequest) async throws -> OutboundAnswer {
    let addresses = try await vetted.addresses(of: request.url.host).prefix(OutboundLimits.addressesTriedMax)
    var last: (any Error)?
    for address in addresses {
      do {
        return try await exchange(request, at: address)
      } catch  where OutboundError.isBeforeSending(error) {
        last = error
      } catch  where OutboundError.isDoubt(error) {
        let name: String? = if case .name(let name) = request.url.host { name } else { nil }
        let reason = await CertificateDoubt(address: address, port: request.url.port, name: name).reason()
        throw OutboundFailure(.broken, OutboundError.unreachable(request.url.origin, reason))
      }
    }
    vetted.forget(request.url.host)
    throw last ?? OutboundFailure(.broken, "'\(request.url.origin)' has no address.")
  }

  private func exchange(_ request: OutboundRequest, at address: IPAddress) async throws -> OutboundAnswer {
    let name: String? = if case .name(let name) = request.url.host { name } else { nil }
    let destination = Destination(origin: request.url.origin, name: name, address: address)
    return try await pool.with(destination) { client in
      var message = HTTPClientRequest(url: request.url.text)
      message.method = .init(rawValue: request.method)
      for (name, value) in request.headers { message.headers.add(name: name, value: value) }
      if !request.body.isEmpty || request.method == "POST" { message.body = .bytes(request.body) }
      let response = try await client.execute(message, timeout: .nanoseconds(request.timeout.nanoseconds))
      return try await Self.answer(response, bytesMax: request.answerBytesMax)
    }
  }

  private static func answer(_ response: HTTPClientResponse, bytesMax: Int) async throws -> OutboundAnswer {
    var body: [UInt8] = []
    var isCut = false
    // Leaving early ends the exchange and its connection.
    for try await chunk in response.body {
      let room = bytesMax - body.count
      body.append(contentsOf: chunk.readableBytesView.prefix(room))
      if chunk.readableBytes > room {
        isCut = true
        break
      }
    }
    return OutboundAnswer(
      status: Int(response.status.code), headers: response.headers.map { (name: $0.name, value: $0.value) }, body: body, isCut: isCut)
  }

  /// What is not done by then is cancelled.
  private func within<Value: Sendable>(_ time: Duration, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
      group.addTask { try await body() }
      group.addTask {
        try await ContinuousClock().sleep(for: time)
        throw OutboundFailure(.timeout, OutboundError.timeoutText(time))
      }
      defer { group.cancelAll() }
      guard let value = try await group.next() else { throw OutboundFailure(.cancelled, "Nothing was sent.") }
      return value
    }
  }
}
