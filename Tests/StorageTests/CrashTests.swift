import Core
import Glibc
import JSON
import Synchronization
import TestKit
import Testing

@testable import Storage

/// What a killed process and a failing disk leave behind. Each runs in a process of its own, which may be killed or limited.
@Suite("Crashes", .serialized)
struct CrashTests {
  /// Where a child process leaves its folder: the test process and its child find the same name.
  private static func path(_ name: String, process: pid_t) -> String { "/tmp/roost-crash-\(name)-\(process)" }

  @Test("A process that is killed in the middle of its writes loses nothing that was acknowledged")
  func killed() async throws {
    let path = Self.path("kill", process: getpid())
    defer { TestFolder.remove(path) }
    await #expect(processExitsWith: .signal(SIGKILL)) {
      let path = CrashTests.path("kill", process: getppid())
      let data = try DataFolder(path: path, locking: true)
      let storage = try await ProjectStorage.open(data, lanes: 0)
      let things = try await storage.project.configuration.put(
        CollectionConfiguration(name: "things", value: ["indexes": [["fields": ["n"]]]]), at: SystemClock().now()
      ).0
      // Each acknowledged id goes to a file outside of the database before the next write begins.
      let acknowledged = open(path + "/acknowledged", O_CREAT | O_WRONLY | O_APPEND, 0o600)
      let count = Atomic<Int>(0)
      @Sendable func next(_ number: Int) {
        storage.project.documents.write([.storing(#"{"n":\#(number),"t":"\#(String(repeating: "x", count: number % 3000))"}"#, in: things)]) { result in
          guard let id = try? result.get()[0].after?.id else { return }
          let line = id + "\n"
          _ = write(acknowledged, line, line.utf8.count)
          if count.add(1, ordering: .relaxed).newValue == 3000 { kill(getpid(), SIGKILL) }
          next(number + 32)
        }
      }
      for number in 0..<32 { next(number) }
      await Latch(count: 1).wait()
    }
    let text = try String(decoding: Self.read(path + "/acknowledged"), as: UTF8.self)
    let acknowledged = text.split(separator: "\n").map(String.init)
    #expect(acknowledged.count >= 3000)
    let storage = try await ProjectStorage.open(try DataFolder(path: path, locking: true), lanes: 0)
    try await storage.project.reloadConfiguration()
    let things = try storage.project.collection("things")
    var missing = 0
    for id in acknowledged where try await storage.project.documents.get(id, in: things) == nil { missing += 1 }
    #expect(missing == 0)
    // Each document has its event and each event its document, numbered without a gap.
    var documents: Set<String> = []
    var cursor: PageCursor?
    repeat {
      let page = try await storage.project.documents.page(
        DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: 1000, cursor: cursor), in: things)
      documents.formUnion(page.items.map(\.id))
      cursor = page.next
    } while cursor != nil
    var events: [LogEvent] = []
    while true {
      let more = try await storage.project.log.events(after: events.last?.sequence ?? 0, limit: 1000)
      if more.isEmpty { break }
      events += more
    }
    #expect(events.map(\.sequence) == (0..<events.count).map { Int64($0 + 1) })
    #expect(Set(events.map(\.subject)) == documents && events.count == documents.count)
    await storage.close()
  }

  @Test("The N-th page that the disk does not take fails its commit as storage_full; nothing before is lost, nothing of it stays")
  func failingDisk() async throws {
    await #expect(processExitsWith: .success) {
      signal(SIGXFSZ, SIG_IGN)
      for kilobytes in stride(from: 4, through: 220, by: 12) {
        let folder = TestFolder()
        do {
          let storage = try await ProjectStorage.open(try DataFolder(path: folder.path, locking: true), lanes: 0)
          let things = try await storage.project.configuration.put(
            CollectionConfiguration(name: "things", value: ["indexes": [["fields": ["n"]]]]), at: SystemClock().now()
          ).0
          var status = stat()
          stat(folder.path + "/projects/default/roost.db-wal", &status)
          // From here on no file of this process may grow past this: its writes fail with EFBIG.
          var limit = rlimit(rlim_cur: rlim_t(status.st_size) + rlim_t(kilobytes << 10), rlim_max: rlim_t.max)
          setrlimit(__rlimit_resource_t(1), &limit)
          var acknowledged: [String] = []
          var failures = 0
          for number in 0..<200 where failures < 3 {
            do {
              let text = #"{"n":\#(number),"t":"\#(String(repeating: "x", count: 700))"}"#
              if let id = try await storage.project.documents.write(.storing(text, in: things)).after?.id { acknowledged.append(id) }
            } catch {
              failures += 1
              guard (error as? RoostError)?.code == .storageFull else {
                FileDescriptorLog.say("at \(kilobytes) KB: \(error)")
                exit(3)
              }
            }
          }
          limit.rlim_cur = rlim_t.max
          setrlimit(__rlimit_resource_t(1), &limit)
          guard failures == 3 else { exit(4) }
          for id in acknowledged where try await storage.project.documents.get(id, in: things) == nil { exit(5) }
          // There is room again.
          guard let id = try await storage.project.documents.write(.storing(#"{"n":1}"#, in: things)).after?.id else { exit(6) }
          acknowledged.append(id)
          await storage.close()
          let again = try await ProjectStorage.open(try DataFolder(path: folder.path, locking: false), lanes: 0)
          let page = try await again.project.documents.page(
            DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: 1000, cursor: nil), in: things)
          guard page.items.map(\.id) == acknowledged else { exit(7) }
          let events = try await again.project.log.events(after: 0, limit: 1000)
          guard events.map(\.subject) == acknowledged, events.map(\.sequence) == (0..<events.count).map({ Int64($0 + 1) }) else { exit(8) }
          await again.close()
        }
      }
      exit(0)
    }
  }

  @Test("A copy of database and write-ahead log, taken while writes run, opens with everything acknowledged before it")
  func copied() async throws {
    let store = try await TestStorage()
    let things = try await store.collection()
    var acknowledged: [String] = []
    for number in 0..<300 { acknowledged.append(try await store.create(["n": .int(Int64(number))], in: things).id) }
    let copy = TestFolder()
    try DataFolder.makeFolder(copy.path + "/projects/default")
    try Self.copy(store.folder.path + "/master.key", to: copy.path + "/master.key")
    for name in ["roost.db", "roost.db-wal"] {
      try Self.copy(store.folder.path + "/projects/default/" + name, to: copy.path + "/projects/default/" + name)
    }
    let storage = try await ProjectStorage.open(try DataFolder(path: copy.path, locking: true), lanes: 0)
    let page = try await storage.project.documents.page(
      DocumentQuery(filter: nil, variables: .test(.anonymous), sort: [], limit: 1000, cursor: nil), in: things)
    #expect(page.items.map(\.id) == acknowledged)
    await storage.close()
  }

  private static func read(_ path: String) throws -> [UInt8] {
    let file = try #require(FileDescriptor(opening: path, O_RDONLY))
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = Glibc.read(file.number, &piece, piece.count)
      guard count > 0 else { return bytes }
      bytes += piece.prefix(count)
    }
  }

  private static func copy(_ from: String, to: String) throws {
    let bytes = try read(from)
    let file = try #require(FileDescriptor(opening: to, O_CREAT | O_WRONLY, 0o600))
    #expect(write(file.number, bytes, bytes.count) == bytes.count)
  }
}

/// A child process says what went wrong.
enum FileDescriptorLog {
  static func say(_ text: String) {
    let line = text + "\n"
    _ = write(2, line, line.utf8.count)
  }
}
