import JSON

/// How the documents of a collection fit a schema: a look at all of them, or at as many as there was time for.
package struct SchemaCheck: Sendable {
  package struct Misfit: Sendable {
    package let id: String
    package let failures: [JSONSchemaFailure]

    package init(id: String, failures: [JSONSchemaFailure]) {
      self.id = id
      self.failures = failures
    }
  }

  /// How many documents there are, and how many of them were looked at.
  package let total: Int
  package private(set) var checked = 0
  /// How many of these do not fit.
  package private(set) var misfitCount = 0
  /// The first of them.
  package private(set) var misfits: [Misfit] = []

  package init(total: Int) {
    self.total = total
  }

  /// Takes one document into account.
  package mutating func look(at body: [UInt8], id: String, _ schema: DocumentSchema) throws {
    checked += 1
    let failures = try schema.failures(body)
    guard !failures.isEmpty else { return }
    misfitCount += 1
    if misfits.count < Self.misfitsNamedMax { misfits.append(Misfit(id: id, failures: Array(failures.prefix(Self.failuresNamedMax)))) }
  }

  /// Enough to see what is wrong.
  private static let misfitsNamedMax = 20
  private static let failuresNamedMax = 5

  package var value: JSONValue {
    [
      "total": .int(Int64(max(total, checked))), "checked": .int(Int64(checked)), "misfits": .int(Int64(misfitCount)),
      "documents": .array(
        misfits.map { misfit in
          ["id": .string(misfit.id), "errors": .array(misfit.failures.map { ["pointer": .string($0.pointer), "detail": .string($0.message)] })]
        }),
    ]
  }
}
