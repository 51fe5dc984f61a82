import Core
import Glibc
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("The data folder")
struct DataFolderTests {
  @Test("A fresh folder gets a master key and a project, for this user only")
  func fresh() async throws {
    let store = try await TestStorage()
    #expect(store.data.masterKey.count == 32)
    for (path, mode) in [("", 0o700), ("/projects", 0o700), ("/projects/default", 0o700), ("/projects/default/files", 0o700), ("/master.key", 0o600)] {
      var status = stat()
      #expect(stat(store.folder.path + path, &status) == 0 && Int(status.st_mode & 0o777) == mode, "\(path)")
    }
    #expect(try store.data.projects() == ["default"])
    let second = try DataFolder(path: store.folder.path, locking: false)
    #expect(second.masterKey == store.data.masterKey && !second.isLocked)
  }

  @Test("A second server on the same folder is refused, the command line is not")
  func locked() async throws {
    let folder = TestFolder()
    let first = try DataFolder(path: folder.path, locking: true)
    let error = try #require(throws: StorageStartError.self) { try DataFolder(path: folder.path, locking: true) }
    #expect(error.message.contains(folder.path) && error.message.contains("already running"))
    _ = try DataFolder(path: folder.path, locking: false)
    #expect(first.isLocked)
  }

  @Test("The lock is free again when its server is gone")
  func unlocked() throws {
    let folder = TestFolder()
    do { _ = try DataFolder(path: folder.path, locking: true) }
    _ = try DataFolder(path: folder.path, locking: true)
  }

  @Test("What stands in the way is named")
  func refusals() async throws {
    let folder = TestFolder()
    try DataFolder.makeFolder(folder.path)
    let file = folder.path + "/file"
    #expect(close(open(file, O_CREAT | O_WRONLY, 0o600)) == 0)
    for path in [file, file + "/below"] {
      let error = try #require(throws: StorageStartError.self) { try DataFolder(path: path, locking: true) }
      #expect(error.message.contains(file), "\(error)")
    }
    let damaged = folder.path + "/damaged"
    try DataFolder.makeFolder(damaged)
    let key = open(damaged + "/master.key", O_CREAT | O_WRONLY, 0o600)
    #expect(write(key, "short", 5) == 5 && close(key) == 0)
    let error = try #require(throws: StorageStartError.self) { try DataFolder(path: damaged, locking: true) }
    #expect(error.message.contains("master.key") && error.message.contains("damaged"))
  }

  @Test("A file that is no database is refused with its path and left as it is")
  func noDatabase() async throws {
    let folder = TestFolder()
    let data = try DataFolder(path: folder.path, locking: true)
    try DataFolder.makeFolder(data.projectPath("default"))
    let path = data.projectPath("default") + "/roost.db"
    let file = open(path, O_CREAT | O_WRONLY, 0o600)
    let text = String(repeating: "this is no database ", count: 500)
    #expect(write(file, text, text.utf8.count) == text.utf8.count && close(file) == 0)
    let error = await #expect(throws: StorageStartError.self) { _ = try await ProjectStorage.open(data, lanes: 1) }
    #expect(error?.message.contains(path) == true)
  }
}

@Suite("Migrations")
struct MigrationTests {
  private let folder = TestFolder()

  private func database() throws -> Database {
    try DataFolder.makeFolder(folder.path)
    return try Database.open(path: folder.path + "/m.db", role: .writer)
  }

  private func step(_ number: Int64, _ sql: String) -> MigrationRunner.Step {
    MigrationRunner.Step(number: number, name: "step\(number)", text: Array(sql.utf8))
  }

  private func run(_ steps: [MigrationRunner.Step], on database: Database) throws {
    try MigrationRunner.run(steps, on: database, path: "the database", at: Timestamp(milliseconds: 1))
  }

  @Test("Steps are numbered from 1 without a gap, for both databases")
  func builtIn() {
    #expect(MigrationRunner.builtIn.map(\.number) == (1...Int64(MigrationRunner.builtIn.count)).map { $0 })
    #expect(MigrationRunner.builtIn.allSatisfy { !$0.text.isEmpty })
  }

  @Test("Each step runs once")
  func once() throws {
    let database = try database()
    let one = step(1, "CREATE TABLE a (x); INSERT INTO a VALUES (1);")
    try run([one], on: database)
    try run([one], on: database)
    try run([one, step(2, "INSERT INTO a VALUES (2);")], on: database)
    #expect(try database.rows("SELECT x FROM a") { $0.int(0) } == [1, 2])
  }

  @Test("A step that fails leaves the data as it stood, those before it done")
  func failing() throws {
    let database = try database()
    let one = step(1, "CREATE TABLE a (x);")
    let error = try #require(throws: StorageStartError.self) {
      try run([one, step(2, "INSERT INTO a VALUES (1); CREATE TABLE b (y); INSERT INTO nothing VALUES (1);")], on: database)
    }
    #expect(error.message.contains("the database") && error.message.contains("step 2"))
    #expect(try database.rows("SELECT x FROM a") { $0.int(0) }.isEmpty)
    #expect(try database.rows("SELECT name FROM sqlite_schema WHERE name = 'b'") { $0.text(0) }.isEmpty)
    try run([one, step(2, "INSERT INTO a VALUES (2);")], on: database)
    #expect(try database.rows("SELECT x FROM a") { $0.int(0) } == [2])
  }

  @Test("A database of a newer version, or of another history, is refused and not touched")
  func refused() throws {
    let database = try database()
    try run([step(1, "CREATE TABLE a (x);"), step(2, "CREATE TABLE b (x);")], on: database)
    #expect(try #require(throws: StorageStartError.self) { try run([step(1, "CREATE TABLE a (x);")], on: database) }.message.contains("newer version"))
    #expect(
      try #require(throws: StorageStartError.self) { try run([step(1, "CREATE TABLE a (y);"), step(2, "CREATE TABLE b (x);")], on: database) }.message.contains(
        "step 1"))
  }
}
