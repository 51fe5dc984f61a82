import Core
import Synchronization

/// Builds text indexes beside the writes: portion after portion goes through the writer's queue like everybody's writes, each a commit. How
/// far it is is stored with it, so that it goes on after a crash.
final class TextIndexBuilder: Sendable {
  private let writer: Writer
  private let isRunning = Atomic<Bool>(false)

  init(writer: Writer) {
    self.writer = writer
  }

  /// Call whenever there may be something to build. It ends by itself; if it cannot go on (a full disk), the next call starts it again.
  func start() {
    guard isRunning.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged else { return }
    writer.submitOwn(Portion(builder: self, isPause: false))
  }

  /// `@unchecked` because the writer's thread alone touches `isDone`.
  private final class Portion: WriteJob, @unchecked Sendable {
    private let builder: TextIndexBuilder
    /// Does nothing: whatever came during a portion is written in a commit without one.
    private let isPause: Bool
    private var isDone = false

    init(builder: TextIndexBuilder, isPause: Bool) {
      self.builder = builder
      self.isPause = isPause
    }

    var isSingleChange: Bool { false }
    var writes: Int { 1 }

    func run(in transaction: WriteTransaction) throws {
      if !isPause { isDone = try !transaction.indexSomePortion() }
    }

    func finish(_ failure: (any Error)?) {
      if failure == nil, !isDone {
        builder.writer.submitOwn(Portion(builder: builder, isPause: !isPause))
      } else {
        builder.isRunning.store(false, ordering: .releasing)
      }
    }
  }
}
