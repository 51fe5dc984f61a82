import Core
import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualClock: WallClock {
  private let time: Mutex<Timestamp>

  package init(milliseconds: Int64 = 1_700_000_000_000) {
    time = Mutex(Timestamp(milliseconds: milliseconds))
  }

  package func now() -> Timestamp { time.withLock { $0 } }

  package func advance(by duration: Duration) {
    time.withLock { $0 = $0 + duration }
  }
}
