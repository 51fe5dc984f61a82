import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Configuration at rest")
struct ConfigurationStoreTests {
  @Test("A fresh project has the collection of users, which cannot be deleted")
  func users() async throws {
    let store = try await TestStorage()
    let collections = try await store.project.configuration.collections()
    #expect(collections.map(\.name) == ["users"])
    #expect(collections[0].rules.create.expression == nil)
    #expect(collections[0].rules.read.expression?.source == "auth != null && id == auth.id")
    #expect(await code { _ = try await store.project.configuration.deleteCollection("users") } == .conflict)
  }

  @Test("Collections are created, replaced and deleted; what was saved comes back")
  func collections() async throws {
    let store = try await TestStorage()
    let configuration = store.project.configuration
    let value: JSONValue = ["rules": ["read": "true", "update": "author == auth.id"], "indexes": [["fields": ["author", "-createdAt"]]]]
    let (first, created) = try await configuration.put(CollectionConfiguration(name: "posts", value: value), at: store.clock.now())
    #expect(created)
    try await store.create(["n": 1], in: first)
    store.clock.advance(by: .seconds(1))
    let (second, again) = try await configuration.put(CollectionConfiguration(name: "posts", value: [:]), at: store.clock.now())
    #expect(!again && second.number == first.number && second.created == first.created && second.updated > first.updated)
    let loaded = try #require(try await configuration.collections().first { $0.name == "posts" })
    #expect(loaded.configuration == second.configuration && loaded.indexes.isEmpty)
    #expect(try await store.page(in: loaded).items.count == 1)
    #expect(try await configuration.deleteCollection("posts"))
    #expect(try await !configuration.deleteCollection("posts"))
    #expect(try await configuration.collections().map(\.name) == ["users"])
  }

  @Test("Indexes are built and dropped as the configuration asks, also over what is there already")
  func indexes() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    for number in 0..<50 { try await store.create(["a": .int(Int64(number % 7)), "b": .string("b\(number)")], in: things) }
    let expected = try await store.page("a == 3", sort: "-b", in: things).items.map(\.id)
    for indexes in [[["fields": ["a", "-b"]]], [["fields": ["a", "-b"]], ["fields": ["b"], "unique": true]], [["fields": ["b"]]], []] as [JSONValue] {
      let changed = try await store.collection(indexes: indexes)
      #expect(try await store.page("a == 3", sort: "-b", in: changed).items.map(\.id) == expected)
    }
    let database = try Database.open(path: store.folder.path + "/projects/default/roost.db", role: .scanner)
    let left = try database.rows(
      "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL", .text("documents_\(things.number)")
    ) { $0.text(0) }
    #expect(left.isEmpty)
  }

  @Test("A unique index over duplicates is refused and nothing of the change stays")
  func duplicates() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    for _ in 0..<2 { try await store.create(["a": 1], in: things) }
    #expect(await code { _ = try await store.collection(indexes: [["fields": ["b"]], ["fields": ["a"], "unique": true]]) } == .conflict)
    let loaded = try #require(try await store.project.configuration.collections().first { $0.name == "things" })
    #expect(loaded.indexes.isEmpty)
    try await store.create(["a": 1], in: loaded)
  }

  @Test("Buckets are created, replaced and deleted, but not with files in them")
  func buckets() async throws {
    let store = try await TestStorage()
    let configuration = store.project.configuration
    let (first, created) = try await configuration.put(BucketConfiguration(name: "photos", value: ["maxSize": 1000]), at: store.clock.now())
    #expect(created && first.configuration.sizeMax == 1000)
    store.clock.advance(by: .seconds(1))
    let (second, again) = try await configuration.put(BucketConfiguration(name: "photos", value: ["public": true]), at: store.clock.now())
    #expect(!again && second.created == first.created && second.updated > first.updated)
    #expect(try await configuration.buckets().map(\.configuration.value) == [second.configuration.value])
    try await store.upload("x", to: "a.txt", bucket: "photos")
    #expect(await code { _ = try await configuration.deleteBucket("photos") } == .conflict)
    #expect(try await store.project.files.delete("a.txt", in: "photos", actor: .nobody) { _, _ in })
    #expect(try await configuration.deleteBucket("photos"))
    #expect(try await !configuration.deleteBucket("photos"))
  }

  @Test("Everything is there again after a restart")
  func restart() async throws {
    let folder = TestFolder()
    do {
      let store = try await TestStorage(folder: folder)
      let things = try await store.collection(indexes: [["fields": ["a"], "unique": true]])
      try await store.create(["a": 1], id: "x", in: things)
      await store.storage.close()
    }
    let store = try await TestStorage(folder: folder)
    let things = try store.project.collection("things")
    #expect(try await store.documents.get("x", in: things)?.version == 1)
    #expect(await code { try await store.create(["a": 1], in: things) } == .conflict)
    try await store.create(["a": 2], in: things)
    #expect(try await store.events().map(\.sequence) == [1, 2])
  }
}
