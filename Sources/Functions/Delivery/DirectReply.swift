import Core
import JSON
import Synchronization

/// Who waits for a direct invocation: for its answer as a whole or, where the caller can take that, for its beginning and then for its pieces.
/// Used by the engine's thread, or by nobody else any more.
final class DirectReply: Sendable {
  private let continuation: CheckedContinuation<CallReply, any Error>
  /// Tells calls apart, for callers who go away.
  let ticket: UInt64
  /// Nil where the caller wants the whole answer at once.
  let stream: CallStream?
  private let begun = Atomic(false)

  init(_ continuation: CheckedContinuation<CallReply, any Error>, ticket: UInt64, stream: CallStream?) {
    self.continuation = continuation
    self.ticket = ticket
    self.stream = stream
  }

  /// Whether the answer has begun, and goes on in pieces.
  var hasBegun: Bool { begun.load(ordering: .relaxed) }

  func begin(_ head: JSONObject) {
    guard let stream, !begun.exchange(true, ordering: .relaxed) else { return }
    stream.begin(head)
    continuation.resume(returning: .stream(stream))
  }

  func resume(returning answer: DirectAnswer) { resume(with: .success(answer)) }

  func resume(throwing error: any Error) { resume(with: .failure(error)) }

  private func resume(with result: Result<DirectAnswer, any Error>) {
    if hasBegun { stream?.finish(result) } else { continuation.resume(with: result.map { .whole($0) }) }
  }
}
