import Core
import Synchronization

/// What other threads and tasks tell the engine.
enum EngineMessage: Sendable {
  case wake
  case functionsChanged(CheckedContinuation<Void, Never>?)
  case check(FunctionDefinition, CheckedContinuation<Void, any Error>)
  case invoke(DirectInvocation, DirectReply)
  /// The caller with that ticket has gone.
  case abandoned(UInt64)
  /// So many bytes of a streamed answer were taken.
  case taken(ticket: UInt64, bytes: Int)
  /// Somebody follows what that function prints, under that number.
  case followed(function: String, UInt64)
  case measure(CheckedContinuation<FunctionsMeasure, any Error>)
  case revived(function: String, LogEvent)
  case loaded(Result<[LoadedFunction], any Error>)
  case read(LogReading, Result<LogPage, any Error>)
  case recorded(function: String, generation: UInt64, DeliveryChanges, (any Error)?)
  case ticked(ScheduleTick, Result<ScheduleMark, any Error>)
  case answered(worker: UInt64, number: Int64, LocalAnswer)
  case tended(Result<TendedRuns, any Error>)
  case sent(UInt64, RemoteOutcome)
  case lookedUp(worker: UInt64, tunnel: UInt32, Result<[IPAddress], OutboundFailure>)
  case pruned((any Error)?)
  case drain
  case stop
  /// The server has so much time left.
  case stopAfter(Duration)
}

/// The engine's letter box. Closed when the engine ends: what comes later is refused, so that nobody waits for ever.
final class EngineInbox: Sendable {
  private struct State {
    var messages: [EngineMessage] = []
    var logChanged = false
    /// That is known, and was left for later.
    var isLogLeft = false
    var isClosed = false
  }

  let waker = Waker()
  private let state = Mutex(State())

  /// False if the engine has ended: the message was not taken.
  @discardableResult
  func post(_ message: EngineMessage) -> Bool {
    let (taken, wasEmpty) = state.withLock { state in
      guard !state.isClosed else { return (false, false) }
      state.messages.append(message)
      return (true, state.messages.count == 1 && (!state.logChanged || state.isLogLeft))
    }
    if wasEmpty { waker.wake() }
    return taken
  }

  /// From the writer's thread, after each commit: mostly one look at a flag that is already set.
  func logChanged() {
    let isNews = state.withLock { state in
      guard !state.logChanged, !state.isClosed else { return false }
      state.logChanged = true
      return state.messages.isEmpty
    }
    if isNews { waker.wake() }
  }

  /// News of the log stay where they are while they are not wanted: no more of them come until they are taken.
  func take(log isWanted: Bool) -> (messages: [EngineMessage], logChanged: Bool) {
    state.withLock { state in
      let messages = state.messages
      state.messages = []
      state.isLogLeft = state.logChanged && !isWanted
      guard isWanted else { return (messages, false) }
      defer { state.logChanged = false }
      return (messages, state.logChanged)
    }
  }

  /// Returns what nobody has looked at.
  func close() -> [EngineMessage] {
    state.withLock { state in
      state.isClosed = true
      let left = state.messages
      state.messages = []
      return left
    }
  }
}
