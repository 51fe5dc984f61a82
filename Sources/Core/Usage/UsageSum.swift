import JSON

/// What some invocations used together.
package struct UsageSum: Sendable, Equatable {
  package var succeeded: Int64 = 0
  package var failed: Int64 = 0
  package var timeout: Int64 = 0
  package var crashed: Int64 = 0
  package var memoryLimit: Int64 = 0
  package var suspended: Int64 = 0
  package var coldStarts: Int64 = 0
  package var queueMicroseconds: Int64 = 0
  package var durationMicroseconds: Int64 = 0
  package var cpuMicroseconds: Int64 = 0
  /// MiB of the memory that the functions may use, times microseconds.
  package var megabyteMicroseconds: Int64 = 0
  package var memoryBytesPeak: Int64 = 0

  package init() {}

  package init(_ invocation: Invocation) {
    switch invocation.status {
    case .succeeded: succeeded = 1
    case .failed: failed = 1
    case .timeout: timeout = 1
    case .crashed: crashed = 1
    case .memoryLimit: memoryLimit = 1
    case .suspended: suspended = 1
    }
    coldStarts = invocation.isCold ? 1 : 0
    queueMicroseconds = invocation.queued?.microseconds ?? 0
    durationMicroseconds = invocation.duration.microseconds
    cpuMicroseconds = invocation.cpu?.microseconds ?? 0
    megabyteMicroseconds = invocation.megabyteMicroseconds
    memoryBytesPeak = invocation.memoryBytesPeak ?? 0
  }

  package var invocations: Int64 { succeeded + failed + timeout + crashed + memoryLimit + suspended }
  package var gigabyteSeconds: Double { Double(megabyteMicroseconds) / 1_024_000_000 }

  package mutating func add(_ other: UsageSum) {
    succeeded += other.succeeded
    failed += other.failed
    timeout += other.timeout
    crashed += other.crashed
    memoryLimit += other.memoryLimit
    suspended += other.suspended
    coldStarts += other.coldStarts
    queueMicroseconds += other.queueMicroseconds
    durationMicroseconds += other.durationMicroseconds
    cpuMicroseconds += other.cpuMicroseconds
    megabyteMicroseconds += other.megabyteMicroseconds
    memoryBytesPeak = max(memoryBytesPeak, other.memoryBytesPeak)
  }

  package var value: JSONObject {
    [
      "invocations": [
        "total": .int(invocations), "succeeded": .int(succeeded), "failed": .int(failed), "timeout": .int(timeout), "crashed": .int(crashed),
        "memory_limit": .int(memoryLimit), "suspended": .int(suspended),
      ],
      "coldStarts": .int(coldStarts), "queueMs": .double(Double(queueMicroseconds) / 1000), "durationMs": .double(Double(durationMicroseconds) / 1000),
      "cpuMs": .double(Double(cpuMicroseconds) / 1000), "gbSeconds": .double(gigabyteSeconds), "memoryPeak": .int(memoryBytesPeak),
    ]
  }
}

extension Invocation {
  /// The memory that the function may use, in MiB, times the run's duration.
  var megabyteMicroseconds: Int64 { (memoryBytesMax ?? 0) >> 20 * duration.microseconds }

  /// As AWS Lambda counts: the memory that the function may use, in units of 1024 MiB, times the run's duration in seconds.
  package var gigabyteSeconds: Double { Double(megabyteMicroseconds) / 1_024_000_000 }
}

extension Duration {
  /// Rounded down; only for durations far from Int64's end.
  package var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }

  package var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
