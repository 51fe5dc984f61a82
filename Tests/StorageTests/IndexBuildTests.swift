import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Indexes built in the background")
struct IndexBuildTests {
  private static let count = Limits.indexedAtOnceMax + 500

  /// Values of every type, some of them missing.
  private static func body(_ number: Int) -> JSONValue {
    let values: [JSONValue] = [.int(Int64(number % 7)), .double(5), .string("t\(number % 11)"), .bool(number % 2 == 0), .null, ["x": 1], [1, 2]]
    var object: JSONObject = ["n": .int(Int64(number)), "slug": .string("s\(number)"), "o": ["d": .double(Double(number) / 3)]]
    if number % 8 != 7 { object["v"] = values[number % 8 % values.count] }
    return .object(object)
  }

  private static func filled(_ folder: TestFolder = TestFolder()) async throws -> (TestStorage, Collection) {
    let store = try await TestStorage(folder: folder)
    let things = try await store.collection()
    for start in stride(from: 0, to: count, by: 500) {
      let writes = (start..<min(start + 500, count)).map { DocumentWrite.storing(body($0).text, id: "d\($0)", in: things) }
      try await withCheckedThrowingContinuation { continuation in store.documents.write(writes) { continuation.resume(with: $0.map { _ in () }) } }
    }
    return (store, things)
  }

  /// SQLite's own opinion: every index holds exactly what it should.
  private static func requireIntegrity(of store: TestStorage) throws {
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    #expect(try database.rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
    #expect(try database.rows("SELECT name FROM sqlite_schema WHERE name GLOB 'index_build_[0-9]*'") { $0.text(0) } == [])
    #expect(try database.rows("SELECT number FROM index_builds WHERE state <> 'failed'") { $0.int(0) } == [])
  }

  private static let declared: JSONValue = [
    ["fields": ["v", "-n"]], ["fields": ["slug"], "unique": true], ["fields": ["v"], "sparse": true], ["fields": ["o.d", "v"], "unique": true],
    ["fields": ["-createdAt", "v"], "sparse": true], ["fields": ["version"]],
  ]

