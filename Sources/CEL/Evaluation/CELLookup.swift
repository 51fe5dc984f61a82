/// Finds the documents that `lookup("collection", id)` names.
package protocol CELLookups: AnyObject {
  /// The document as expressions see it; nil if there is none.
  func document(_ id: String, in collection: String) throws(CELLookupFailure) -> CELLookedUp?
}

/// A document that was looked up.
package struct CELLookedUp: Sendable {
  package let value: CELValue
  /// Bytes of its text, which an evaluation pays for.
  package let size: Int

  package init(_ value: CELValue, size: Int) {
    self.value = value
    self.size = size
  }
}

/// A document could not be read. The evaluation ends with an error; why is for the one who provided the lookups to know.
package struct CELLookupFailure: Error {
  package init() {}
}

extension CELNode {
  /// If this is a call of `lookup`: the collection's name and the part that gives the id.
  package var lookup: (collection: String, id: CELNode)? {
    guard case .call(CELChecker.lookupName, nil, let arguments) = kind, arguments.count == 2, case .string(let name)? = arguments[0].literal
    else { return nil }
    return (name, arguments[1])
  }

  /// The collections that the calls of `lookup` below name.
  package var lookedUp: Set<String> {
    children.reduce(into: lookup.map { [$0.collection] } ?? []) { $0.formUnion($1.lookedUp) }
  }
}

extension CELChecker {
  static let lookupName = "lookup"

  /// `lookup("collection", id)`: a document of another collection, or null if there is none. The name is a literal, so that a rule
  /// says, before it ever runs, what it reads.
  mutating func lookup(_ arguments: [CELNode], at position: CELPosition) throws(CELError) -> CELNode {
    guard environment.hasLookup else { throw Self.fault("lookup() can be used in rules only", at: position) }
    guard arguments.count == 2 else {
      throw Self.fault(#"lookup() takes a collection's name and an id, as in lookup("teams", team); found \#(arguments.count) arguments"#, at: position)
    }
    let collection = try check(arguments[0])
    guard case .string(let name)? = collection.literal, !name.isEmpty else {
      throw Self.fault(#"lookup() needs the collection's name in quotes, as in lookup("teams", team)"#, at: arguments[0].position)
    }
    let id = try check(arguments[1])
    try demand(.string, of: id, "the id for lookup()", at: arguments[1].position)
    return CELNode(.call(function: Self.lookupName, target: nil, arguments: [collection, id]), at: position)
  }
}

/// `lookup("collection", id)`.
final class CELLookupStep: CELStep, @unchecked Sendable {
  private let collection: String
  private let id: CELStep
  /// What one costs of an evaluation's budget, so that a macro cannot read thousands of documents.
  private static let price = 500

  init(_ collection: String, _ id: CELStep, at position: CELPosition) {
    self.collection = collection
    self.id = id
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let value = try id.evaluate(&frame)
    guard case .string(let id) = value else { throw frame.mismatch(value).at(position) }
    try frame.charge(Self.price)
    guard let lookups = frame.lookups else { throw CELFault(.noSuchVariable, at: position) }
    let found: CELLookedUp?
    do {
      found = try lookups.document(id, in: collection)
    } catch {
      frame.detail = .text("the document could not be read")
      throw CELFault(.badArgument, at: position)
    }
    guard let found else { return .null }
    try frame.charge(bytes: found.size)
    return found.value
  }
}
