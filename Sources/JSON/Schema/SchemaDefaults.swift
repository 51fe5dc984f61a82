/// Fills in defaults. It visits no more than a validation does, and has the same limits.
struct SchemaDefaults {
  private let nodes: [SchemaNode]
  private var stepsLeft: Int
  private var defaultsLeft = SchemaLimits.defaultsMax
  private var nesting = 0

  init(_ nodes: [SchemaNode], stepsMax: Int) {
    self.nodes = nodes
    stepsLeft = stepsMax
  }

  /// nil where nothing changes, or where a validation would give up.
  mutating func filled(_ instance: JSONValue) -> JSONValue? {
    var value = instance
    guard fill(&value, 0), stepsLeft >= 0 else { return nil }
    return value
  }

  /// Whether something changed.
  private mutating func fill(_ value: inout JSONValue, _ place: Int) -> Bool {
    stepsLeft -= 1
    guard case .object(var object) = value, stepsLeft >= 0, nesting < SchemaLimits.nestingMax else { return false }
    nesting += 1
    defer { nesting -= 1 }
    var isChanged = false
    for entry in nodes[place].object?.properties.entries ?? [] {
      guard let node = entry.node else { continue }
      if var member = object[entry.name] {
        if fill(&member, node) {
          object[entry.name] = member
          isChanged = true
        }
      } else if let fallback = fallback(of: node) {
        defaultsLeft -= SchemaEquality.weight(fallback)
        guard defaultsLeft >= 0 else { break }
        object[entry.name] = fallback
        isChanged = true
      }
    }
    if isChanged { value = .object(object) }
    for next in nodes[place].sameValueDefaults where fill(&value, next) { isChanged = true }
    return isChanged
  }

  private mutating func fallback(of place: Int) -> JSONValue? {
    stepsLeft -= 1
    guard stepsLeft >= 0, nesting < SchemaLimits.nestingMax else { return nil }
    if let fallback = nodes[place].fallback { return fallback }
    nesting += 1
    defer { nesting -= 1 }
    for next in nodes[place].sameValueDefaults { if let fallback = fallback(of: next) { return fallback } }
    return nil
  }
}

extension SchemaNode {
  /// Whose defaults hold here too.
  fileprivate var sameValueDefaults: [Int] {
    applicators.flatMap { applicator in
      switch applicator {
      case .reference(let place): [place]
      case .all(let places): places
      default: [] as [Int]
      }
    }
  }
}
