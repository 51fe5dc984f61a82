import Synchronization

/// Tells a wait that is just beginning that its task was cancelled meanwhile.
final class CancellationMark: Sendable {
  private let mark = Atomic(false)

  var isSet: Bool { mark.load(ordering: .acquiring) }

  func set() {
    mark.store(true, ordering: .releasing)
  }
}
