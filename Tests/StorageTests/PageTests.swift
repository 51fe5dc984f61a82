import CEL
import Core
import JSON
import Synchronization
import TestKit
import Testing

@testable import Storage

@Suite("Pages")
struct PageTests {
  /// SQLite's order of what it sees: null, numbers, text.
  @Test("Values of different types have one order, null and missing first, and descending is its reverse")
  func mixedOrder() async throws {
    for indexes in [[], [["fields": ["a"]]]] as [JSONValue] {
      let store = try await TestStorage()
      let things = try await store.collection(indexes: indexes)
      let bodies = [
        #"{}"#, #"{"a":null}"#, #"{"a":-5}"#, #"{"a":false}"#, #"{"a":0.5}"#, #"{"a":true}"#, #"{"a":7}"#, #"{"a":""}"#, #"{"a":"Z"}"#, #"{"a":[1]}"#,
        #"{"a":"a"}"#, #"{"a":"é"}"#,
      ]
      for body in bodies.shuffled() { try await store.create(text: body, in: things) }
      let ascending = try await store.page(sort: "a", in: things).items
      #expect(ascending.dropFirst(2).map { String(decoding: $0.body, as: UTF8.self) } == Array(bodies.dropFirst(2)))
      let descending = try await store.page(sort: "-a", in: things).items
      #expect(descending.map(\.id) == ascending.reversed().map(\.id))
    }
  }

