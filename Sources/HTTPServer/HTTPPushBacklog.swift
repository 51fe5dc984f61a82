import Synchronization

/// The bytes that clients of many pushes have left unread, together. A piece that several of them wait for is held, and counted, once.
package final class HTTPPushBacklog: Sendable {
  private let bytesMax: Int
  private let bytes = Atomic(0)

  /// - Parameter bytesMax: past it the slow ones are cut off early.
  package init(bytesMax: Int) { self.bytesMax = bytesMax }

  var isFull: Bool { bytes.load(ordering: .relaxed) > bytesMax }

  /// Counts a piece for as long as somebody holds what this answers.
  final class Share: Sendable {
    private let backlog: HTTPPushBacklog
    private let count: Int

    init(_ count: Int, in backlog: HTTPPushBacklog) {
      self.backlog = backlog
      self.count = count
      backlog.bytes.add(count, ordering: .relaxed)
    }

    deinit { backlog.bytes.subtract(count, ordering: .relaxed) }
  }
}
