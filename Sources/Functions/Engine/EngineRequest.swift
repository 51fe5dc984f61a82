import Core
import Synchronization

/// What the engine's thread asks of the async world: the store, the log and the API.
enum EngineRequest: Sendable {
  /// The functions as they stand; with each that is not among the known ones, where its delivery stands.
  case load(known: [String: Timestamp])
  case read(LogReading)
  case record(function: String, generation: UInt64, DeliveryChanges)
  case tick(ScheduleTick)
  case call(worker: UInt64, number: Int64, LocalCall)
  case step(worker: UInt64, number: Int64, StepCall)
  case tendRuns(matchedThrough: Int64)
  case send(RemoteCall)
  /// A function wants to connect there.
  case lookUp(worker: UInt64, tunnel: UInt32, OutboundURL.Host)
  case prune(through: Int64, before: Timestamp)
}

struct LoadedFunction: Sendable {
  let deployed: DeployedFunction
  /// For functions that the engine does not know yet.
  let state: DeliveryState?
  let secrets: [String: String]
}

/// From the engine's thread to `run()`. Not ended by cancellation: a server that stops still has to write down what its functions did.
final class RequestQueue: Sendable {
  private struct State {
    var requests: [EngineRequest] = []
    var waiter: CheckedContinuation<[EngineRequest]?, Never>?
    var isClosed = false
  }

  private let state = Mutex(State())

  func push(_ request: EngineRequest) {
    let (waiter, batch) = state.withLock { state -> (CheckedContinuation<[EngineRequest]?, Never>?, [EngineRequest]) in
      guard !state.isClosed else { return (nil, []) }
      state.requests.append(request)
      guard let waiter = state.waiter else { return (nil, []) }
      let batch = state.requests
      state.requests = []
      state.waiter = nil
      return (waiter, batch)
    }
    waiter?.resume(returning: batch)
  }

  /// All that wait, at least one; `nil` after the end.
  func next() async -> [EngineRequest]? {
    await withCheckedContinuation { continuation in
      let (batch, isOver) = state.withLock { state -> ([EngineRequest], Bool) in
        if !state.requests.isEmpty {
          let batch = state.requests
          state.requests = []
          return (batch, false)
        }
        if state.isClosed { return ([], true) }
        state.waiter = continuation
        return ([], false)
      }
      if !batch.isEmpty { continuation.resume(returning: batch) } else if isOver { continuation.resume(returning: nil) }
    }
  }

  func close() {
    let waiter = state.withLock { state -> CheckedContinuation<[EngineRequest]?, Never>? in
      state.isClosed = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: nil)
  }
}
