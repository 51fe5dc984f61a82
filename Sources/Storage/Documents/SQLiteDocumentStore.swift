import Core

/// Documents in SQLite. A lane answers point reads and index-backed pages at once; what may scan goes to the reader pool.
final class SQLiteDocumentStore: DocumentStore {
  let writer: Writer
  let lanes: [ReadLane]
  let readers: ReaderPool
  let textIndexes: TextIndexBuilder
  let shapes = CollectionShapes()

  init(writer: Writer, lanes: [ReadLane], readers: ReaderPool, textIndexes: TextIndexBuilder) {
    self.textIndexes = textIndexes
    self.writer = writer
    self.lanes = lanes
    self.readers = readers
  }

  func get(_ id: String, in collection: Collection, lane: Int, then: @escaping Completion<DocumentRecord?>) {
    if let lane = mine(lane) {
      then(Result { try lane.read { try Self.document(id, in: collection, from: $0) } })
      return
    }
    readers.submit { scanner in
      then(Result { try Self.document(id, in: collection, from: try scanner.get().database) })
    }
  }

  func read<Value: Sendable>(lane: Int, _ work: @escaping @Sendable (any DocumentReader) throws -> Value, then: @escaping Completion<Value>) {
    if let lane = mine(lane) {
      then(Result { try lane.readBriefly { try work($0.database) } }.mapError(storageError))
      return
    }
    readers.submit { scanner in
      then(Result { try scanner.get().snapshot { try work($0.database) } }.mapError(storageError))
    }
  }

  private static func document(_ id: String, in collection: Collection, from database: Database) throws -> DocumentRecord? {
    do {
      return try database.document(id, in: collection.number)
    } catch {
      throw database.explain(error, collection: collection)
    }
  }

  func write(_ writes: [DocumentWrite], repeatable: Repeatable<[DocumentOutcome]>?, then: @escaping Completion<[DocumentOutcome]>) {
    writer.submit(DocumentWriteJob(writes, repeatable: repeatable, then: then))
  }

  /// The lane of that number, if the caller is on it.
  @inline(__always)
  func mine(_ lane: Int) -> ReadLane? {
    guard lanes.indices.contains(lane), lanes[lane].isMine else { return nil }
    return lanes[lane]
  }
}
