import CEL

/// Reads single documents: on the connection, and in the snapshot or transaction, that is at hand.
package protocol DocumentReader: AnyObject {
  /// Nil if there is no such document, or no such collection.
  func document(_ id: String, in collection: String) throws -> DocumentRecord?
}

/// What rules read with `lookup("collection", id)`. Each document is read once, however often rules ask for it. It sees everything:
/// a rule is written by an admin. Belongs to the thread of its reader, and to one request.
package final class RuleLookups: CELLookups {
  private let reader: any DocumentReader
  private var found: [Key: CELValue?] = [:]
  private var failure: (any Error)?

  private struct Key: Hashable {
    let collection: String
    let id: String
  }

  package init(_ reader: any DocumentReader) {
    self.reader = reader
  }

  package func document(_ id: String, in collection: String) throws(CELLookupFailure) -> CELValue? {
    let key = Key(collection: collection, id: id)
    if let known = found[key] { return known }
    do {
      let value = try Names.isValidID(id) ? reader.document(id, in: collection)?.ruleValue : nil
      if found.count >= Limits.lookupsKeptMax { found = [:] }
      found[key] = value
      return value
    } catch {
      failure = failure ?? error
      throw CELLookupFailure()
    }
  }

  /// Throws if some document could not be read: then what rules decided meanwhile does not count.
  package func requireComplete() throws {
    if let failure { throw failure }
  }
}
