import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Search")
struct SearchTests {
  private static let words = ["alpha", "beta", "gamma", "delta", "Épsilon", "zeta", "run", "running", "x", "中文字", "a-b", "\0", "👩‍👩‍👧", "ﬁ"]

  private static func text(_ chance: inout SeededRandom) -> JSONValue {
    let text = (0..<chance.next() % 8).map { _ in words[Int(chance.next() % UInt64(words.count))] }.joined(separator: " ")
    switch chance.next() % 10 {
    case 0: return nil
    case 1: return .int(Int64(chance.next() % 9))
    case 2: return .array([.string(text), .string("tail"), 7])
    default: return .string(text)
    }
  }

  private static func body(_ chance: inout SeededRandom) -> JSONValue {
    var object: JSONObject = ["n": .int(Int64(chance.next() % 3))]
    for name in ["title", "body"] where chance.next() % 5 > 0 { object[name] = text(&chance) }
    if chance.next() % 3 == 0 { object["o"] = ["deep": text(&chance)] }
    return .object(object)
  }

  private static func index(_ tokenizer: String = "unicode61", fields: JSONValue = ["title", "body", "o.deep"]) -> JSONValue {
    [["fields": fields, "type": "text", "tokenizer": .string(tokenizer)]]
  }

  private func search(_ text: String, limit: Int = 1000, in collection: Collection, _ store: TestStorage) async throws -> [String] {
    let page = DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: limit, cursor: nil)
    return try await store.documents.search(DocumentSearch(TextQuery(parsing: text), page: page), in: collection).items.map(\.document.id)
  }

  /// Every word with its place, as the index has it and as one does that is built anew; and what FTS5 itself says of it.
  private func requireAgreement(_ collection: Collection, _ store: TestStorage, _ what: String) throws {
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .writer)
    let index = try #require(try database.textIndex(of: collection.number), "\(what)")
    try #require(index.isReady, "\(what)")
    try database.run("INSERT INTO \(index.table) (\(index.table)) VALUES ('integrity-check')")
    let anew = TextIndex(number: 9999, definition: index.definition, indexedTo: TextIndex.complete)
    try database.run("BEGIN")
    defer { try? database.run("ROLLBACK") }
    try database.runScript(TextIndex.creation(anew.number, anew.definition))
    let documents = try database.rows("SELECT rowid, body FROM \(DocumentTable(number: collection.number).name)") { ($0.int(0), $0.bytes(1)) }
    for (row, body) in documents {
      guard let texts = anew.definition.texts(of: body) else { continue }
      try database.run(anew.insertion, [.int(row)] + texts.map(SQLValue.utf8))
    }
    var places: [[String]] = []
    var sizes: [[String]] = []
    for table in [index.table, anew.table] {
      try database.runScript("CREATE VIRTUAL TABLE temp.v_\(table) USING fts5vocab('main', '\(table)', 'instance')")
      places.append(
        try database.rows("SELECT doc, col, offset, term FROM temp.v_\(table) ORDER BY 1, 2, 3, 4") { "\($0.int(0)) \($0.text(1)) \($0.int(2)) \($0.text(3))" })
      sizes.append(try database.rows("SELECT id, hex(sz) FROM \(table)_docsize ORDER BY id") { "\($0.int(0)) \($0.text(1))" })
      try database.runScript("DROP TABLE temp.v_\(table)")
    }
    #expect(places[0] == places[1], "\(what)")
    #expect(sizes[0] == sizes[1], "\(what)")
    #expect(!places[0].isEmpty, "the test was to index something: \(what)")
  }

  @Test(
    "After any writes the index is what one is that is built anew",
    arguments: [("unicode61", 21), ("porter", 22), ("trigram", 23), ("unicode61", 24)] as [(String, UInt64)])
  func agreement(tokenizer: String, seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    var things = try await store.collection(indexes: Self.index(tokenizer))
    let id = { (chance: inout SeededRandom) in "d\(chance.next() % 30)" }
    for turn in 0..<600 {
      switch chance.next() % 12 {
      case 0..<6: _ = try await store.create(Self.body(&chance), id: id(&chance), in: things)
      case 6..<8: _ = try await store.documents.write(.deleting(id(&chance), in: things))
      case 8: _ = try await store.create(Self.body(&chance), in: things)
      case 9:
        // Several in one commit, which succeed together.
        let writes = (0..<4).map { _ in DocumentWrite.storing(Self.body(&chance).text, id: id(&chance), in: things) }
        _ = try? await write(writes, store)
      case 10:
        // Several, of which the last fails: none of them stays.
        let refused = DocumentWrite(collection: things, id: "z", actor: .nobody) { _ in throw RoostError(.conflict, "no") }
        let writes = (0..<3).map { _ in DocumentWrite.storing(Self.body(&chance).text, id: id(&chance), in: things) }
        #expect(await code { try await write(writes + [refused], store) } == .conflict)
      default:
        guard turn % 5 == 0 else { continue }
        let fields: JSONValue = chance.next() % 2 == 0 ? ["title", "o.deep"] : ["title", "body", "o.deep"]
        things = try await store.collection(indexes: Self.index(tokenizer, fields: fields))
      }
    }
    try requireAgreement(things, store, "seed \(seed), \(tokenizer)")
    await store.storage.close()
  }

  private func write(_ writes: [DocumentWrite], _ store: TestStorage) async throws {
    try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
      store.documents.write(writes) { result in continuation.resume(with: result.map { _ in }) }
    }
  }

  @Test("An index that is built beside writes holds what was there and what came", arguments: [31, 32] as [UInt64])
  func building(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    var things = try await store.collection()
    for start in stride(from: 0, to: 4000, by: 400) {
      try await write((start..<start + 400).map { .storing(Self.body(&chance).text, id: "d\($0)", in: things) }, store)
    }
    things = try await store.collection(indexes: Self.index())
    var turns = 0
    while try await store.project.configuration.textIndexStates()[things.number]?.isReady == false {
      turns += 1
      let id = "d\(chance.next() % 4200)"
      switch chance.next() % 3 {
      case 0: _ = try await store.documents.write(.deleting(id, in: things))
      case 1: _ = try await store.create(Self.body(&chance), id: id, in: things)
      default: try await write((0..<5).map { _ in .storing(Self.body(&chance).text, id: "d\(chance.next() % 4200)", in: things) }, store)
      }
    }
    #expect(turns > 0, "the test was to write meanwhile")
    try requireAgreement(things, store, "seed \(seed)")
    await store.storage.close()
  }

  @Test("Building goes on where it was when the folder is opened again")
  func resuming() async throws {
    var chance = SeededRandom(seed: 41)
    let folder = TestFolder()
    var store: TestStorage? = try await TestStorage(folder: folder)
    var things = try #require(try await store?.collection())
    for start in stride(from: 0, to: 6000, by: 500) {
      try await write((start..<start + 500).map { .storing(Self.body(&chance).text, id: "d\($0)", in: things) }, try #require(store))
    }
    things = try #require(try await store?.collection(indexes: Self.index()))
    // Closing ends the building between two portions.
    await store?.storage.close()
    store = nil
    let again = try await TestStorage(folder: folder)
    while try await again.project.configuration.textIndexStates()[things.number]?.isReady == false { try await again.create(["n": 1], in: things) }
    try requireAgreement(things, again, "reopened")
    await again.storage.close()
  }

  @Test("A change of other fields does not touch the index")
  func untouched() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: Self.index())
    try await store.create(["title": "alpha", "n": 1], id: "a", in: things)
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    let index = try #require(try database.textIndex(of: things.number))
    let blocks = { try database.rows("SELECT id, hex(block) FROM \(index.table)_data") { "\($0.int(0)) \($0.text(1))" } }
    let before = try blocks()
    try await store.create(["title": "alpha", "n": 2, "more": "beta"], id: "a", in: things)
    try await store.create(["n": 3], id: "b", in: things)
    #expect(try blocks() == before)
    try await store.create(["title": "beta", "n": 2], id: "a", in: things)
    #expect(try blocks() != before, "the test was to see a change")
    await store.storage.close()
  }

  @Test("No text breaks out of a search", arguments: [("unicode61", 51), ("porter", 52), ("trigram", 53)] as [(String, UInt64)])
  func hostile(tokenizer: String, seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    let things = try await store.collection(indexes: Self.index(tokenizer))
    for number in 0..<20 { try await store.create(Self.body(&chance), id: "d\(number)", in: things) }
    let pieces = [
      "\"", "'", "*", "^", "(", ")", "{", "}", ":", "+", "-", "NEAR", "NEAR(", "AND", "OR", "NOT", "c0:", "{c0 c1}:", "words_1", "alpha", "run", "x", "\0",
      "\u{1}", "\\", ";", "é",
      "\u{301}", "中文字", "𝒳", "\u{202e}", "\u{fffe}", " ", "\n", "\u{2028}",
    ]
    for _ in 0..<2000 {
      let text = (0..<1 + chance.next() % 12).map { _ in pieces[Int(chance.next() % UInt64(pieces.count))] }.joined(
        separator: chance.next() % 2 == 0 ? "" : " ")
      do {
        _ = try await search(text, limit: 2, in: things, store)
      } catch let error as RoostError where error.code == .badRequest {
        // Nothing to look for.
      } catch {
        Issue.record("seed \(seed), \(text.debugDescription): \(error)")
      }
    }
    await store.storage.close()
  }

  @Test("Snippets mark what was found, wherever it stands", arguments: ["unicode61", "trigram"])
  func snippets(tokenizer: String) async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: Self.index(tokenizer, fields: ["title"]))
    let filler = String(repeating: "hay ", count: 300)
    try await store.create(["title": .string(filler + "needle thread " + filler)], id: "a", in: things)
    let page = DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: 10, cursor: nil)
    for text in ["needle", "thread needle", "\"needle thread\"", "nothing OR needle", tokenizer == "trigram" ? "eedle" : "need*"] {
      let hit = try #require(try await store.documents.search(DocumentSearch(TextQuery(parsing: text), page: page), in: things).items.first)
      let html = hit.snippets[0].snippet.html
      #expect(html.hasPrefix("…") && html.hasSuffix("…") && html.contains("<mark>") && html.contains("eedle") && html.count < 900, "\(text): \(html)")
    }
    await store.storage.close()
  }
}
