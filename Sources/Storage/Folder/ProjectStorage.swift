import Core
import JSON

/// One project's data: an SQLite database and the files beside it, with the threads that serve them.
package final class ProjectStorage: Sendable {
  package let name: String
  /// The stores, as the other rooms know them. Its configuration is not loaded yet: see `Project.reloadConfiguration`.
  package let project: Project
  /// Holds the folder's lock for as long as the project is open.
  private let folder: DataFolder
  private let writer: Writer
  private let readers: ReaderPool
  private let follower: ReaderPool
  private let files: DiskFileStore
  private let functions: SQLiteFunctionStore
  /// Reads that look at all documents of a collection.
  private let checks: ReaderPool
  let indexBuilder: IndexBuilder
  private let textIndexes: TextIndexBuilder

  /// Opens a project, making it where it is missing.
  /// - Parameters:
  ///   - lanes: how many event loops there are; each gets its own read connection.
  ///   - endOfTick: lets one tick's reads share a snapshot; without it each read has its own.
  /// - Throws: `StorageStartError`.
  package static func open(
    _ folder: DataFolder, project name: String = "default", clock: any WallClock = SystemClock(), lanes: Int, endOfTick: EndOfTick? = nil
  ) async throws -> ProjectStorage {
    let path = folder.projectPath(name)
    try DataFolder.makeFolder(path)
    do {
      let storage = try ProjectStorage(folder, name: name, path: path, clock: clock, lanes: lanes, endOfTick: endOfTick)
      try await storage.prepare(isServer: folder.isLocked, clock: clock)
      return storage
    } catch let error as SQLiteError {
      throw startError(error, path: path + "/roost.db")
    }
  }

  private init(_ folder: DataFolder, name: String, path: String, clock: any WallClock, lanes: Int, endOfTick: EndOfTick?) throws {
    let file = path + "/roost.db"
    let database = try Database.open(path: file, role: .writer)
    try MigrationRunner.run(MigrationRunner.builtIn, on: database, path: file, at: clock.now())
    let before = BeforeTriggers(project: name)
    let writer = Writer(before: before)
    let readers = ReaderPool(threads: 2)
    let follower = ReaderPool(threads: 1)
    let readLanes = try (0..<lanes).map { number in
      ReadLane(number: number, database: try Database.open(path: file, role: .lane(of: lanes)), writer: writer, endOfTick: endOfTick)
    }
    let scanners = try (0..<2).map { _ in Handover(try Database.open(path: file, role: .scanner)) }
    let logScanner = Handover(try Database.open(path: file, role: .scanner))
    let checks = ReaderPool(threads: 1, deadline: Limits.collectionCheckDeadline)
    let checker = Handover(try Database.open(path: file, role: .scanner))
    let indexBuilder = IndexBuilder(writer: writer, checks: checks)
    let files = try DiskFileStore(folder: path + "/files", writer: writer, readers: readers)
    let functions = try SQLiteFunctionStore(writer: writer, readers: readers, folder: path + "/functions")
    self.functions = functions
    self.folder = folder
    self.name = name
    self.writer = writer
    self.readers = readers
    self.follower = follower
    self.files = files
    self.checks = checks
    self.indexBuilder = indexBuilder
    let textIndexes = TextIndexBuilder(writer: writer)
    self.textIndexes = textIndexes
    project = Project(
      name: name, documents: SQLiteDocumentStore(writer: writer, lanes: readLanes, readers: readers, textIndexes: textIndexes),
      configuration: SQLiteConfigurationStore(writer: writer, readers: readers, checks: checks, indexBuilder: indexBuilder, textIndexes: textIndexes),
      accounts: SQLiteAccountStore(writer: writer, readers: readers), files: files,
      functions: functions,
      secrets: SecretVault(store: SQLiteSecretStore(writer: writer, readers: readers), box: try SecretBox(key: folder.masterKey)),
      log: SQLiteEventLog(writer: writer, readers: readers, follower: follower),
      before: before)
    writer.start(database, clock: clock, name: name)
    readers.start(scanners, name: name)
    follower.start([logScanner], name: "log-" + name)
    checks.start([checker], name: "checks-" + name)
  }

  /// What a fresh project has from the start, and what a crash may have left lying about.
  private func prepare(isServer: Bool, clock: any WallClock) async throws {
    let users = try CollectionConfiguration(name: Collection.users, value: Self.usersConfiguration)
    let hasUsers = try await readers.read { try $0.first("SELECT 1 FROM collections WHERE name = ?", .text(users.name)) { _ in true } ?? false }
    if !hasUsers {
      try await writer.write { transaction in
        guard try transaction.database.first("SELECT 1 FROM collections WHERE name = ?", .text(users.name), row: { _ in true }) == nil else { return }
        _ = try transaction.put(users, at: clock.now())
      }
    }
    if isServer {
      try await files.sweep()
      try await SQLiteFunctionStore.removeRemains(writer: writer)
      try await functions.sweepFolders()
      textIndexes.start()
    }
  }

  /// Everybody their own profile; accounts are made by registering.
  private static let usersConfiguration: JSONValue = [
    "rules": [
      "read": "auth != null && id == auth.id", "update": "auth != null && id == auth.id", "delete": "auth != null && id == auth.id",
    ]
  ]

  /// Builds in the background what indexes are declared, until it is cancelled. `notice` takes what holds a build up, for the operator.
  package func buildIndexes(notice: @Sendable (String) -> Void) async {
    await indexBuilder.run(changed: { [project] in try await project.reloadConfiguration() }, notice: notice)
  }

  /// The same until nothing is left to build.
  package func finishIndexes() async throws {
    try await indexBuilder.work { [project] in try await project.reloadConfiguration() }
  }

  /// Finishes what is queued, moves the write-ahead log into the database and ends the threads. Call when no event loop reads any more.
  package func close() async {
    await files.close()
    await functions.folders.close()
    await readers.close()
    await follower.close()
    await checks.close()
    await writer.close()
  }

  private static func startError(_ error: SQLiteError, path: String) -> StorageStartError {
    switch error.primaryCode {
    case 14, 8, 3, 23:
      StorageStartError("Cannot open the database \(path): \(error.text). Check that this user may write to the folder and that the disk is not read-only.")
    case 13: StorageStartError("Cannot open the database \(path): the disk is full.")
    case 5: StorageStartError("Cannot open the database \(path): another process keeps it locked.")
    case 11, 26: StorageStartError("The database \(path) is damaged (\(error.text)). Restore it from a backup.")
    default: StorageStartError("Cannot open the database \(path): \(error).")
    }
  }
}
