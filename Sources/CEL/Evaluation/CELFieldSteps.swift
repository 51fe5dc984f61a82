/// `variable.field`, which is what rules and filters are made of.
final class CELFieldStep: CELStep, @unchecked Sendable {
  let variable: Int
  /// The field's place among all fields of the layout.
  let field: Int
  private let name: CELName
  private let own: CELDocument.OwnField?

  init(variable: Int, field: Int, name: String, at position: CELPosition) {
    self.variable = variable
    self.field = field
    self.name = CELName(name)
    own = CELDocument.OwnField(rawValue: name)
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch try lazy(&frame) {
    case .value(let value): return value
    case .raw(let raw): return try frame.value(raw)
    }
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch try lazy(&frame) {
    case .value(.bool(let bool)): return bool
    case .value(let value): throw frame.mismatch(value).at(position)
    case .raw(let raw):
      guard let bool = frame.bool(raw) else { throw frame.mismatch(try frame.value(raw)).at(position) }
      return bool
    }
  }

  override func lazy(_ frame: inout CELFrame) throws(CELFault) -> CELLazy {
    guard let found = try find(&frame) else { throw CELFault(.noSuchKey, at: position) }
    return found
  }

  func isThere(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    guard frame.kinds[variable] == .value else { return try find(&frame) != nil }
    return try frame.has(name, in: frame.values[variable], at: position)
  }

  /// Nil if there is no such field.
  @inline(__always)
  func find(_ frame: inout CELFrame) throws(CELFault) -> CELLazy? {
    switch frame.kinds[variable] {
    case .document:
      if let own, let value = frame.documents[variable].value(own) { return .value(value) }
      return frame.raw(field, of: variable).map(CELLazy.raw)
    case .value:
      guard case .map(let map) = frame.values[variable] else {
        return try frame.select(name, from: frame.values[variable], at: position).map(CELLazy.value)
      }
      return map[name].map(CELLazy.value)
    case .missing: throw CELFault(.noSuchVariable, at: position)
    }
  }
}

extension CELFrame {
  /// The raw value of a document's field; all wanted fields of that document are looked for together, the first time.
  @inline(__always)
  mutating func raw(_ field: Int, of variable: Int) -> CELRawValue? {
    if !fields[field].isRead { read(variable) }
    let slot = fields[field]
    guard slot.isThere else { return nil }
    return CELRawValue(variable: variable, start: Int(slot.start), end: Int(slot.end), isEscaped: slot.isEscaped)
  }

  private mutating func read(_ variable: Int) {
    let range = layout.variables[variable].fields
    for place in range { fields[place] = .absent }
    guard var scan = CELFieldScan(texts[variable]) else { return }
    layout.fields.withUnsafeBufferPointer { names in
      scan.find(UnsafeBufferPointer(rebasing: names[range]), into: fields + range.lowerBound)
    }
  }

  /// A member of an object that lies raw.
  mutating func member(_ name: CELName, of raw: CELRawValue) throws(CELFault) -> CELRawValue? {
    try charge(bytes: raw.end - raw.start)
    var slot = CELFieldSlot.absent
    guard var scan = CELFieldScan(texts[raw.variable], from: raw.start) else { return nil }
    withUnsafePointer(to: name) { scan.find(UnsafeBufferPointer(start: $0, count: 1), into: &slot) }
    guard slot.isThere else { return nil }
    return CELRawValue(variable: raw.variable, start: Int(slot.start), end: Int(slot.end), isEscaped: slot.isEscaped)
  }

  /// Whether a map has a field; an optional one has it only if it is there itself.
  mutating func has(_ name: CELName, in value: CELValue, at position: CELPosition) throws(CELFault) -> Bool {
    switch value {
    case .map(let map): map[name] != nil
    case .optional(let wrapped): try wrapped.map { (value) throws(CELFault) in try has(name, in: value, at: position) } ?? false
    default: throw mismatch(value).at(position)
    }
  }

  /// The field of a map, or of an optional map as an optional. Nil if it is not there.
  mutating func select(_ name: CELName, from value: CELValue, at position: CELPosition) throws(CELFault) -> CELValue? {
    switch value {
    case .map(let map): return map[name]
    case .optional(let wrapped):
      guard let wrapped else { return .optional(nil) }
      return .optional(try select(name, from: wrapped, at: position))
    default: throw mismatch(value).at(position)
    }
  }
}

/// `operand.field` for any operand.
final class CELSelectStep: CELStep, @unchecked Sendable {
  private let operand: CELStep
  private let name: CELName

  init(_ operand: CELStep, _ name: String, at position: CELPosition) {
    self.operand = operand
    self.name = CELName(name)
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue { try frame.value(lazy(&frame)) }

  override func lazy(_ frame: inout CELFrame) throws(CELFault) -> CELLazy {
    guard let found = try find(&frame) else { throw CELFault(.noSuchKey, at: position) }
    return found
  }

  func isThere(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch try operand.lazy(&frame) {
    case .raw(let raw):
      guard frame.kind(raw) == .map else { throw frame.mismatch(try frame.value(raw)).at(position) }
      return try frame.member(name, of: raw) != nil
    case .value(let value): return try frame.has(name, in: value, at: position)
    }
  }

  func find(_ frame: inout CELFrame) throws(CELFault) -> CELLazy? {
    switch try operand.lazy(&frame) {
    case .raw(let raw):
      guard frame.kind(raw) == .map else { throw frame.mismatch(try frame.value(raw)).at(position) }
      return try frame.member(name, of: raw).map(CELLazy.raw)
    case .value(let value): return try frame.select(name, from: value, at: position).map(CELLazy.value)
    }
  }
}

/// `has(operand.field)`.
final class CELHasStep: CELCondition, @unchecked Sendable {
  private let field: CELStep

  /// `field` is a field step or a select step.
  init(_ field: CELStep, at position: CELPosition) {
    self.field = field
    super.init(at: position)
  }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    switch field {
    case let field as CELFieldStep: try field.isThere(&frame)
    case let field as CELSelectStep: try field.isThere(&frame)
    default: false
    }
  }
}

/// `operand.?field`: an optional that is empty if the field is not there.
final class CELOptionalSelectStep: CELStep, @unchecked Sendable {
  private let operand: CELStep
  private let name: CELName

  init(_ operand: CELStep, _ name: String, at position: CELPosition) {
    self.operand = operand
    self.name = CELName(name)
    super.init(at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch try operand.lazy(&frame) {
    case .raw(let raw):
      guard frame.kind(raw) == .map else { throw frame.mismatch(try frame.value(raw)).at(position) }
      return .optional(try frame.member(name, of: raw).map { (raw) throws(CELFault) in try frame.value(raw) })
    case .value(let value):
      let found = try frame.select(name, from: value, at: position)
      if case .optional? = found, case .optional = value { return found ?? .optional(nil) }
      return .optional(found)
    }
  }
}
