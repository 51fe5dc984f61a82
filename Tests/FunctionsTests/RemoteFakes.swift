import Core
import JSON
import Synchronization

@testable import Functions

/// A network that answers as the test says, and remembers what was sent.
final class FakeOutbound: OutboundHTTP {
  private struct State {
    var sent: [OutboundRequest] = []
    var answer: @Sendable (OutboundRequest) async -> Result<OutboundAnswer, OutboundFailure> = { _ in .success(FakeOutbound.answer(204)) }
    var running = 0
    var mostRunning = 0
  }

  private let state = Mutex(State())

  var sent: [OutboundRequest] { state.withLock { $0.sent } }
  var mostRunning: Int { state.withLock { $0.mostRunning } }

  func answers(_ answer: @escaping @Sendable (OutboundRequest) async -> Result<OutboundAnswer, OutboundFailure>) {
    state.withLock { $0.answer = answer }
  }

  static func answer(_ status: Int, _ body: String = "", headers: [(name: String, value: String)] = []) -> OutboundAnswer {
    OutboundAnswer(status: status, headers: headers, body: Array(body.utf8), isCut: false)
  }

  func addresses(of host: OutboundURL.Host) async throws(OutboundFailure) -> [IPAddress] { throw OutboundFailure(.broken, "There is no such name.") }

  func send(_ request: OutboundRequest) async throws(OutboundFailure) -> OutboundAnswer {
    let answer = state.withLock { state in
      state.sent.append(request)
      state.running += 1
      state.mostRunning = max(state.mostRunning, state.running)
      return state.answer
    }
    let result = await answer(request)
    state.withLock { $0.running -= 1 }
    return try result.get()
  }

  func refusal(of url: OutboundURL) -> String? {
    guard case .address(let address) = url.host else { return nil }
    return AddressPolicy.publicOnly.refusal(of: address)
  }
}

/// Sealed secrets in memory.
final class MemorySecrets: SecretStore {
  private let rows = Mutex<[SealedSecret]>([])

  func secrets() async throws -> [SealedSecret] { rows.withLock { $0 } }

  func putSecret(_ name: String, of function: String?, sealed: [UInt8], at now: Timestamp) async throws -> Bool {
    rows.withLock { rows in
      let before = rows.count
      rows.removeAll { $0.name == name && $0.function == function }
      rows.append(SealedSecret(function: function, name: name, sealed: sealed, created: now, updated: now))
      return rows.count > before
    }
  }

  func deleteSecret(_ name: String, of function: String?) async throws -> Bool {
    rows.withLock { rows in
      let before = rows.count
      rows.removeAll { $0.name == name && $0.function == function }
      return rows.count < before
    }
  }
}

extension SecretVault {
  static func inMemory() -> SecretVault {
    guard let box = try? SecretBox(key: SecureRandom.bytes(SecretBox.keyBytes)) else { preconditionFailure("A key of the right size is one.") }
    return SecretVault(store: MemorySecrets(), box: box)
  }
}
