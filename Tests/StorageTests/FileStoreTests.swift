import Core
import Glibc
import JSON
import TestKit
import Testing

@testable import Storage

extension TestStorage {
  @discardableResult
  func upload(_ text: String, to path: String, bucket: String, owner: String? = nil) async throws -> StoredFile {
    let upload = try await project.files.beginUpload()
    try await upload.write(Array(text.utf8))
    return try await upload.commit(FileTarget(bucket: bucket, path: path, contentType: "text/plain", owner: owner, actor: .nobody)) { _, _ in }
  }

  func bucket(_ name: String = "b") async throws {
    _ = try await project.configuration.put(BucketConfiguration(name: name, value: [:]), at: clock.now())
  }

  func content(_ file: StoredFile) async throws -> String {
    let descriptor = try await project.files.open(file)
    defer { close(descriptor) }
    return text(descriptor)
  }

  func text(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }

  var filesPath: String { folder.path + "/projects/default/files" }

  /// Every content on the disk, in place or on its way in.
  var contentOnDisk: [String] {
    TestFolder.names(in: filesPath).flatMap { TestFolder.names(in: filesPath + "/" + $0) }
  }
}

@Suite("Files at rest")
struct FileStoreTests {
  @Test("An upload becomes visible with its commit: record, digest, content and event")
  func upload() async throws {
    let store = try await TestStorage()
    try await store.bucket()
    let upload = try await store.project.files.beginUpload()
    for piece in ["Hello, ", "", "world"] { try await upload.write(Array(piece.utf8)) }
    #expect(upload.size == 12)
    #expect(try await store.project.files.file("a/b.txt", in: "b") == nil)
    let file = try await upload.commit(FileTarget(bucket: "b", path: "a/b.txt", contentType: "text/plain", owner: "u", actor: .nobody)) { replaced, _ in
      #expect(replaced == nil)
    }
    upload.abort()
    #expect(file.size == 12 && file.digest == SHA256Digest.hash(Array("Hello, world".utf8)) && file.owner == "u" && file.created == store.clock.now())
    let found = try #require(try await store.project.files.file("a/b.txt", in: "b"))
    #expect(found.value == file.value)
    #expect(try await store.content(found) == "Hello, world")
    let events = try await store.events()
    #expect(
      events.count == 1 && events[0].kind == .file && events[0].action == .created && events[0].path == "b/a/b.txt" && events[0].after == file.value.bytes())
  }

  @Test("Replacing keeps the first time and removes the old content, which stays readable for whoever has it open")
  func replace() async throws {
    let store = try await TestStorage()
    try await store.bucket()
    let first = try await store.upload("one", to: "f", bucket: "b")
    let descriptor = try await store.project.files.open(first)
    defer { close(descriptor) }
    store.clock.advance(by: .seconds(1))
    let second = try await store.upload("two", to: "f", bucket: "b")
    #expect(second.created == first.created && second.updated > first.updated && second.contentID != first.contentID)
    #expect(store.text(descriptor) == "one")
    #expect(try await store.content(second) == "two")
    await store.storage.close()
    #expect(store.contentOnDisk == [second.contentID])
    #expect(await code { _ = try await store.content(first) } == .unavailable)
  }

  @Test("A refused or aborted upload leaves nothing")
  func refused() async throws {
    let store = try await TestStorage()
    try await store.bucket()
    let upload = try await store.project.files.beginUpload()
    try await upload.write([1])
    let target = FileTarget(bucket: "b", path: "f", contentType: "a/b", owner: nil, actor: .nobody)
    #expect(await code { _ = try await upload.commit(target) { _, _ in throw RoostError(.forbidden, "no") } } == .forbidden)
    let second = try await store.project.files.beginUpload()
    try await second.write([1])
    second.abort()
    second.abort()
    await #expect(throws: (any Error).self) { try await second.write([2]) }
    do {
      let third = try await store.project.files.beginUpload()
      try await third.write([1])
    }
    let fourth = try await store.project.files.beginUpload()
    #expect(
      await code { _ = try await fourth.commit(FileTarget(bucket: "none", path: "f", contentType: "a/b", owner: nil, actor: .nobody)) { _, _ in } }
        == .bucketNotFound)
    #expect(try await store.events().isEmpty)
    await store.storage.close()
    #expect(store.contentOnDisk.isEmpty)
  }

  @Test("Deleting asks first, then removes record and content, with an event")
  func delete() async throws {
    let store = try await TestStorage()
    try await store.bucket()
    let file = try await store.upload("x", to: "f", bucket: "b")
    let files = store.project.files
    #expect(await code { _ = try await files.delete("f", in: "b", actor: .nobody) { _, _ in throw RoostError(.forbidden, "no") } } == .forbidden)
    let deleted = try await files.delete("f", in: "b", actor: .nobody) { found, _ in #expect(found.value == file.value) }
    #expect(deleted)
    #expect(try await !files.delete("f", in: "b", actor: .nobody) { _, _ in })
    #expect(try await files.file("f", in: "b") == nil)
    #expect(try await store.events().map(\.action) == [.created, .deleted])
    await store.storage.close()
    #expect(store.contentOnDisk.isEmpty)
  }

  @Test("A start finishes or undoes what a crash interrupted")
  func sweep() async throws {
    let folder = TestFolder()
    let kept: StoredFile
    let gone: String
    do {
      let store = try await TestStorage(folder: folder)
      try await store.bucket()
      kept = try await store.upload("kept", to: "kept", bucket: "b")
      gone = try await store.upload("gone", to: "gone", bucket: "b").contentID
      await store.storage.close()
      // As a crash leaves it: content that missed its renaming, an upload without a record, and old content that should have gone.
      let content = ContentFolder(path: store.filesPath)
      #expect(rename(content.finalPath(kept.contentID), content.incomingPath(kept.contentID)) == 0)
      #expect(Glibc.close(Glibc.open(content.incomingPath("0123456789abcdef"), O_CREAT | O_WRONLY, 0o600)) == 0)
      let database = try Database.open(path: folder.path + "/projects/default/roost.db", role: .writer)
      try database.run("DELETE FROM files WHERE path = 'gone'")
      try database.run("INSERT INTO file_remains (content_id) VALUES (?)", .text(gone))
    }
    let store = try await TestStorage(folder: folder)
    #expect(store.contentOnDisk == [kept.contentID])
    #expect(try await store.content(kept) == "kept")
    let database = try Database.open(path: folder.path + "/projects/default/roost.db", role: .scanner)
    #expect(try database.rows("SELECT content_id FROM file_remains") { $0.text(0) }.isEmpty)
  }

  @Test("The command line beside a running server leaves uploads alone")
  func localMode() async throws {
    let store = try await TestStorage()
    try await store.bucket()
    let upload = try await store.project.files.beginUpload()
    try await upload.write(Array("x".utf8))
    let local = try await ProjectStorage.open(try DataFolder(path: store.folder.path, locking: false), clock: store.clock, lanes: 0)
    await local.close()
    let file = try await upload.commit(FileTarget(bucket: "b", path: "f", contentType: "a/b", owner: nil, actor: .nobody)) { _, _ in }
    #expect(try await store.content(file) == "x")
  }

  @Test("Listing by prefix and folder, page by page, agrees with a plain look at all names", arguments: [21, 22, 23] as [UInt64])
  func listing(seed: UInt64) async throws {
    var chance = SeededRandom(seed: seed)
    let store = try await TestStorage()
    try await store.bucket()
    try await store.bucket("other")
    let segments = ["a", "b", "a b", "%", "_", "é", "e\u{301}", "😀", "a0", "a-", "z", "A", "a.", "ab", "\u{7ff}", "\u{ffff}"]
    var paths: Set<[UInt8]> = []
    for _ in 0..<60 {
      let path = (0...chance.next() % 3).map { _ in FilterChance.pick(segments, &chance) }.joined(separator: "/")
      paths.insert(Array(path.utf8))
      try await store.upload("x", to: path, bucket: "b")
    }
    try await store.upload("x", to: "a", bucket: "other")
    let sorted = paths.sorted { $0.lexicographicallyPrecedes($1) }
    for prefix in ["", "a", "a/", "%", "_", "é", "e", "a/b", "a/b/", "nothing", "😀/", "\u{ffff}", "z/%"] {
      for delimiter in [false, true] {
        let bytes = Array(prefix.utf8)
        var items: [String] = []
        var prefixes: [String] = []
        for path in sorted where path.starts(with: bytes) {
          if delimiter, let slash = path[bytes.count...].firstIndex(of: UInt8(ascii: "/")) {
            let folder = String(decoding: path[...slash], as: UTF8.self)
            if prefixes.last?.utf8.elementsEqual(folder.utf8) != true { prefixes.append(folder) }
          } else {
            items.append(String(decoding: path, as: UTF8.self))
          }
        }
        for limit in [1, 3, 1000] {
          var found = FilePage(items: [], prefixes: [], next: nil)
          var after: String?
          var pages = 0
          repeat {
            let page = try await store.project.files.list(FileQuery(bucket: "b", prefix: prefix, delimiter: delimiter, limit: limit, after: after))
            #expect(page.items.count + page.prefixes.count <= limit)
            found = FilePage(items: found.items + page.items, prefixes: found.prefixes + page.prefixes, next: nil)
            after = page.next
            pages += 1
          } while after != nil && pages < 200
          let what = "seed \(seed), prefix '\(prefix)', delimiter \(delimiter), limit \(limit)"
          #expect(found.items.map { Array($0.path.utf8) } == items.map { Array($0.utf8) }, "\(what)")
          #expect(found.prefixes.map { Array($0.utf8) } == prefixes.map { Array($0.utf8) }, "\(what)")
        }
      }
    }
  }
}
