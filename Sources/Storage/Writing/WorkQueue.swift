import Glibc

/// A bounded queue between any threads and a few workers of ours. A mutex and a condition of Glibc's, because the standard library
/// has no condition variable. `@unchecked` because `items` and `isClosed` are touched under the lock only.
final class WorkQueue<Item: Sendable>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let itemsMax: Int
  private var items: [Item] = []
  /// Where the queue begins in `items`: taking from the front then moves nothing.
  private var start = 0
  private var waiting = 0
  private var isClosed = false

  init(itemsMax: Int) {
    self.itemsMax = itemsMax
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  enum Refusal {
    case full, closed
  }

  /// Nil if the item was taken.
  func push(_ item: Item, isBounded: Bool = true) -> Refusal? {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    guard !isClosed else { return .closed }
    guard !isBounded || items.count - start < itemsMax else { return .full }
    items.append(item)
    if waiting > 0 { pthread_cond_signal(condition) }
    return nil
  }

  /// Waits for work and takes at most `most` items. Empty once the queue is closed and everything in it was taken.
  func take(most: Int) -> [Item] { take { _ in most } }

  /// The same where it depends on how many are waiting.
  func take(_ count: (_ waiting: Int) -> Int) -> [Item] {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while items.count == start, !isClosed {
      waiting += 1
      pthread_cond_wait(condition, mutex)
      waiting -= 1
    }
    let most = count(items.count - start)
    if start == 0, items.count <= most {
      let all = items
      items = []
      return all
    }
    let end = min(items.count, start + most)
    let taken = Array(items[start..<end])
    start = end
    if start == items.count {
      items = []
      start = 0
    } else if start > items.count / 2 {
      items.removeFirst(start)
      start = 0
    }
    return taken
  }

  /// What is queued is still done; nothing more is accepted.
  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }
}
