import CSpawn
import Glibc

/// Waits for many descriptors at once (epoll). Used by one thread.
final class Poller {
  /// Tells descriptors apart. 0 is the waker's.
  typealias Token = UInt64
  typealias Ready = cwait_ready

  private let descriptor: Int32
  private let waker: Waker
  private var ready = [Ready](repeating: Ready(), count: 128)

  init(waker: Waker) {
    descriptor = cwait_open()
    precondition(descriptor >= 0, "The system gives no epoll descriptor (error \(errno)).")
    self.waker = waker
    add(waker.descriptor, token: 0)
  }

  deinit { close(descriptor) }

  func add(_ watched: Int32, token: Token) { _ = cwait_add(descriptor, watched, token) }

  func watch(_ watched: Int32, token: Token, writable: Bool) { _ = cwait_change(descriptor, watched, token, writable) }

  /// A descriptor that is broken is reported whatever was asked for.
  func watch(_ watched: Int32, token: Token, readable: Bool, writable: Bool) { _ = cwait_set(descriptor, watched, token, readable, writable) }

  func remove(_ watched: Int32) { _ = cwait_remove(descriptor, watched) }

  /// Waits until something is ready or the time is over. The waker's own signal is taken and not reported.
  func wait(_ time: Duration) -> [Ready] {
    let count = cwait_wait(descriptor, &ready, Int32(ready.count), max(0, time.nanoseconds))
    guard count > 0 else { return [] }
    return ready[0..<Int(count)].filter { one in
      if one.token == 0 { waker.take() }
      return one.token != 0
    }
  }
}

/// An eventfd: any thread may wake the poller through it.
final class Waker: Sendable {
  let descriptor: Int32

  init() {
    descriptor = cwait_signal_open()
    precondition(descriptor >= 0, "The system gives no eventfd (error \(errno)).")
  }

  deinit { close(descriptor) }

  func wake() {
    var one: UInt64 = 1
    _ = write(descriptor, &one, 8)
  }

  func take() {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
