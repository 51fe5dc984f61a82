import CSQLite
import Core

/// A connection's full-text engine: its tokenizers and our ranking.
final class FullText {
  private let api: UnsafeMutablePointer<fts5_api>
  private var tokenizers: [TextIndexDefinition.Tokenizer: TextTokenizer] = [:]

  /// Throws `internal` for an SQLite without FTS5.
  init(_ database: Database) throws {
    guard let api = roost_fts5(database.handle) else { throw RoostError(.internal, "SQLite was built without FTS5.") }
    self.api = api
    try TextRank.register(api)
  }

  func tokenizer(_ kind: TextIndexDefinition.Tokenizer) throws -> TextTokenizer {
    if let tokenizer = tokenizers[kind] { return tokenizer }
    let tokenizer = try TextTokenizer(kind.words, api)
    tokenizers[kind] = tokenizer
    return tokenizer
  }
}

/// One of FTS5's tokenizers, the same that makes the index's words: so we know what of a text SQLite takes for words, and where they stand.
final class TextTokenizer {
  /// A word as it is compared, and its place in the text.
  typealias Take = (_ word: UnsafeBufferPointer<UInt8>, _ place: Range<Int>) -> Void

  private var functions: fts5_tokenizer
  private let handle: OpaquePointer

  fileprivate init(_ words: [String], _ api: UnsafeMutablePointer<fts5_api>) throws {
    var data: UnsafeMutableRawPointer?
    var functions = fts5_tokenizer()
    var handle: OpaquePointer?
    guard words[0].withCString({ api.pointee.xFindTokenizer?(api, $0, &data, &functions) }) == SQLITE_OK, let create = functions.xCreate else {
      throw RoostError(.internal, "SQLite has no tokenizer '\(words[0])'.")
    }
    let arguments = words.dropFirst().map { Array($0.utf8CString) }
    let status = Self.withPointers(arguments) { pointers in
      var pointers = pointers
      return create(data, &pointers, Int32(pointers.count), &handle)
    }
    guard status == SQLITE_OK, let handle else { throw SQLiteError(code: status, database: nil) }
    self.functions = functions
    self.handle = handle
  }

  deinit { functions.xDelete?(handle) }

  private static func withPointers<Value>(
    _ texts: [[CChar]], _ pointers: [UnsafePointer<CChar>?] = [], _ body: ([UnsafePointer<CChar>?]) -> Value
  ) -> Value {
    guard pointers.count < texts.count else { return body(pointers) }
    return texts[pointers.count].withUnsafeBufferPointer { withPointers(texts, pointers + [$0.baseAddress], body) }
  }

  /// Calls `take` with each word of the text, in its order.
  func forEachWord(of text: [UInt8], isQuery: Bool = false, _ take: Take) throws {
    let status = withoutActuallyEscaping(take) { take in
      let box = Box(take: take)
      return text.withUnsafeBufferPointer { bytes -> Int32 in
        bytes.withMemoryRebound(to: CChar.self) { bytes in
          functions.xTokenize?(
            handle, Unmanaged.passUnretained(box).toOpaque(), isQuery ? FTS5_TOKENIZE_QUERY : FTS5_TOKENIZE_DOCUMENT, bytes.baseAddress, Int32(bytes.count)
          ) { context, _, word, count, start, end in
            guard let context, let word, count > 0 else { return SQLITE_OK }
            word.withMemoryRebound(to: UInt8.self, capacity: Int(count)) { word in
              Unmanaged<Box>.fromOpaque(context).takeUnretainedValue().take(
                UnsafeBufferPointer(start: word, count: Int(count)), Int(start)..<Int(max(start, end)))
            }
            return SQLITE_OK
          } ?? SQLITE_ERROR
        }
      }
    }
    guard status == SQLITE_OK else { throw SQLiteError(code: status, database: nil) }
  }

  private final class Box {
    let take: Take

    init(take: @escaping Take) {
      self.take = take
    }
  }

  /// The words of a text that is looked for.
  func words(of text: String) throws -> [[UInt8]] {
    var words: [[UInt8]] = []
    try forEachWord(of: Array(text.utf8), isQuery: true) { word, _ in words.append(Array(word)) }
    return words
  }
}
