import Glibc

/// What a thread has had of the processors, and how long it has waited for one although it could have run.
struct ThreadTimes {
  var ran: Duration
  var waited: Duration
}

/// Reads them for the thread that made it. Where the system does not say (no `CONFIG_SCHED_INFO`), there are none.
final class ThreadMeter {
  private let file = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC)

  deinit { if file >= 0 { close(file) } }

  /// proc_pid_schedstat: nanoseconds on a processor, nanoseconds in its queue, number of turns.
  func times() -> ThreadTimes? {
    guard file >= 0 else { return nil }
    var buffer = [UInt8](repeating: 0, count: 96)
    let count = pread(file, &buffer, buffer.count, 0)
    guard count > 0 else { return nil }
    let numbers = buffer[0..<count].split(separator: UInt8(ascii: " ")).prefix(2).compactMap { Int64(String(decoding: $0, as: UTF8.self)) }
    guard numbers.count == 2 else { return nil }
    return ThreadTimes(ran: .nanoseconds(numbers[0]), waited: .nanoseconds(numbers[1]))
  }

  /// Of a processor, to the nanosecond.
  func ran() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
