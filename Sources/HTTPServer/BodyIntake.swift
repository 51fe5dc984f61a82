import NIOCore

/// What becomes of a request's body: who takes it, what has arrived and not been taken, and whether more is wanted.
/// Events in, actions out; the exchange around it acts.
struct BodyIntake {
  typealias Collected = @Sendable (Result<[UInt8], HTTPBodyError>) -> Void
  typealias Next = @Sendable (Result<[UInt8]?, any Error>) -> Void

  enum Action {
    case nothing
    case collected(Collected, Result<[UInt8], HTTPBodyError>)
    case next(Next, Result<[UInt8]?, any Error>)
    /// More came than is worth throwing away.
    case tooMuchToDiscard
  }

  private enum Taker {
    case nobody
    case collector(max: Int, bytes: [UInt8], then: Collected)
    case stream(waiting: Next?)
    case discard(bytesLeft: Int)
    case gone
  }

  private enum End: Equatable {
    case open, whole
    case failed(HTTPBodyError)
  }

  private var taker = Taker.nobody
  private var end: End
  private var held: [ByteBuffer] = []
  private let announced: Int?
  private(set) var receivedBytes = 0

  init(announced: Int?, isEmpty: Bool) {
    self.announced = announced
    end = isEmpty ? .whole : .open
  }

  /// Whether the connection should be read for more.
  var wantsMore: Bool {
    guard end == .open else { return false }
    return switch taker {
    case .nobody, .gone: held.isEmpty
    case .stream(let waiting): waiting != nil || held.isEmpty
    case .collector, .discard: true
    }
  }

  /// Whether somebody waits for the client, who then must not be silent for long.
  var isAwaited: Bool {
    guard end == .open else { return false }
    return switch taker {
    case .nobody, .gone: false
    case .stream(let waiting): waiting != nil
    case .collector, .discard: true
    }
  }

  var isCollected: Bool {
    if case .collector = taker { true } else { false }
  }

  var isWhole: Bool { end == .whole }

  var isFailed: Bool { if case .failed = end { true } else { false } }

  /// What is still to come; nil when only the client knows.
  var bytesToCome: Int? {
    end == .whole ? 0 : announced.map { $0 - receivedBytes }
  }

  // MARK: From the connection

  mutating func arrived(_ bytes: ByteBuffer) -> Action {
    guard end == .open else { return .nothing }
    receivedBytes += bytes.readableBytes
    switch taker {
    case .nobody:
      held.append(bytes)
      return .nothing
    case .collector(let max, var collected, let then):
      // Taken out of the enum first, so that appending does not copy what is there.
      taker = .gone
      guard collected.count + bytes.readableBytes <= max else {
        return .collected(then, .failure(.tooLarge))
      }
      collected.append(contentsOf: bytes.readableBytesView)
      taker = .collector(max: max, bytes: collected, then: then)
      return .nothing
    case .stream(let waiting?):
      taker = .stream(waiting: nil)
      return .next(waiting, .success(Array(bytes.readableBytesView)))
    case .stream(nil):
      held.append(bytes)
      return .nothing
    case .discard(let left):
      taker = .discard(bytesLeft: left - bytes.readableBytes)
      return left < bytes.readableBytes ? .tooMuchToDiscard : .nothing
    case .gone:
      return .nothing
    }
  }

  mutating func ended() -> Action {
    guard end == .open else { return .nothing }
    end = .whole
    switch taker {
    case .collector(_, let bytes, let then):
      taker = .gone
      return .collected(then, .success(bytes))
    case .stream(let waiting?):
      taker = .stream(waiting: nil)
      return .next(waiting, .success(nil))
    default:
      return .nothing
    }
  }

  mutating func failed(_ error: HTTPBodyError) -> Action {
    guard end == .open else { return .nothing }
    end = .failed(error)
    switch taker {
    case .collector(_, _, let then):
      taker = .gone
      held = []
      return .collected(then, .failure(error))
    case .stream(let waiting?):
      taker = .stream(waiting: nil)
      return .next(waiting, .failure(error))
    default:
      return .nothing
    }
  }

  // MARK: From the handler

  mutating func collect(max: Int, then: @escaping Collected) -> Action {
    guard case .nobody = taker else { return .collected(then, .failure(.unavailable)) }
    taker = .gone
    if case .failed(let error) = end { return .collected(then, .failure(error)) }
    if let announced, announced > max { return .collected(then, .failure(.tooLarge)) }
    var bytes: [UInt8] = []
    // No more than one read at once: what is announced need not come.
    if end == .open, let announced { bytes.reserveCapacity(min(announced, 64 * 1024)) }
    for chunk in held {
      guard bytes.count + chunk.readableBytes <= max else { return .collected(then, .failure(.tooLarge)) }
      bytes.append(contentsOf: chunk.readableBytesView)
    }
    held = []
    if end == .whole { return .collected(then, .success(bytes)) }
    taker = .collector(max: max, bytes: bytes, then: then)
    return .nothing
  }

  mutating func next(_ next: @escaping Next) -> Action {
    switch taker {
    case .nobody, .stream(nil): break
    case .stream, .collector, .discard, .gone: return .next(next, .failure(HTTPBodyError.unavailable))
    }
    if !held.isEmpty {
      taker = .stream(waiting: nil)
      return .next(next, .success(Array(held.removeFirst().readableBytesView)))
    }
    switch end {
    case .whole:
      taker = .stream(waiting: nil)
      return .next(next, .success(nil))
    case .failed(let error):
      taker = .stream(waiting: nil)
      return .next(next, .failure(error))
    case .open:
      taker = .stream(waiting: next)
      return .nothing
    }
  }

  /// The reader no longer waits.
  mutating func cancelNext() -> Action {
    guard case .stream(let waiting?) = taker else { return .nothing }
    taker = .stream(waiting: nil)
    return .next(waiting, .failure(CancellationError()))
  }

  /// The answer is given: what still comes is thrown away, up to so many bytes.
  mutating func discard(bytesMax: Int) -> Action {
    let former = taker
    taker = .discard(bytesLeft: bytesMax)
    held = []
    return switch former {
    case .collector(_, _, let then): .collected(then, .failure(.unavailable))
    case .stream(let waiting?): .next(waiting, .failure(HTTPBodyError.unavailable))
    default: .nothing
    }
  }
}
