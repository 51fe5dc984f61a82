import Core
import HTTPServer
import Synchronization

/// Counts requests by the kind of their address and by status, and how long they took. Each event loop has counters of its own, behind a lock that only
/// a reader of all of them ever contends for.
final class RequestMetrics: Sendable {
  struct Counters {
    var statuses: [Int: Int] = [:]
    var durations = Histogram()
  }

  private final class Lane: Sendable {
    let counters = Mutex([Counters](repeating: Counters(), count: RequestMetrics.kinds.count + 1))
  }

  /// The first segment behind `/v1/`: a closed list, so that no caller can make new series.
  static let kinds = [
    "documents", "query", "batch", "search", "changes", "files", "auth", "functions", "call", "events", "import", "export", "history", "expressions", "rules",
    "collections", "buckets", "users", "admin", "keys", "schedules", "usage", "uploads",
  ]
  private static let lanesMax = 64
  private static let byFirst: [UInt8: [(kind: Int, name: [UInt8])]] = Dictionary(
    grouping: kinds.enumerated().map { (kind: $0.offset, name: Array($0.element.utf8)) }, by: { $0.name[0] })

  private let lanes = (0..<lanesMax).map { _ in Lane() }

  func count(_ request: HTTPRequest, status: Int, nanoseconds: Int64) {
    let kind = Self.kind(of: request.path)
    lanes[request.lane % Self.lanesMax].counters.withLock { counters in
      counters[kind].statuses[status, default: 0] += 1
      counters[kind].durations.add(nanoseconds: nanoseconds)
    }
  }

  /// All loops together, by the kind of address.
  func sums() -> [(kind: String, counters: Counters)] {
    var sums = [Counters](repeating: Counters(), count: Self.kinds.count + 1)
    for lane in lanes {
      let counters = lane.counters.withLock { $0 }
      for place in sums.indices {
        sums[place].statuses.merge(counters[place].statuses) { $0 + $1 }
        sums[place].durations.add(counters[place].durations)
      }
    }
    return zip(Self.kinds + ["other"], sums).filter { !$1.statuses.isEmpty }.map { ($0, $1) }
  }

  private static func kind(of path: String) -> Int {
    let rest = path.utf8.dropFirst(4)
    guard path.utf8.starts(with: "/v1/".utf8), let first = rest.first, let candidates = byFirst[first] else { return kinds.count }
    let segment = rest.prefix { $0 != UInt8(ascii: "/") }
    return candidates.first { segment.elementsEqual($0.name) }?.kind ?? kinds.count
  }
}
