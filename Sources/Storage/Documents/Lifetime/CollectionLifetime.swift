import Core

/// How long the documents of a collection live, as the database has it: the writer asks this and not the configuration that a caller
/// looked up some moments ago, so that no write slips through while it changes.
struct CollectionLifetime {
  /// Whether there is a table of kept versions.
  var hasHistory = false
  /// Whether versions are written to it.
  var isRecording = false
  var timeToLive: TimeToLive?
}

extension WriteTransaction {
  /// Nil where nothing is kept and nothing expires.
  @inline(__always)
  func lifetime(of collection: Int64) throws -> CollectionLifetime? {
    if let lifetimes { return lifetimes.isEmpty ? nil : lifetimes[collection] }
    return try readLifetimes()[collection]
  }

  private func readLifetimes() throws -> [Int64: CollectionLifetime] {
    var read: [Int64: CollectionLifetime] = [:]
    for (number, isRecording) in try database.rows("SELECT collection, recording FROM histories", row: { ($0.int(0), $0.bool(1)) }) {
      read[number] = CollectionLifetime(hasHistory: true, isRecording: isRecording)
    }
    for (number, timeToLive) in try database.rows(
      "SELECT collection, field, after_seconds FROM expiries",
      row: { ($0.int(0), TimeToLive(path: $0.text(1).split(separator: ".").map(String.init), afterSeconds: $0.int(2))) })
    {
      read[number, default: CollectionLifetime()].timeToLive = timeToLive
    }
    if !lifetimesChanged { lifetimes = read }
    return read
  }

  // MARK: What a write of a document does

  /// The version that a document begins with at this id: versions of one that was there before go on counting, so that no entity tag comes
  /// twice.
  func firstVersion(of id: String, in collection: Int64, _ lifetime: CollectionLifetime?) throws -> Int64 {
    guard let lifetime, lifetime.hasHistory else { return 1 }
    return try (newestVersion(of: id, in: collection) ?? 0) + 1
  }

  func keep(
    _ record: DocumentRecord, over current: DocumentRecord?, as operation: PastVersion.Operation, by actor: EventActor, at now: Timestamp,
    in collection: Int64, _ lifetime: CollectionLifetime
  ) throws {
    if lifetime.isRecording { try keepVersion(record, over: current, as: operation, by: actor, at: now, in: collection) }
    if let timeToLive = lifetime.timeToLive {
      let (old, new) = (current.flatMap(timeToLive.due), timeToLive.due(record))
      guard old != new else { return }
      if let old { try expiry(.removeExpiry, record.id, old, in: collection) }
      if let new { try expiry(.addExpiry, record.id, new, in: collection) }
    }
  }

  /// After a document was deleted. Nothing is kept of an account.
  func endLifetime(of current: DocumentRecord, in collection: Collection, by actor: EventActor, at now: Timestamp) throws {
    guard let lifetime = try lifetime(of: collection.number) else { return }
    if collection.name == Collection.users { return try purgeLifetime(of: current.id, current, in: collection.number) }
    if lifetime.hasHistory { try keepDeletion(of: current, by: actor, at: now, in: collection.number, isRecording: lifetime.isRecording) }
    if let due = lifetime.timeToLive?.due(current) { try expiry(.removeExpiry, current.id, due, in: collection.number) }
  }

  func purgeLifetime(of id: String, _ current: DocumentRecord?, in collection: Int64) throws {
    guard let lifetime = try lifetime(of: collection) else { return }
    if lifetime.hasHistory { try deleteVersions(of: id, in: collection) }
    if let current, let due = lifetime.timeToLive?.due(current) { try expiry(.removeExpiry, id, due, in: collection) }
  }

  func expiry(_ change: DocumentStatement, _ id: String, _ due: Timestamp, in collection: Int64) throws {
    let statement = try database.statement(change, of: collection)
    defer { statement.reset() }
    try statement.bind(due.milliseconds, at: 1)
    try statement.bind(id, at: 2)
    _ = try statement.step()
  }
}