  @Test("Equal keys are ordered by id in the direction of the last key")
  func ties() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["a", "-b"]]])
    for id in ["1", "2", "3", "4"] { try await store.create(["a": 1, "b": id == "4" ? 0 : 1], id: id, in: things) }
    for (sort, ids) in [
      ("", "1234"), ("a", "1234"), ("-a", "4321"), ("a,-b", "3214"), ("-a,b", "4123"), ("a,b", "4123"), ("b,-id", "4321"), ("-id", "4321"), ("-b,id", "1234"),
      ("id,-a", "1234"),
    ] {
      #expect(try await store.page(sort: sort.isEmpty ? nil : sort, in: things).items.map(\.id).joined() == ids, "\(sort)")
    }
  }

  @Test("Pages follow one another without gap or repetition while documents come and go", arguments: [11, 12, 13, 14, 15, 16] as [UInt64])
  func walk(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["a"]], ["fields": ["b", "-c"]], ["fields": ["o.x", "a"]], ["fields": ["-createdAt"]]])
    for round in 0..<25 {
      var stable: Set<String> = []
      for _ in 0..<60 {
        store.clock.advance(by: .milliseconds(Int64(chance.next() % 3)))
        stable.insert(try await store.create(text: FilterChance.document(&chance), in: things).id)
      }
      let sort = FilterChance.sort(&chance)
      let filter = chance.next() % 2 == 0 ? nil : FilterChance.expression(&chance, depth: 1)
      if let filter, (try? ExpressionKind.filter.compile(filter, pointer: "")) == nil { continue }
      let matching = Set(try await store.page(filter, sort: sort, in: things).items.map(\.id)).intersection(stable)
      var seen: [DocumentRecord] = []
      var cursor: PageCursor?
      var added: [String] = []
      repeat {
        let limit = Int(1 + chance.next() % 7)
        let page = try await store.page(filter, sort: sort, limit: limit, cursor: cursor, in: things)
        #expect(page.items.count <= limit && (page.next == nil || page.items.count == limit))
        seen += page.items
        // As it travels: through text and back.
        cursor = try page.next.map { try PageCursor(parsing: $0.text(sort: try SortKey.parse(sort)), sort: try SortKey.parse(sort)) }
        for _ in 0..<chance.next() % 3 { added.append(try await store.create(text: FilterChance.document(&chance), in: things).id) }
        if chance.next() % 3 == 0, let gone = added.popLast() { _ = try await store.documents.write(.deleting(gone, in: things)) }
        // The page's own last document may go as well: the cursor is a place, not a document.
        if chance.next() % 4 == 0, let last = page.items.last, !stable.contains(last.id) { _ = try await store.documents.write(.deleting(last.id, in: things)) }
      } while cursor != nil && seen.count < 5000
      let ids = seen.map(\.id)
      let what = "seed \(seed), round \(round), sort \(sort), filter \(filter ?? "none")"
      #expect(Set(ids).count == ids.count, "repeated: \(what)")
      #expect(matching.isSubset(of: ids), "skipped \(matching.subtracting(ids)): \(what)")
      // The order of the whole walk is the order of one long page.
      let order = try await store.page(sort: sort, limit: 1000, in: things).items.map(\.id)
      let kept = Set(order)
      #expect(order.filter(Set(ids).contains) == ids.filter(kept.contains), "order: \(what)")
      for id in order { _ = try await store.documents.write(.deleting(id, in: things)) }
    }
  }

  @Test("A page that an index leads to runs on the lane at once, any other on the pool")
  func lanes() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["room", "-n"]], ["fields": ["slug"], "unique": true], ["fields": ["at"]]])
    let light = { (filter: String?, sort: String) throws in
      let filter = try filter.map { try ExpressionKind.filter.compile($0, pointer: "") }
      let query = DocumentQuery(
        filter: filter, variables: .test(.user(id: "u"), params: ["room": "x", "list": [1]]), sort: sort.isEmpty ? [] : try SortKey.parse(sort), limit: 10,
        cursor: nil)
      return PageReading(query, of: things, CollectionShape(things)).isLight
    }
    for (filter, sort) in [
      (nil, ""), (nil, "id"), (nil, "-id"), ("true", ""), (#"room == "x""#, "-n"), (#"room == "x""#, "n"), ("room == params.room", "room,n"),
      (#"room == "x" && n < 5"#, "-n"),
      (#"room == "x" && n > 2 && n <= 7"#, "n"), (nil, "room,-n"), (nil, "-room,n"), (#"slug == "s""#, "-n"), (#"slug == "s""#, ""), (#"id == "x""#, "n"),
      ("auth != null && id == auth.id", "-createdAt"),
      (nil, "at"), (#"at > "2020""#, "at"), (#"id > "a""#, ""), (#"at == "x""#, ""), (#"at == "x""#, "-id"), (#"room == "x" && n == 3"#, ""),
      ("true && (room == \"x\")", "-n"),
    ] as [(String?, String)] {
      #expect(try light(filter, sort), "\(filter ?? "all") by \(sort)")
    }
    for (filter, sort) in [
      (#"room == "x""#, ""), (#"room == "x""#, "m"), (nil, "n"), (nil, "room,n"), (#"m == 1"#, ""), (#"room == "x" && m == 1"#, "-n"),
      (#"room == "x" || n == 1"#, "-n"), (nil, "slug"),
      (#"room != "x""#, "room,-n"), (#"n > 5"#, "room,-n"), (#"size(room) == 1"#, ""), (#"room == "x" && size(text) > 1"#, "-n"), (#"room == 0.1"#, "-n"),
      (#"at > "2020""#, ""),
    ] as [(String?, String)] {
      #expect(try !light(filter, sort), "\(filter ?? "all") by \(sort)")
    }
  }

  @Test("Light pages walk along their index and never sort")
  func plans() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["room", "-n"]], ["fields": ["at"]]])
    for number in 0..<300 {
      try await store.create(["room": .string("r\(number % 3)"), "n": .int(Int64(number % 50)), "at": .string("\(number)")], in: things)
    }
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    for (filter, sort) in [
      (#"room == "r1""#, "-n"), (#"room == "r1" && n < 30"#, "-n"), (nil, "room,-n"), (nil, "-at"), (nil, ""), (nil, "-id"), (#"at > "2""#, "at"),
    ] as [(String?, String)] {
      var cursor: PageCursor?
      for _ in 0..<3 {
        let compiled = try filter.map { try ExpressionKind.filter.compile($0, pointer: "") }
        let query = DocumentQuery(filter: compiled, variables: .test(.anonymous), sort: sort.isEmpty ? [] : try SortKey.parse(sort), limit: 10, cursor: cursor)
        let reading = PageReading(query, of: things, CollectionShape(things))
        for sql in reading.statements {
          let plan = try database.rows("EXPLAIN QUERY PLAN " + sql.text, sql.values) { $0.text(3) }
          #expect(
            plan.count == 1 && plan.allSatisfy { $0.contains("USING INDEX") && !$0.contains("TEMP B-TREE") },
            "\(filter ?? "all") by \(sort): \(plan) for \(sql.text)")
        }
        cursor = try reading.run(on: database, isOver: { false }).next
      }
    }
  }

  @Test("A page of large documents ends early and goes on with its cursor")
  func large() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let text = String(repeating: "x", count: 1_000_000)
    for number in 0..<20 { try await store.create(["t": .string(text), "n": .int(Int64(number))], in: things) }
    var numbers: [Int64?] = []
    var cursor: PageCursor?
    var pages = 0
    repeat {
      let page = try await store.page(sort: "n", limit: 100, cursor: cursor, in: things)
      #expect(!page.items.isEmpty && page.items.count < 10)
      numbers += try page.items.map { try JSONValue(parsing: $0.body)["n"]?.intValue }
      cursor = page.next
      pages += 1
    } while cursor != nil
    #expect(numbers == (0..<20).map { $0 } && pages == 3)
  }

  @Test("A light page that meets far more rows than it should is handed to the pool")
  func handedOver() async throws {
    let store = try await TestStorage()
    let things = try await store.collection(indexes: [["fields": ["n"]]])
    // To SQL false lies among the numbers; only a look at each document's type tells that none of these is one.
    let text = String(repeating: "[0],", count: 1500)
    for _ in 0..<40 {
      let writes = (0..<50).map { _ in DocumentWrite.storing(#"{"x":[\#(text)0],"n":false}"#, in: things) }
      _ = try await withCheckedThrowingContinuation { continuation in store.documents.write(writes) { continuation.resume(with: $0) } }
    }
    let wanted = try await store.create(["n": 3], in: things)
    let filter = try ExpressionKind.filter.compile("n < 5", pointer: "")
    let query = DocumentQuery(filter: filter, variables: .test(.anonymous), sort: try SortKey.parse("n"), limit: 10, cursor: nil)
    #expect(PageReading(query, of: things, CollectionShape(things)).isLight)
    let page = try await withCheckedThrowingContinuation { continuation in
      store.documents.page(query, in: things, lane: 0) { continuation.resume(with: $0) }
    }
    #expect(page.items == [wanted])
  }

  @Test("A caller who still has the old configuration gets the page without the index that is gone")
  func droppedIndex() async throws {
    let store = try await TestStorage()
    let old = try await store.collection(indexes: [["fields": ["room", "-n"]]])
    for number in 0..<30 { try await store.create(["room": "x", "n": .int(Int64(number))], in: old) }
    let query = DocumentQuery(
      filter: try ExpressionKind.filter.compile(#"room == "x""#, pointer: ""), variables: .test(.anonymous), sort: try SortKey.parse("-n"), limit: 5,
      cursor: nil)
    let read = { (lane: Int) async throws -> [Int64?] in
      let page = try await withCheckedThrowingContinuation { continuation in store.documents.page(query, in: old, lane: lane) { continuation.resume(with: $0) }
      }
      return try page.items.map { try JSONValue(parsing: $0.body)["n"]?.intValue }
    }
    #expect(try await read(offLane) == [29, 28, 27, 26, 25])
    _ = try await store.collection()
    #expect(try await read(offLane) == [29, 28, 27, 26, 25])
    #expect(try await read(0) == [29, 28, 27, 26, 25])
  }

  @Test("A query that takes too long is stopped and names the index to declare")
  func tooSlow() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    for number in 0..<600 { try await store.create(["room": "x", "n": .int(Int64(number))], in: things) }
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    let filter = try ExpressionKind.filter.compile(#"room == "x" && size(room) == 9"#, pointer: "")
    let query = DocumentQuery(filter: filter, variables: .test(.anonymous), sort: try SortKey.parse("-n"), limit: 10, cursor: nil)
    do {
      _ = try PageReading(query, of: things, CollectionShape(things)).run(on: database) { true }
      Issue.record("it was not stopped")
    } catch let error as RoostError {
      #expect(error.code == .queryTooSlow && error.message.contains(#"["room", "-n"]"#), "\(error.message)")
    }
  }
}
