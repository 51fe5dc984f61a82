import Synchronization

/// Sessions that were ended while access tokens of them may still be valid: looked at on every request, so that a sign-out
/// counts at once. Entries go when the last access token has expired; the store holds the same for a restart.
package final class RevokedSessions: Sendable {
  private let ended = Mutex<[String: Timestamp]>([:])
  private let insertions = Atomic(0)

  package init() {}

  package func insert(_ sessionID: String, at now: Timestamp) {
    ended.withLock { ended in
      if ended.count % 1024 == 1023 { ended = ended.filter { now - $0.value < Limits.accessTokenLifetime } }
      ended[sessionID] = now
    }
    insertions.add(1, ordering: .releasing)
  }

  /// Goes up with each session that ends.
  package var version: Int { insertions.load(ordering: .acquiring) }

  package func contains(_ sessionID: String) -> Bool {
    ended.withLock { $0[sessionID] != nil }
  }
}
