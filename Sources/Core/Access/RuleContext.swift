import CEL
import JSON

/// The variables of one evaluation. Documents are handed out field by field from their bytes, so that a rule over two fields
/// does not parse the rest.
package struct RuleContext: CELActivation {
  private let variables: RuleVariables
  private let document: DocumentRecord?
  private let incoming: DocumentRecord?

  package init(_ variables: RuleVariables, document: DocumentRecord? = nil, incoming: DocumentRecord? = nil) {
    self.variables = variables
    self.document = document
    self.incoming = incoming
  }

  package func value(of variable: String) -> CELValue? {
    switch variable {
    case "auth": variables.auth
    case "request": variables.request
    case "params": variables.params
    case "document": document.map(\.ruleValue) ?? .null
    case "incoming": incoming.map(\.ruleValue) ?? .null
    default: nil
    }
  }
}

extension DocumentRecord {
  package var ruleValue: CELValue {
    guard let value = try? JSONValue(parsing: json()) else { return .null }
    return CELValue(value)
  }
}
