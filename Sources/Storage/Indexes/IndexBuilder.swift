import Core
import Synchronization

/// Builds declared indexes in the background, a portion at a time, through the queue of all writers.
final class IndexBuilder: Sendable {
  private let writer: Writer
  private let checks: ReaderPool
  private let wakes: AsyncStream<Void>
  private let bell: AsyncStream<Void>.Continuation
  private let isHeldUp = Atomic<Bool>(false)

  init(writer: Writer, checks: ReaderPool) {
    self.writer = writer
    self.checks = checks
    (wakes, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    // What held a build up, such as a full disk, is over when somebody's write succeeds.
    writer.onCommit { [weak self] in self?.goOn() }
    // Builds that a restart interrupted.
    bell.yield()
  }

  /// There may be something to build.
  func wake() { bell.yield() }

  private func goOn() {
    if isHeldUp.exchange(false, ordering: .relaxed) { bell.yield() }
  }

  /// Runs until it is cancelled. `changed` is called after an index became ready or its build failed.
  func run(changed: @Sendable () async throws -> Void, notice: @Sendable (String) -> Void) async {
    for await _ in wakes {
      do {
        try await work(changed: changed)
      } catch is CancellationError {
        return
      } catch {
        isHeldUp.store(true, ordering: .relaxed)
        notice("The build of an index is held up and goes on later: \(error)")
      }
    }
  }

  /// Does all that there is to do.
  func work(changed: @Sendable () async throws -> Void) async throws {
    var triedAgain: Set<Int64> = []
    while true {
      try Task.checkCancellation()
      do {
        switch try await step(for: Self.portion) {
        // What came meanwhile is written first, in a commit without a portion.
        case .more: try await writer.write { _ in }
        case .ready: try await changed()
        case .nothing:
          if try await writer.write({ try $0.removeIndexBuildRemains(for: Self.portion) }) == .nothing { return }
        }
      } catch let failure as WriteTransaction.NotUnique {
        let duplicates = try await duplicates(failure)
        // Perhaps they are gone again.
        if duplicates.isEmpty, triedAgain.insert(failure.number).inserted { continue }
        try await writer.write { try $0.failIndexBuild(failure, duplicates) }
        try await changed()
      }
    }
  }

  /// Some of the duplicates that a build met; none where looking for them takes too long.
  private func duplicates(_ failure: WriteTransaction.NotUnique) async throws -> [DuplicateValue] {
    do {
      return try await checks.read { try $0.duplicates(failure.definition, in: failure.table) }
    } catch let error as RoostError where error.code == .queryTooSlow {
      return []
    }
  }

  /// One portion of the oldest build.
  func step(for time: Duration) async throws -> IndexBuildStep { try await writer.write { try $0.continueIndexBuild(for: time) } }

  /// How long a portion keeps the writer: a write that comes meanwhile waits for less than two flushes of a disk.
  private static let portion = Duration.milliseconds(3)
}
