/// What the variables stand for in one evaluation.
package protocol CELActivation {
  /// The value of a variable; nil makes any use of it an error.
  func value(of variable: String) -> CELValue?

  /// The document that a variable stands for, if it lies there as bytes: then only the fields that the expression names are read.
  /// Asked before `value(of:)`.
  func document(of variable: String) -> CELDocument?

  /// What `lookup` reads from; without it any call of it is an error. Asked only if the expression calls it.
  var lookups: (any CELLookups)? { get }
}

extension CELActivation {
  package var lookups: (any CELLookups)? { nil }

  package func document(of variable: String) -> CELDocument? { nil }
}

extension Dictionary: CELActivation where Key == String, Value == CELValue {
  package func value(of variable: String) -> CELValue? { self[variable] }
}

/// A document as it lies in the store: the fields of ours beside the JSON text of its own.
package struct CELDocument: Sendable {
  /// The text of a valid JSON object, each key once.
  package var body: [UInt8]
  /// Where one of these is nil, the body's own field of that name is meant.
  package var id: String?
  package var version: Int64?
  /// Since 1970; expressions see `createdAt` and `updatedAt` as callers do, as RFC 3339 text in UTC with milliseconds.
  package var createdAtMilliseconds: Int64?
  package var updatedAtMilliseconds: Int64?

  package init(
    body: [UInt8], id: String? = nil, version: Int64? = nil, createdAtMilliseconds: Int64? = nil, updatedAtMilliseconds: Int64? = nil
  ) {
    self.body = body
    self.id = id
    self.version = version
    self.createdAtMilliseconds = createdAtMilliseconds
    self.updatedAtMilliseconds = updatedAtMilliseconds
  }
}

/// A document under its bare fields, and other variables by name: what most rules and filters run on.
package struct CELDocumentActivation: CELActivation {
  package var document: CELDocument?
  package var incoming: CELDocument?
  package var values: [String: CELValue]

  package init(document: CELDocument? = nil, incoming: CELDocument? = nil, values: [String: CELValue] = [:]) {
    self.document = document
    self.incoming = incoming
    self.values = values
  }

  package func document(of variable: String) -> CELDocument? {
    switch variable {
    case "document": document
    case "incoming": incoming
    default: nil
    }
  }

  package func value(of variable: String) -> CELValue? { values[variable] }
}
