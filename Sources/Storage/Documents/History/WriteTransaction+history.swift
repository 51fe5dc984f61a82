import Core

extension WriteTransaction {
  /// Keeps what a write left. Where the version before it is not kept, because history was not on when it was written, it is kept too.
  func keepVersion(
    _ record: DocumentRecord, over current: DocumentRecord?, as operation: PastVersion.Operation, by actor: EventActor, at now: Timestamp,
    in collection: Int64
  ) throws {
    if let current { try keepBase(current, in: collection) }
    try insert(
      PastVersion(
        id: record.id, version: record.version, operation: operation, at: now, created: record.created, updated: record.updated, auth: actor.auth,
        body: record.body), in: collection)
  }

  /// Keeps that a document was deleted. While history is off, only for a document of which something is kept: its versions go on counting.
  func keepDeletion(of current: DocumentRecord, by actor: EventActor, at now: Timestamp, in collection: Int64, isRecording: Bool) throws {
    if isRecording {
      try keepBase(current, in: collection)
    } else if try newestVersion(of: current.id, in: collection) == nil {
      return
    }
    try insert(
      PastVersion(
        id: current.id, version: current.version + 1, operation: .deleted, at: now, created: current.created, updated: now, auth: actor.auth, body: nil),
      in: collection)
  }

  func newestVersion(of id: String, in collection: Int64) throws -> Int64? {
    let statement = try database.statement(.newestVersion, of: collection)
    defer { statement.reset() }
    try statement.bind(id, at: 1)
    return try statement.step() ? statement.optionalInt(0) : nil
  }

  func deleteVersions(of id: String, in collection: Int64) throws {
    try database.run("DELETE FROM \(HistoryTable(number: collection).name) WHERE id = ?", .text(id))
  }

  private func keepBase(_ current: DocumentRecord, in collection: Int64) throws {
    guard try newestVersion(of: current.id, in: collection) ?? 0 < current.version else { return }
    try insert(PastVersion(base: current), in: collection)
  }

  private func insert(_ past: PastVersion, in collection: Int64) throws {
    let statement = try database.statement(.keepVersion, of: collection)
    defer { statement.reset() }
    try statement.bind(past.id, at: 1)
    try statement.bind(past.version, at: 2)
    try statement.bind(past.operation.rawValue, at: 3)
    try statement.bind(past.at.milliseconds, at: 4)
    try statement.bind(past.created.milliseconds, at: 5)
    try statement.bind(past.updated.milliseconds, at: 6)
    try statement.bind(SQLValue(utf8: past.auth), at: 7)
    guard let body = past.body else {
      try statement.bind(.null, at: 8)
      _ = try statement.step()
      return
    }
    try body.withUnsafeBufferPointer { bytes in
      try statement.bindUncopied(bytes, at: 8)
      _ = try statement.step()
      // The bytes are ours only in here.
      statement.reset()
    }
  }
}
