/// One function that is asked before documents of a collection change.
package struct BeforeHook: Sendable {
  package let function: String
  package let trigger: BeforeTrigger
  /// How long one run may take.
  package let timeout: Duration

  func wants(_ event: LogEvent) -> Bool { trigger.document.matches(event) }

  /// Of all functions, by collection, in the order in which they are asked: by name.
  static func all(of functions: [FunctionDefinition]) -> [String: [BeforeHook]] {
    var hooks: [String: [BeforeHook]] = [:]
    for function in functions.sorted(by: { $0.name < $1.name }) {
      for case .before(let trigger) in function.triggers {
        hooks[trigger.collection, default: []].append(
          BeforeHook(function: function.name, trigger: trigger, timeout: min(trigger.timeout, function.timeout)))
      }
    }
    return hooks
  }
}
