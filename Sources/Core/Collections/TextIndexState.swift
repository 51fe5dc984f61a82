import JSON

/// How far the building of a collection's text index is.
package struct TextIndexState: Sendable, Equatable {
  /// 0 to 1: about how many of the documents are in it; 1 only when it is ready.
  package let progress: Double

  package init(progress: Double) {
    self.progress = progress
  }

  package static let ready = TextIndexState(progress: 1)

  package var isReady: Bool { progress >= 1 }

  /// The index's definition as answers show it.
  package func added(to definition: JSONValue) -> JSONValue {
    guard case .object(var object) = definition else { return definition }
    object["state"] = .string(isReady ? "ready" : "building")
    object["progress"] = isReady ? .int(1) : .double(progress)
    return .object(object)
  }
}
