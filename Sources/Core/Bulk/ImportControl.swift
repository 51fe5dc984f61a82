import Synchronization

/// How the portions of one import are written.
package final class ImportControl: Sendable {
  /// Everything is judged as if it were written, and then undone.
  package let isTrial: Bool
  /// Whether nothing is looked at after the first document that fails.
  package let stopsAtError: Bool
  private let stop = Atomic<Bool>(false)

  package init(isTrial: Bool, stopsAtError: Bool) {
    self.isTrial = isTrial
    self.stopsAtError = stopsAtError
  }

  /// Set in the order of the documents, by the store.
  package var isStopped: Bool { stop.load(ordering: .acquiring) }

  package func failed() {
    if stopsAtError { stop.store(true, ordering: .releasing) }
  }
}
