import Core
import Glibc
import Synchronization

/// Finds the addresses of a name. Tests put a changing one in its place.
protocol HostResolver: Sendable {
  /// At least one address, in the order in which they are to be tried. Throws `OutboundFailure`.
  func addresses(of name: String) async throws(OutboundFailure) -> [IPAddress]
}

/// The system's resolver (getaddrinfo), on threads of its own, because it blocks for as long as a name's servers keep silent.
///
/// A name is looked up once at a time, whoever asks; so a function whose name never resolves holds one thread and no more.
final class SystemResolver: HostResolver {
  private typealias Answer = Result<[IPAddress], OutboundFailure>

  private struct State {
    var asking: [String: [UInt64: CheckedContinuation<Answer, Never>]] = [:]
    var names: [String] = []
    var threads = 0
    var questions: UInt64 = 0
  }

  private let state = Mutex(State())

  func addresses(of name: String) async throws(OutboundFailure) -> [IPAddress] {
    let question = state.withLock { state in
      state.questions += 1
      return state.questions
    }
    let answer = await withTaskCancellationHandler {
      await withCheckedContinuation { ask(name, question, $0) }
    } onCancel: {
      // The thread goes on for as long as the name's servers keep silent; nobody waits for it.
      let continuation = state.withLock { $0.asking[name]?.removeValue(forKey: question) }
      continuation?.resume(returning: Self.cancelled)
    }
    return try answer.get()
  }

  private static let cancelled = Answer.failure(OutboundFailure(.cancelled, "The server is stopping."))

  private func ask(_ name: String, _ question: UInt64, _ continuation: CheckedContinuation<Answer, Never>) {
    let (refusal, startsThread) = state.withLock { state -> (Answer?, Bool) in
      // Cancelled before this: its handler found nothing to cancel.
      if Task.isCancelled { return (Self.cancelled, false) }
      if state.asking[name] != nil {
        state.asking[name]?[question] = continuation
        return (nil, false)
      }
      guard state.names.count < OutboundLimits.lookupsWaitingMax else {
        return (.failure(OutboundFailure(.broken, "Too many names are being looked up at once.")), false)
      }
      state.asking[name] = [question: continuation]
      state.names.append(name)
      guard state.threads < OutboundLimits.lookupThreadsMax else { return (nil, false) }
      state.threads += 1
      return (nil, true)
    }
    if let refusal { continuation.resume(returning: refusal) }
    if startsThread { WorkerThread.start(name: "resolver") { [self] in work() } }
  }

  /// Ends when nobody asks any more.
  private func work() {
    while true {
      let next = state.withLock { state -> String? in
        guard !state.names.isEmpty else {
          state.threads -= 1
          return nil
        }
        return state.names.removeFirst()
      }
      guard let next else { return }
      let answer = Self.look(up: next)
      let asking = state.withLock { $0.asking.removeValue(forKey: next) ?? [:] }
      for continuation in asking.values { continuation.resume(returning: answer) }
    }
  }

  private static func look(up name: String) -> Result<[IPAddress], OutboundFailure> {
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    // Only kinds of address that this machine has itself.
    hints.ai_flags = AI_ADDRCONFIG
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(name, nil, &hints, &list)
    defer { if let list { freeaddrinfo(list) } }
    guard status == 0 else {
      return .failure(OutboundFailure(.broken, "The name '\(name)' was not found: \(String(cString: gai_strerror(status)))."))
    }
    var addresses: [IPAddress] = []
    var entry = list
    while let one = entry {
      if let address = one.pointee.ai_addr.flatMap({ IPAddress($0) }), !addresses.contains(address) { addresses.append(address) }
      entry = one.pointee.ai_next
    }
    guard !addresses.isEmpty else { return .failure(OutboundFailure(.broken, "The name '\(name)' has no address.")) }
    return .success(addresses)
  }
}

extension IPAddress {
  /// `nil` for other families.
  init?(_ address: UnsafePointer<sockaddr>) {
    switch Int32(address.pointee.sa_family) {
    case AF_INET:
      self = address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr)) }
    case AF_INET6:
      self = address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { pointer in
        withUnsafeBytes(of: pointer.pointee.sin6_addr) { bytes in .v6(bytes.reduce(0) { $0 << 8 | UInt128($1) }) }
      }
    default: return nil
    }
  }
}

enum OwnAddresses {
  /// Those of this machine's interfaces, now.
  static func now() -> Set<IPAddress> {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var addresses: Set<IPAddress> = []
    var entry = list
    while let one = entry {
      if let address = one.pointee.ifa_addr.flatMap({ IPAddress($0) }) { addresses.insert(address) }
      entry = one.pointee.ifa_next
    }
    return addresses
  }
}
