import CEL

/// Reads single documents: on the connection, and in the snapshot or transaction, that is at hand.
package protocol DocumentReader: AnyObject {
  /// Nil if there is no such document, or no such collection.
  func document(_ id: String, in collection: String) throws -> DocumentRecord?

  /// The kept versions of a document that come before `version`, or all of them; newest first, at most `limit`, fewer where they are large,
  /// none only where there are no more. Nil where the collection keeps none at all.
  func pastVersions(of id: String, in collection: String, before version: Int64?, limit: Int) throws -> [PastVersion]?

  /// The version as which a document was deleted for the last time without coming back; what is kept up to it is another document's past.
  func endOfFormerLife(of id: String, in collection: String) throws -> Int64?

  /// The deleted documents of which versions are kept, last deleted first, from a place on. Nil where the collection keeps none at all.
  func deletedDocuments(in collection: String, before place: Int64?, limit: Int) throws -> DeletedPage?
}

extension DocumentReader {
  // Readers of given documents know no history.
  package func pastVersions(of id: String, in collection: String, before version: Int64?, limit: Int) throws -> [PastVersion]? { nil }
  package func endOfFormerLife(of id: String, in collection: String) throws -> Int64? { nil }
  package func deletedDocuments(in collection: String, before place: Int64?, limit: Int) throws -> DeletedPage? { nil }
}

/// What rules read with `lookup("collection", id)`. Each document is read once, however often rules ask for it. It sees everything:
/// a rule is written by an admin. Belongs to the thread of its reader, and to one request.
package final class RuleLookups: CELLookups {
  private let reader: any DocumentReader
  private var found: [Key: CELLookedUp?] = [:]
  private var keptBytes = 0
  private var failure: (any Error)?

  private struct Key: Hashable {
    let collection: String
    let id: String
  }

  package init(_ reader: any DocumentReader) {
    self.reader = reader
  }

  package func document(_ id: String, in collection: String) throws(CELLookupFailure) -> CELLookedUp? {
    let key = Key(collection: collection, id: id)
    if let known = found[key] { return known }
    do {
      let record = try Names.isValidID(id) ? reader.document(id, in: collection) : nil
      let document = record.map { CELLookedUp($0.ruleValue, size: $0.body.count) }
      keptBytes += document?.size ?? 0
      if found.count >= Limits.lookupsKeptMax || keptBytes > Limits.lookupBytesKeptMax {
        found = [:]
        keptBytes = document?.size ?? 0
      }
      found[key] = document
      return document
    } catch {
      failure = failure ?? error
      throw CELLookupFailure()
    }
  }

  /// Throws if some document could not be read: then what rules decided meanwhile does not count.
  package func requireComplete() throws {
    if let failure { throw failure }
  }

  /// What `decide` answers or throws, unless some document could not be read.
  func deciding<Value>(_ decide: () throws -> Value) throws -> Value {
    let decision = Result { try decide() }
    try requireComplete()
    return try decision.get()
  }
}
