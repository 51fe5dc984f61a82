import Core
import Glibc
import JSON
import Synchronization
import TestKit
import Testing

@testable import Storage

@Suite("The writer")
struct WriterTests {
  /// A writer on a database of its own, whose connection the test may set up first.
  private struct Lab {
    let folder = TestFolder()
    let writer = Writer(before: BeforeTriggers(project: "default"))
    var path: String { folder.path + "/w.db" }
    let things: Collection

    init(setUp: (Database) throws -> Void = { _ in }) throws {
      try DataFolder.makeFolder(folder.path)
      let database = try Database.open(path: folder.path + "/w.db", role: .writer)
      try MigrationRunner.run(MigrationRunner.builtIn, on: database, path: "w.db", at: Timestamp(milliseconds: 1))
      try database.runScript(DocumentTable(number: 1).creation)
      try database.run("INSERT INTO collections (number, name, configuration, created, updated) VALUES (1, 'things', '{}', 0, 0)")
      try setUp(database)
      things = Collection(try CollectionConfiguration(name: "things", value: [:]), number: 1, created: 0, updated: 0)
      writer.start(database, clock: ManualClock(), name: "test")
    }

    func write(_ writes: [DocumentWrite]) async -> Result<[DocumentOutcome], any Error> {
      await withCheckedContinuation { continuation in writer.submit(DocumentWriteJob(writes) { continuation.resume(returning: $0) }) }
    }

    /// Keeps the writer busy with a job of its own until something is pushed into the queue that it answers.
    func hold(then done: @escaping @Sendable () -> Void = {}) async -> WorkQueue<Bool> {
      let gate = WorkQueue<Bool>(itemsMax: 1)
      let started = Latch(count: 1)
      writer.submit(
        WorkJob({ _ in
          started.countDown()
          _ = gate.take(most: 1)
        }) { _ in done() })
      await started.wait()
      return gate
    }

    func reader() throws -> Database { try Database.open(path: path, role: .scanner) }
  }

