import CSQLite
import Glibc

/// BM25 as an SQL function, `rank_words(table, weight of the first column, …)`: more is better. Unlike FTS5's own `bm25`,
/// - a column of weight 0 is as if it were not there: with `bm25` the length of all columns counts, and a score would tell how much text stands
///   in a field that the caller may not see;
/// - a word that most documents have still counts (as in Lucene), so that small collections have an order, too.
enum TextRank {
  static let function = "rank_words"
  /// The usual constants of BM25: how soon repetition stops to count, and how much length does.
  private static let k1 = 1.2
  private static let b = 0.75

  static func register(_ api: UnsafeMutablePointer<fts5_api>) throws {
    let status = function.withCString { name in
      api.pointee.xCreateFunction?(
        api, name, nil,
        { api, context, result, count, values in
          guard let api, let context, let score = TextRank.score(api.pointee, context, TextRank.weights(count, values)) else {
            sqlite3_result_error_code(result, SQLITE_ERROR)
            return
          }
          sqlite3_result_double(result, score)
        }, nil)
    }
    guard status == SQLITE_OK else { throw SQLiteError(code: status ?? SQLITE_ERROR, database: nil) }
  }

  private static func weights(_ count: Int32, _ values: UnsafeMutablePointer<OpaquePointer?>?) -> [Double] {
    (0..<Int(count)).map { position in values?[position].map { sqlite3_value_double($0) } ?? 0 }
  }

  /// What is the same for all rows of a statement.
  private final class Query {
    let averageLength: Double
    /// For each phrase how much it says: more if few documents have it.
    let rarity: [Double]
    /// For each phrase how often it stands in the current document, weighted.
    var frequencies: [Double]

    init?(_ api: Fts5ExtensionApi, _ context: OpaquePointer, _ weights: [Double]) {
      var documents: Int64 = 0
      guard api.xRowCount(context, &documents) == SQLITE_OK else { return nil }
      var words: Int64 = 0
      for column in weights.indices where weights[column] > 0 {
        var length: Int64 = 0
        guard api.xColumnTotalSize(context, Int32(column), &length) == SQLITE_OK else { return nil }
        words += length
      }
      averageLength = documents > 0 ? max(Double(words) / Double(documents), 1e-9) : 1
      var rarity: [Double] = []
      for phrase in 0..<api.xPhraseCount(context) {
        var found: Int64 = 0
        let status = api.xQueryPhrase(context, phrase, &found) { _, _, found in
          found?.assumingMemoryBound(to: Int64.self).pointee += 1
          return SQLITE_OK
        }
        guard status == SQLITE_OK else { return nil }
        rarity.append(log1p((Double(documents - found) + 0.5) / (Double(found) + 0.5)))
      }
      self.rarity = rarity
      frequencies = rarity.map { _ in 0 }
    }
  }

  private static func score(_ api: Fts5ExtensionApi, _ context: OpaquePointer, _ weights: [Double]) -> Double? {
    guard let query = query(api, context, weights) else { return nil }
    for phrase in query.frequencies.indices { query.frequencies[phrase] = 0 }
    var count: Int32 = 0
    guard api.xInstCount(context, &count) == SQLITE_OK else { return nil }
    for instance in 0..<count {
      var (phrase, column, offset): (Int32, Int32, Int32) = (0, 0, 0)
      guard api.xInst(context, instance, &phrase, &column, &offset) == SQLITE_OK else { return nil }
      if query.frequencies.indices.contains(Int(phrase)), weights.indices.contains(Int(column)) {
        query.frequencies[Int(phrase)] += weights[Int(column)]
      }
    }
    var length: Int64 = 0
    for column in weights.indices where weights[column] > 0 {
      var words: Int32 = 0
      guard api.xColumnSize(context, Int32(column), &words) == SQLITE_OK else { return nil }
      length += Int64(words)
    }
    let norm = k1 * (1 - b + b * Double(length) / query.averageLength)
    var score = 0.0
    for (phrase, frequency) in query.frequencies.enumerated() where frequency > 0 {
      score += query.rarity[phrase] * frequency * (k1 + 1) / (frequency + norm)
    }
    return score
  }

  private static func query(_ api: Fts5ExtensionApi, _ context: OpaquePointer, _ weights: [Double]) -> Query? {
    if let known = api.xGetAuxdata(context, 0) { return Unmanaged<Query>.fromOpaque(known).takeUnretainedValue() }
    guard let query = Query(api, context, weights) else { return nil }
    // On failure FTS5 has released it already.
    let status = api.xSetAuxdata(context, Unmanaged.passRetained(query).toOpaque()) { query in
      if let query { Unmanaged<Query>.fromOpaque(query).release() }
    }
    return status == SQLITE_OK ? query : nil
  }
}