  @Test("An index over many documents is not ready at once, serves nothing until it is, and then holds what writers did meanwhile")
  func background() async throws {
    let (store, _) = try await Self.filled()
    let things = try await store.collection(indexes: Self.declared)
    #expect(things.builds.count == 6)
    let before = try await store.page("v == 5.0", sort: "-n", in: things)
    let plan = try await store.documents.plan(
      DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [SortKey(parsing: "v"), SortKey(parsing: "-n")], limit: 5, cursor: nil), in: things)
    #expect(plan.index == nil && plan.unreadyIndex == ["v", "-n"] && plan.missingIndex == nil)
    // Between the first portions, writers go on: on rows that are taken in already, on rows that are not, and on new ones.
    var random = SeededRandom(seed: 4)
    let builder = IndexBuilderSteps(store)
    var steps = 0
    while try await builder.step() == .more || steps < 20 {
      steps += 1
      let number = Int.random(in: 0..<Self.count, using: &random)
      _ = try await store.documents.write(.storing(Self.body(number + 3 * Self.count).text, id: "d\(number)", in: things))
      _ = try await store.documents.write(.deleting("d\(Int.random(in: 0..<Self.count, using: &random))", in: things))
      try await store.create(Self.body(Self.count + steps), in: things)
    }
    try await store.storage.finishIndexes()
    let ready = try store.project.collection("things")
    #expect(ready.builds.isEmpty)
    try Self.requireIntegrity(of: store)
    for (filter, sort) in [("v == 5.0", "-n"), ("v == \"t3\"", "-n"), ("v > 1", "v"), ("has(v)", "-createdAt,v"), ("n > 3", "v,-n")] {
      let indexed = try await store.page(filter, sort: sort, in: ready).items
      let scanned = try await store.page(filter, sort: sort, in: things).items
      #expect(indexed == scanned && !indexed.isEmpty, "\(filter) \(sort)")
    }
    #expect(try await store.page("v == 5.0", sort: "-n", in: ready).items.count >= before.items.count - 20)
    #expect(await code { try await store.create(Self.body(Self.count + 1), in: ready) } == .conflict)
  }

  @Test("A unique index over duplicates is refused and names them, before anything is changed")
  func duplicates() async throws {
    let (store, things) = try await Self.filled()
    try await store.create(["slug": "s3"], id: "other", in: things)
    do {
      _ = try await store.collection(indexes: [["fields": ["n"]], ["fields": ["slug"], "unique": true]])
      Issue.record("accepted")
    } catch let error as RoostError {
      #expect(error.code == .conflict)
      #expect(error.fields == [FieldError("/indexes/1", #""s3" in the documents 'd3' and 'other'"#)])
    }
    #expect(try await store.project.configuration.indexBuilds().isEmpty)
    try Self.requireIntegrity(of: store)
  }

  @Test("A duplicate that is written during the build fails it, loses nothing, and putting the collection again tries again")
  func failure() async throws {
    let (store, _) = try await Self.filled()
    let things = try await store.collection(indexes: [["fields": ["slug"], "unique": true]])
    // Nothing is taken in yet, so nobody notices.
    try await store.create(["slug": "s1499"], id: "late", in: things)
    try await store.storage.finishIndexes()
    let failed = try store.project.collection("things")
    guard case .failed(let found)? = failed.builds.first?.state else {
      Issue.record("expected a failed build")
      return
    }
    #expect(found == [DuplicateValue(values: ["s1499"], count: 2, ids: ["d1499", "late"])])
    try Self.requireIntegrity(of: store)
    try await store.create(["slug": "s1499"], id: "third", in: failed)
    #expect(await code { _ = try await store.collection(indexes: [["fields": ["slug"], "unique": true]]) } == .conflict)
    for id in ["late", "third"] { _ = try await store.documents.write(.deleting(id, in: failed)) }
    _ = try await store.collection(indexes: [["fields": ["slug"], "unique": true]])
    try await store.storage.finishIndexes()
    let ready = try store.project.collection("things")
    #expect(ready.builds.isEmpty)
    #expect(await code { try await store.create(["slug": "s1499"], in: ready) } == .conflict)
    try Self.requireIntegrity(of: store)
  }

  @Test("Whoever writes what a build has taken in already is refused")
  func conflictMeanwhile() async throws {
    let (store, _) = try await Self.filled()
    let things = try await store.collection(indexes: [["fields": ["slug"], "unique": true]])
    _ = try await IndexBuilderSteps(store).step()
    #expect(await code { try await store.create(["slug": "s0"], in: things) } == .conflict)
    try await store.storage.finishIndexes()
    #expect(try store.project.collection("things").builds.isEmpty)
    try Self.requireIntegrity(of: store)
  }

  @Test("A build goes on after a restart")
  func restart() async throws {
    let folder = TestFolder()
    do {
      let (store, _) = try await Self.filled(folder)
      _ = try await store.collection(indexes: Self.declared)
      _ = try await IndexBuilderSteps(store).step()
      await store.storage.close()
    }
    let store = try await TestStorage(folder: folder)
    #expect(try store.project.collection("things").builds.count == 6)
    try await store.storage.finishIndexes()
    try Self.requireIntegrity(of: store)
    #expect(try await Self.usedIndex("v,-n", store) == ["v", "-n"])
    await store.storage.close()
  }

  @Test("A build ends with its index or its collection, and nothing of it is left", arguments: [true, false])
  func interrupted(byDeleting isDeleted: Bool) async throws {
    let (store, _) = try await Self.filled()
    _ = try await store.collection(indexes: Self.declared)
    _ = try await IndexBuilderSteps(store).step()
    if isDeleted {
      _ = try await store.project.configuration.deleteCollection("things")
    } else {
      _ = try await store.collection(indexes: [["fields": ["n"]]])
    }
    try await store.storage.finishIndexes()
    try Self.requireIntegrity(of: store)
    if !isDeleted { #expect(try await Self.usedIndex("n", store) == ["n"]) }
  }

  private static func usedIndex(_ sort: String, _ store: TestStorage) async throws -> [String]? {
    let things = try store.project.collection("things")
    #expect(things.builds.isEmpty)
    return try await store.documents.plan(
      DocumentQuery(filter: nil, variables: .test(.anonymous), sort: SortKey.parse(sort), limit: 5, cursor: nil), in: things
    ).index
  }
}

/// The builder's steps, one at a time.
struct IndexBuilderSteps {
  let store: TestStorage

  init(_ store: TestStorage) { self.store = store }

  func step() async throws -> IndexBuildStep { try await store.storage.indexBuilder.step(for: .microseconds(1)) }
}