  @Test("What is queued while the writer is busy is written in order, a half at a time")
  func groupCommit() async throws {
    let lab = try Lab()
    let held = Latch(count: 1)
    let gate = await lab.hold { held.countDown() }
    let answers = Mutex<[(Int, commits: UInt64)]>([])
    let all = Latch(count: 100)
    for number in 0..<100 {
      lab.writer.submit(
        DocumentWriteJob([.storing(#"{"n":\#(number)}"#, in: lab.things)]) { [writer = lab.writer] result in
          if case .success = result { answers.withLock { $0.append((number, writer.commits)) } }
          all.countDown()
        })
    }
    _ = gate.push(true)
    await held.wait()
    await all.wait()
    let done = answers.withLock { $0 }
    #expect(done.map(\.0) == Array(0..<100))
    // The first job was a commit of its own. Of it and the hundred, half is the next; then what is left is no more than half of all.
    #expect(done.map(\.commits) == Array(repeating: 2, count: 51) + Array(repeating: 3, count: 49))
    let order = try lab.reader().rows("SELECT body FROM documents_1 ORDER BY id") { $0.text(0) }
    #expect(order == (0..<100).map { #"{"n":\#($0)}"# })
    #expect(try lab.reader().rows("SELECT sequence FROM events ORDER BY sequence") { $0.int(0) } == (1...100).map(Int64.init))
  }

  @Test("A commit takes no more writes than its bound, however many a job has")
  func bounded() async throws {
    let lab = try Lab()
    let gate = await lab.hold()
    let all = Latch(count: 6)
    let commits = Mutex<Set<UInt64>>([])
    for _ in 0..<6 {
      let writes = (0..<Limits.writesPerCommitMax / 2).map { _ in DocumentWrite.storing("{}", in: lab.things) }
      lab.writer.submit(
        DocumentWriteJob(writes) { [writer = lab.writer] _ in
          commits.withLock { _ = $0.insert(writer.commits) }
          all.countDown()
        })
    }
    _ = gate.push(true)
    await all.wait()
    #expect(commits.withLock { $0 } == [2, 3, 4])
  }

  @Test("A job that fails takes nothing of its neighbours in the same commit along")
  func isolation() async throws {
    let lab = try Lab()
    let gate = WorkQueue<Bool>(itemsMax: 1)
    lab.writer.submit(WorkJob({ _ in _ = gate.take(most: 1) }) { _ in })
    let results = Mutex<[Int: ErrorCode?]>([:])
    let all = Latch(count: 30)
    for number in 0..<30 {
      let done: SQLiteDocumentStore.Completion<[DocumentOutcome]> = { result in
        results.withLock { results in
          if case .failure(let error) = result { results[number] = .some((((error as? FailedWrite)?.cause ?? error) as? RoostError)?.code) }
        }
        all.countDown()
      }
      let failing = DocumentWrite(collection: lab.things, id: "x", actor: .nobody) { _ in throw RoostError(.conflict, "no") }
      switch number % 3 {
      case 0: lab.writer.submit(DocumentWriteJob([.storing(#"{"n":\#(number)}"#, in: lab.things)], then: done))
      case 1: lab.writer.submit(DocumentWriteJob([failing], then: done))
      default: lab.writer.submit(DocumentWriteJob([.storing(#"{"n":\#(number)}"#, in: lab.things), failing], then: done))
      }
    }
    _ = gate.push(true)
    await all.wait()
    #expect(results.withLock { $0 }.keys.sorted() == (0..<30).filter { $0 % 3 != 0 })
    #expect(results.withLock { $0 }.values.allSatisfy { $0 == .conflict })
    #expect(try lab.reader().rows("SELECT body FROM documents_1 ORDER BY id") { $0.text(0) } == (0..<10).map { #"{"n":\#($0 * 3)}"# })
    #expect(try lab.reader().rows("SELECT sequence FROM events ORDER BY sequence") { $0.int(0) } == (1...10).map(Int64.init))
  }

  @Test("A full disk fails every job of the commit with storage_full, what was stored stands, and writing goes on when there is room")
  func full() async throws {
    let lab = try Lab()
    for _ in 0..<3 { _ = await lab.write([.storing("{}", in: lab.things)]) }
    try await lab.writer.write { transaction in
      let pages = try transaction.database.first("PRAGMA page_count") { $0.int(0) } ?? 0
      _ = try transaction.database.first("PRAGMA max_page_count = \(pages + 8)") { $0.int(0) }
    }
    let text = String(repeating: "x", count: 5000)
    var stored = 3
    var refused = 0
    for _ in 0..<12 {
      switch await lab.write([.storing(#"{"t":"\#(text)"}"#, in: lab.things), .storing("{}", in: lab.things)]) {
      case .success: stored += 2
      case .failure(let error):
        refused += 1
        #expect((error as? RoostError)?.code == .storageFull)
      }
    }
    #expect(refused > 0 && stored > 3)
    #expect(try lab.reader().first("SELECT count(*) FROM documents_1") { Int($0.int(0)) } == stored)
    #expect(try lab.reader().first("SELECT count(*), max(sequence) FROM events") { [Int($0.int(0)), Int($0.int(1))] } == [stored, stored])
    #expect(try lab.reader().rows("PRAGMA integrity_check") { $0.text(0) } == ["ok"])
    try await lab.writer.write { _ = try $0.database.first("PRAGMA max_page_count = 100000") { $0.int(0) } }
    guard case .success = await lab.write([.storing(#"{"t":"\#(text)"}"#, in: lab.things)]) else {
      Issue.record("writing did not go on")
      return
    }
  }

  @Test("A single change whose event cannot be written is undone with its whole commit")
  func halfDone() async throws {
    let lab = try Lab { try $0.runScript("CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.subject = 'bad' BEGIN SELECT raise(ABORT, 'no'); END") }
    guard case .failure = await lab.write([.storing("{}", id: "bad", in: lab.things)]) else {
      Issue.record("it was acknowledged")
      return
    }
    #expect(try lab.reader().first("SELECT count(*) FROM documents_1") { $0.int(0) } == 0)
    guard case .success = await lab.write([.storing("{}", id: "good", in: lab.things)]) else {
      Issue.record("writing did not go on")
      return
    }
    #expect(try lab.reader().rows("SELECT sequence FROM events") { $0.int(0) } == [1])
  }

  @Test("More than the queue holds is refused as overloaded at once, and everything is answered")
  func overload() async throws {
    let lab = try Lab()
    let gate = await lab.hold()
    let count = Limits.writerQueueMax + 10
    let all = Latch(count: count)
    let refused = Mutex(0)
    for _ in 0..<count {
      lab.writer.submit(
        WorkJob({ _ in }) { result in
          if case .failure(let error) = result, (error as? RoostError)?.code == .overloaded { refused.withLock { $0 += 1 } }
          all.countDown()
        })
    }
    #expect(refused.withLock { $0 } == 10)
    _ = gate.push(true)
    await all.wait()
  }

  @Test("Closing finishes what is queued, refuses what comes later and leaves one file that is whole by itself")
  func closing() async throws {
    let lab = try Lab()
    let all = Latch(count: 50)
    for _ in 0..<50 { lab.writer.submit(DocumentWriteJob([.storing("{}", in: lab.things)]) { _ in all.countDown() }) }
    await lab.writer.close()
    await all.wait()
    guard case .failure(let error) = await lab.write([.storing("{}", in: lab.things)]) else {
      Issue.record("it was accepted")
      return
    }
    #expect((error as? RoostError)?.code == .unavailable)
    var status = stat()
    #expect(stat(lab.path + "-wal", &status) != 0 || status.st_size == 0)
    #expect(try lab.reader().first("SELECT count(*) FROM documents_1") { $0.int(0) } == 50)
  }

  @Test("Two processes on one folder share the log's numbers")
  func twoWriters() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    let other = try await ProjectStorage.open(try DataFolder(path: store.folder.path, locking: false), clock: store.clock, lanes: 0)
    for number in 0..<10 {
      _ = try await (number % 2 == 0 ? store.documents : other.project.documents).write(.storing(#"{"n":\#(number)}"#, in: things))
    }
    await other.close()
    #expect(try await store.events().map(\.sequence) == (1...10).map(Int64.init))
  }
}
