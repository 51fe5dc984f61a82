/// `[a, b, ?c]`.
final class CELListStep: CELStep, @unchecked Sendable {
  private let elements: [(step: CELStep, isOptional: Bool)]

  init(_ elements: [(step: CELStep, isOptional: Bool)], at position: CELPosition) {
    self.elements = elements
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    try frame.charge(elements.count)
    var values: [CELValue] = []
    values.reserveCapacity(elements.count)
    for element in elements {
      let value = try element.step.evaluate(&frame)
      if let value = try element.isOptional ? frame.unwrapped(value, at: position) : value { values.append(value) }
    }
    return .list(values)
  }
}

/// `{key: value, ?other: optional}`.
final class CELMapStep: CELStep, @unchecked Sendable {
  private let entries: [(key: CELStep, value: CELStep, isOptional: Bool)]

  init(_ entries: [(key: CELStep, value: CELStep, isOptional: Bool)], at position: CELPosition) {
    self.entries = entries
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    try frame.charge(entries.count)
    var values: [CELMap.Entry] = []
    values.reserveCapacity(entries.count)
    for entry in entries {
      let key = try entry.key.evaluate(&frame)
      let value = try entry.value.evaluate(&frame)
      if let value = try entry.isOptional ? frame.unwrapped(value, at: position) : value { values.append((key, value)) }
    }
    return .map(try frame.map(values, at: position))
  }
}

extension CELFrame {
  mutating func unwrapped(_ value: CELValue, at position: CELPosition) throws(CELFault) -> CELValue? {
    guard case .optional(let wrapped) = value else { throw mismatch(value).at(position) }
    return wrapped
  }

  mutating func map(_ entries: [CELMap.Entry], at position: CELPosition) throws(CELFault) -> CELMap {
    guard let map = CELMap(entries) else {
      for (key, _) in entries where !key.isKey { throw mismatch(key).at(position) }
      throw CELFault(.duplicateKey, at: position)
    }
    return map
  }
}

extension CELValue {
  fileprivate var isKey: Bool {
    switch self {
    case .bool, .int, .uint, .string: true
    default: false
    }
  }
}

/// `cel.bind(name, value, body)`.
final class CELBindStep: CELStep, @unchecked Sendable {
  private let place: Int
  private let value: CELStep
  private let body: CELStep

  init(place: Int, _ value: CELStep, _ body: CELStep, at position: CELPosition) {
    self.place = place
    self.value = value
    self.body = body
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    frame.locals[place] = try value.evaluate(&frame)
    return try body.evaluate(&frame)
  }
}
