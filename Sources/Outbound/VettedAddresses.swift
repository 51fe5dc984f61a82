import Core
import Synchronization

/// The addresses behind a URL's host that the server may connect to, looked up by us and judged before anything connects.
final class VettedAddresses: Sendable {
  private struct Known {
    let addresses: [IPAddress]
    let until: ContinuousClock.Instant
  }

  let policy: AddressPolicy
  private let resolver: any HostResolver
  private let own: @Sendable () -> Set<IPAddress>
  private let known = Mutex<[String: Known]>([:])

  init(policy: AddressPolicy, resolver: any HostResolver, own: @escaping @Sendable () -> Set<IPAddress>) {
    self.policy = policy
    self.resolver = resolver
    self.own = own
  }

  /// Why an address that stands in a URL itself is refused.
  func refusal(of address: IPAddress) -> String? { policy.refusal(of: address, own: own()) }

  /// At least one. Throws `OutboundFailure`. A name with one forbidden address is refused as a whole: it is misused, or misconfigured.
  func addresses(of host: OutboundURL.Host) async throws -> [IPAddress] {
    switch host {
    case .address(let address):
      if let reason = refusal(of: address) { throw Self.refused(reason) }
      return [address]
    case .name(let name):
      let now = ContinuousClock.now
      if let known = known.withLock({ $0[name] }), known.until > now { return known.addresses }
      let addresses = try await resolver.addresses(of: name)
      let own = own()
      for address in addresses {
        if let reason = policy.refusal(of: address, own: own) { throw Self.refused("'\(name)' leads to an address that is not allowed: \(reason)") }
      }
      known.withLock { known in
        if known.count >= OutboundLimits.namesMax { known = known.filter { $0.value.until > now } }
        if known.count >= OutboundLimits.namesMax { known = [:] }
        known[name] = Known(addresses: addresses, until: now + OutboundLimits.addressLifetime)
      }
      return addresses
    }
  }

  /// After a connection failed: perhaps the server has moved.
  func forget(_ host: OutboundURL.Host) {
    if case .name(let name) = host { known.withLock { $0[name] = nil } }
  }

  static func refused(_ reason: String) -> OutboundFailure {
    OutboundFailure(.refused, "Refused: \(reason). The operator can allow addresses with --allow-private-addresses.")
  }
}
