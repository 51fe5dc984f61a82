import Core
import Synchronization

/// The portions of one import between its reader and the writer: some under way at once, their outcomes counted in the order of the lines.
final class ImportWriting: Sendable {
  private struct State {
    var underWay = 0
    var tally = ImportTally()
    /// What is no document's fault.
    var failure: (any Error)?
    var isStopped = false
    var waiting: CheckedContinuation<Void, Never>?
  }

  private let state = Mutex(State())
  private let store: any DocumentStore
  private let before: BeforeTriggers
  private let control: ImportControl

  init(_ store: any DocumentStore, before: BeforeTriggers, _ control: ImportControl) {
    self.store = store
    self.before = before
    self.control = control
  }

  var tally: ImportTally { state.withLock(\.tally) }
  var isStopped: Bool { state.withLock(\.isStopped) }

  /// Hands a portion to the writer. Throws what made an earlier one fail altogether.
  func submit(_ portion: ImportPortion) async throws {
    // While functions look at one, the next must not get past it.
    let isGuarded = portion.writes.first.map { before.guards($0.collection.name) } ?? false
    try await wait(until: isGuarded ? 0 : Limits.importPortionsMax - 1)
    state.withLock { $0.underWay += 1 }
    guard !portion.writes.isEmpty else { return done(portion, .success([])) }
    store.importDocuments(portion.writes, control) { [self] in done(portion, $0) }
  }

  /// Waits until everything is written.
  func finish() async throws { try await wait(until: 0) }

  /// One reader waits at a time; the writer answers each portion, so that no wait is without end.
  private func wait(until most: Int) async throws {
    while state.withLock({ $0.underWay > most }) {
      await withCheckedContinuation { continuation in
        let mayGoOn = state.withLock { state in
          guard state.underWay > most else { return true }
          state.waiting = continuation
          return false
        }
        if mayGoOn { continuation.resume() }
      }
    }
    if let failure = state.withLock(\.failure) { throw failure }
  }

  private func done(_ portion: ImportPortion, _ result: Result<[ImportOutcome], any Error>) {
    let waiting = state.withLock { state in
      state.underWay -= 1
      if state.failure == nil {
        switch result {
        case .success(let outcomes): count(outcomes, of: portion, &state)
        case .failure(let error): state.failure = error
        }
      }
      defer { state.waiting = nil }
      return state.waiting
    }
    waiting?.resume()
  }

  private func count(_ outcomes: [ImportOutcome], of portion: ImportPortion, _ state: inout State) {
    var next = 0
    for entry in portion.entries where !state.isStopped {
      var outcome: ImportOutcome
      switch entry.refusal {
      case let refusal?: outcome = .failed(refusal)
      case nil:
        // Not looked at, because an earlier one failed.
        guard next < outcomes.count else { return state.isStopped = true }
        outcome = outcomes[next]
        next += 1
      }
      state.tally.add(outcome, line: entry.line)
      if case .failed = outcome, control.stopsAtError { state.isStopped = true }
    }
  }
}

/// Some lines, and the writes that they became.
struct ImportPortion: Sendable {
  struct Entry: Sendable {
    let line: Int
    /// Why the line is no write; nil where it is one.
    let refusal: RoostError?
  }

  private(set) var entries: [Entry] = []
  private(set) var writes: [DocumentWrite] = []
  private var bytes = 0

  var isEmpty: Bool { entries.isEmpty }
  var isFull: Bool { entries.count >= Limits.importPortionWritesMax || bytes >= Limits.importPortionBytesMax }

  mutating func add(_ write: DocumentWrite, line: Int, bytes: Int) {
    entries.append(Entry(line: line, refusal: nil))
    writes.append(write)
    self.bytes += bytes
  }

  mutating func add(_ refusal: RoostError, line: Int) { entries.append(Entry(line: line, refusal: refusal)) }
}
