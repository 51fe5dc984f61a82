import JSON
import Synchronization

/// How a function answers a call.
package enum CallReply: Sendable {
  /// The whole answer, also that the function failed.
  case whole(DirectAnswer)
  /// An answer that has begun, and whose body follows.
  case stream(CallStream)
}

/// A function's answer in pieces, between the thread that hears the worker and the task that sends them on. Holds at most
/// `Limits.callAheadBytesMax` or one piece more: the worker waits until what it sent was taken.
package final class CallStream: Sendable {
  private struct State {
    var head: JSONObject = [:]
    var pieces: [[UInt8]] = []
    var waitingBytes = 0
    var totalBytes = 0
    var end: Result<DirectAnswer, any Error>?
    var waiter: CheckedContinuation<[UInt8]?, any Error>?
    var isCancelled = false
  }

  private let state = Mutex(State())
  private let taken: @Sendable (_ bytes: Int) -> Void
  private let abandoned: @Sendable () -> Void

  /// - Parameters:
  ///   - taken: called with the size of each piece that was taken.
  ///   - abandoned: called when nobody wants the rest.
  package init(taken: @escaping @Sendable (_ bytes: Int) -> Void, abandoned: @escaping @Sendable () -> Void) {
    self.taken = taken
    self.abandoned = abandoned
  }

  // MARK: From the worker

  package func begin(_ head: JSONObject) { state.withLock { $0.head = head } }

  /// How many bytes wait, and how many have come in all, with these.
  @discardableResult
  package func append(_ piece: [UInt8]) -> (waiting: Int, total: Int) {
    let (waiter, counts) = state.withLock { state -> (CheckedContinuation<[UInt8]?, any Error>?, (Int, Int)) in
      state.totalBytes += piece.count
      guard !piece.isEmpty, !state.isCancelled else { return (nil, (state.waitingBytes, state.totalBytes)) }
      if let waiter = state.waiter {
        state.waiter = nil
        return (waiter, (0, state.totalBytes))
      }
      state.pieces.append(piece)
      state.waitingBytes += piece.count
      return (nil, (state.waitingBytes, state.totalBytes))
    }
    if let waiter {
      taken(piece.count)
      waiter.resume(returning: piece)
    }
    return (counts.0, counts.1)
  }

  package func finish(_ end: Result<DirectAnswer, any Error>) {
    let waiter = state.withLock { state in
      state.end = state.end ?? end
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(with: Self.last(end))
  }

  // MARK: To the caller

  /// Status and headers, as a response without its body.
  package var head: JSONObject { state.withLock { $0.head } }

  /// The next piece; nil at the end. Throws `function_failed` or `function_timeout` where the function broke off, and `CancellationError`.
  /// For one reader.
  package func next() async throws -> [UInt8]? {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let result = state.withLock { state -> Result<[UInt8]?, any Error>? in
          if state.isCancelled { return .failure(CancellationError()) }
          if !state.pieces.isEmpty {
            let piece = state.pieces.removeFirst()
            state.waitingBytes -= piece.count
            return .success(piece)
          }
          if let end = state.end { return Self.last(end) }
          state.waiter = continuation
          return nil
        }
        guard let result else { return }
        if case .success(let piece?) = result { taken(piece.count) }
        continuation.resume(with: result)
      }
    } onCancel: {
      cancel()
    }
  }

  /// Nobody wants the rest.
  package func cancel() {
    let waiter = state.withLock { state in
      state.isCancelled = true
      state.pieces = []
      state.waitingBytes = 0
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(throwing: CancellationError())
    abandoned()
  }

  private static func last(_ end: Result<DirectAnswer, any Error>) -> Result<[UInt8]?, any Error> {
    end.flatMap { answer in answer.failure.map { .failure($0) } ?? .success(nil) }
  }
}

extension DirectAnswer {
  /// What the caller of a function that failed is told: no word of what went wrong inside, but where its owner finds it.
  package var failure: RoostError? {
    switch invocation.status {
    case .succeeded: nil
    case .timeout: RoostError(.functionTimeout, "The function did not answer in time. Its owner finds this as invocation \(invocation.id).")
    case .failed, .crashed, .memoryLimit, .suspended:
      RoostError(.functionFailed, "The function failed. Its owner finds out why under invocation \(invocation.id).")
    }
  }
}
