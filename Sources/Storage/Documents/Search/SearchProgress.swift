import Core

/// What of a page was found so far, and one document more, which tells that there is a next page.
struct SearchProgress {
  struct Found {
    let document: DocumentRecord
    let score: Double
  }

  private let limit: Int
  private let isOver: () -> Bool
  private(set) var found: [Found] = []
  private var bytes = 0
  private var looks = 0

  init(limit: Int, isOver: @escaping () -> Bool) {
    self.limit = limit
    self.isOver = isOver
  }

  /// A page of large documents ends early; it holds one at least.
  var isFull: Bool { found.count > limit || bytes > Limits.pageBytesMax && found.count > 1 }

  mutating func append(_ document: DocumentRecord, _ score: Double) {
    found.append(Found(document: document, score: score))
    bytes += document.body.count
  }

  /// To be asked before each look at a document: rule and filter may make a single one expensive.
  mutating func mayLook() -> Bool {
    looks += 1
    return looks & 7 != 0 || !isOver()
  }
}

/// The rows that were found, the best first.
struct SearchRanking {
  struct Group {
    let score: Double
    let rows: [Int64]
  }

  private var found: [(row: Int64, score: Double)] = []
  private var next = 0

  var count: Int { found.count }

  mutating func append(_ row: Int64, _ score: Double) { found.append((row, score)) }

  mutating func order() { found.sort { $0.score > $1.score } }

  /// The rows of the next score.
  mutating func nextGroup() -> Group? {
    guard next < found.count else { return nil }
    let score = found[next].score
    let start = next
    while next < found.count, found[next].score == score { next += 1 }
    return Group(score: score, rows: found[start..<next].map(\.row))
  }
}
