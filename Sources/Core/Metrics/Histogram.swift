/// How long things took, in buckets as Prometheus has them.
package struct Histogram: Sendable {
  /// Upper bounds in seconds.
  package static let bounds: [Double] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
  private static let nanoseconds = bounds.map { Int64($0 * 1_000_000_000) }

  /// Of each bucket by itself; the last one has no bound.
  package private(set) var counts = [Int](repeating: 0, count: bounds.count + 1)
  package private(set) var nanosecondsSum: Int64 = 0

  package init() {}

  package mutating func add(nanoseconds: Int64) {
    counts[Self.nanoseconds.firstIndex { nanoseconds <= $0 } ?? Self.bounds.count] += 1
    nanosecondsSum += nanoseconds
  }

  package mutating func add(_ other: Histogram) {
    for place in counts.indices { counts[place] += other.counts[place] }
    nanosecondsSum += other.nanosecondsSum
  }
}
