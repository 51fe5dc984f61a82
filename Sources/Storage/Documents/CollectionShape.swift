import CEL
import Core
import Synchronization

/// What pages need to know of a collection's table, worked out once for each of its configurations.
final class CollectionShape: Sendable {
  struct Index: Sendable {
    let name: String
    let keys: [SortKey]
    /// The index of one unique field; others hold the id as their last key.
    let isUnique: Bool
    /// What a list must ask for to walk along a sparse index; nil for one that holds every document.
    let presence: SQLFragment?
  }

  let table: String
  let fields: FieldReader
  /// Those that a page may walk along.
  let indexes: [Index]
  /// Those that it might, were they ready.
  let unready: [Index]

  init(_ collection: Collection) {
    let table = DocumentTable(number: collection.number)
    self.table = table.name
    fields = FieldReader(collection)
    let pending = Set(collection.builds.map(\.definition))
    indexes = collection.indexes.filter { !pending.contains($0) }.map { Index($0, table) }
    unready = collection.indexes.filter(pending.contains).map { Index($0, table) }
  }

  /// Where parts of filters and read rules are worked out: what a name means, their trees say already.
  static let environment = ExpressionKind.readRule.environment()
}

extension CollectionShape.Index {
  fileprivate init(_ definition: IndexDefinition, _ table: DocumentTable) {
    isUnique = definition.isUnique && definition.keys.count == 1
    name = table.indexName(definition, isUnique ? .unique : .ordered)
    keys = definition.keys
    presence = DocumentTable.presence(definition).map { SQLFragment($0) }
  }
}

/// The shapes of the collections in use. A changed configuration is another `Collection` object and gets another shape.
final class CollectionShapes: Sendable {
  private let known = Mutex<[Int64: (collection: Collection, shape: CollectionShape)]>([:])

  func shape(of collection: Collection) -> CollectionShape {
    known.withLock { known in
      if let entry = known[collection.number], entry.collection === collection { return entry.shape }
      // As many as there can be collections, and some deleted ones.
      if known.count > 2 * Limits.collectionsMax { known = [:] }
      let shape = CollectionShape(collection)
      known[collection.number] = (collection, shape)
      return shape
    }
  }
}
