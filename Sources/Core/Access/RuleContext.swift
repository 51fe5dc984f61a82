import CEL
import JSON

/// The variables of one evaluation. Documents are handed out field by field from their bytes, so that a rule over two fields
/// does not parse the rest.
package struct RuleContext: CELActivation {
  private let variables: RuleVariables
  private let document: DocumentRecord?
  private let incoming: DocumentRecord?
  package let lookups: (any CELLookups)?

  package init(_ variables: RuleVariables, document: DocumentRecord? = nil, incoming: DocumentRecord? = nil, lookups: (any CELLookups)? = nil) {
    self.variables = variables
    self.document = document
    self.incoming = incoming
    self.lookups = lookups
  }

  package func value(of variable: String) -> CELValue? {
    switch variable {
    case "auth": variables.auth
    case "request": variables.request
    case "params": variables.params
    case "document", "incoming": .null
    default: nil
    }
  }

  package func document(of variable: String) -> CELDocument? {
    switch variable {
    case "document": document.map(\.ruleDocument)
    case "incoming": incoming.map(\.ruleDocument)
    default: nil
    }
  }
}

extension DocumentRecord {
  /// Rules see exactly what callers see: `createdAt` is the text of the answer, not another type.
  package var ruleDocument: CELDocument {
    CELDocument(body: body, id: id, version: version, createdAtMilliseconds: created.milliseconds, updatedAtMilliseconds: updated.milliseconds)
  }

  /// The whole of it as a value.
  var ruleValue: CELValue { (try? JSONValue(parsing: json())).map { CELValue($0) } ?? .null }
}
