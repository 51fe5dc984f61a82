extension CELChecker {
  /// The types whose names are values.
  static let typeNames: Set<String> = ["int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"]
  private static let qualifiedTypeNames: Set<String> = ["google.protobuf.Timestamp", "google.protobuf.Duration"]

  mutating func identifier(_ name: String, wanting wanted: CELType?, at position: CELPosition) throws(CELError) -> CELNode {
    let plain = name.hasPrefix(".") ? String(name.dropFirst()) : name
    let local = locals.last { $0.name == plain }
    if plain == name, let local { return CELNode(.identifier(name), at: position, type: local.type) }
    if let type = environment.variables[plain] { return CELNode(.identifier(local == nil ? plain : name), at: position, type: type) }
    // Where fields are bare, `type == "post"` is about the field; `type(x) == int` wants a type.
    let isTypeWanted = environment.bareNames == nil || wanted == .type
    if isTypeWanted, Self.typeNames.contains(plain) { return CELNode(.literal(.type(plain)), at: position, type: .type) }
    if isTypeWanted, plain == "optional_type" { return CELNode(.literal(.type(plain)), at: position, type: .type) }
    guard let holder = environment.bareNames else { throw unknown(plain, at: position) }
    guard !environment.reservedNames.contains(plain) else {
      throw Self.fault("'\(plain)' is not known here; a field of that name is written \(holder).\(plain)", at: position)
    }
    let operand = CELNode(.identifier(holder), at: position, type: environment.variables[holder] ?? .dyn)
    if case .object(let fields, open: false) = operand.type, fields[plain] == nil { throw unknown(plain, at: position, fields: fields.keys) }
    // Unless it is known, such a field is written with what it belongs to: hardly anybody means one.
    if let constant = CELForeignWords.constants[plain], !operand.type.declares(plain) {
      throw Self.fault("unknown variable or field '\(plain)'; did you mean '\(constant)'?", at: position)
    }
    let type = try fieldType(plain, of: operand, isOptional: false, at: position)
    return CELNode(.select(operand: operand, field: plain, testOnly: false), at: position, type: type)
  }

  private func unknown(_ name: String, at position: CELPosition, fields: some Collection<String> = [String]()) -> CELError {
    let known = Array(environment.variables.keys) + locals.map(\.name).filter { !$0.hasPrefix("@") } + Array(fields)
    let kind = environment.bareNames == nil ? "variable" : "variable or field"
    if CELFunctions.table[name] != nil || CELFunctions.namespaces.contains(name) {
      return Self.fault("'\(name)' is a function, and must be called with parentheses", at: position)
    }
    let constant = CELForeignWords.constants[name].map { "; did you mean '\($0)'?" }
    return Self.fault("unknown \(kind) '\(name)'\(constant ?? CELSuggestion.text(for: name, among: known))", at: position)
  }

  /// The dotted name that a node spells, such as `google.protobuf.Timestamp`.
  func qualifiedName(_ node: CELNode) -> String? {
    switch node.kind {
    case .identifier(let name): name.hasPrefix(".") ? String(name.dropFirst()) : name
    case .select(let operand, let field, false): qualifiedName(operand).map { "\($0).\(field)" }
    default: nil
    }
  }

  mutating func select(_ operand: CELNode, _ field: String, testOnly: Bool, at position: CELPosition) throws(CELError) -> CELNode {
    if !testOnly, let prefix = qualifiedName(operand) {
      let name = "\(prefix).\(field)"
      // A variable's name may have dots; the longest one counts.
      if let type = environment.variables[name], isRooted(operand) || !isLocal(prefix) { return CELNode(.identifier(name), at: position, type: type) }
      if !isVariable(prefix), Self.qualifiedTypeNames.contains(name) { return CELNode(.literal(.type(name)), at: position, type: .type) }
    }
    let operand = try check(operand)
    let type = try fieldType(field, of: operand, isOptional: testOnly, at: position)
    return CELNode(.select(operand: operand, field: field, testOnly: testOnly), at: position, type: testOnly ? .bool : type)
  }

  /// Whether a dotted name begins with a variable.
  func isVariable(_ dotted: String) -> Bool {
    environment.variables[String(dotted.prefix { $0 != "." })] != nil || isLocal(dotted)
  }

  /// Whether a dotted name begins with a macro's variable.
  private func isLocal(_ dotted: String) -> Bool {
    let first = dotted.prefix { $0 != "." }
    return locals.contains { $0.name == first }
  }

  /// Whether a dotted name is written with a dot in front, so that no macro's variable is meant.
  private func isRooted(_ node: CELNode) -> Bool {
    switch node.kind {
    case .identifier(let name): name.hasPrefix(".")
    case .select(let operand, _, _): isRooted(operand)
    default: false
    }
  }

  /// What a field is, or that there can be none.
  /// - Parameter isOptional: whether it is only asked for, so that a missing one is no mistake.
  func fieldType(_ field: String, of operand: CELNode, isOptional: Bool, at position: CELPosition) throws(CELError) -> CELType {
    switch operand.type {
    case .dyn: return .dyn
    case .map(let key, let value):
      guard key.mayBe(.string) else { throw Self.fault("this map's keys are \(key.name), so it has no field '\(field)'", at: position) }
      return value
    case .object(let fields, let open):
      if let type = fields[field] { return type }
      guard !open else { return .dyn }
      let holder = qualifiedName(operand).map { "'\($0)'" } ?? "this"
      throw Self.fault("\(holder) has no field '\(field)'\(CELSuggestion.text(forField: field, among: fields.keys))", at: position)
    case .optional(let wrapped):
      let inner = CELNode(operand.kind, at: operand.position, type: wrapped)
      let type = try fieldType(field, of: inner, isOptional: isOptional, at: position)
      return isOptional ? type : .optional(type)
    default:
      let function = CELForeignWords.functions[field.lowercased()].map { "; write \($0)" } ?? (CELFunctions.table[field] == nil ? nil : "; write \(field)()")
      throw Self.fault("\(operand.type.nameWithArticle) has no fields, so not '\(field)'\(function ?? "")", at: position)
    }
  }

  /// What an element is.
  func elementType(_ index: CELNode, of operand: CELNode, at position: CELPosition) throws(CELError) -> CELType {
    switch operand.type {
    case .dyn: return .dyn
    case .list(let element):
      guard index.type.isNumeric else { throw Self.fault("a list's index must be an int, found \(index.type.name)", at: index.position) }
      return element
    case .map(let key, let value):
      guard index.type.mayBe(key) || index.type.isNumeric && key.isNumeric else {
        throw Self.fault("this map's keys are \(key.name), found \(index.type.name)", at: index.position)
      }
      return value
    case .object:
      guard index.type.mayBe(.string) else { throw Self.fault("this map's keys are string, found \(index.type.name)", at: index.position) }
      guard case .string(let field)? = index.literal else { return .dyn }
      return try fieldType(field, of: operand, isOptional: false, at: index.position)
    case .optional(let wrapped):
      return .optional(try elementType(index, of: CELNode(operand.kind, at: operand.position, type: wrapped), at: position))
    default: throw Self.fault("\(operand.type.nameWithArticle) has no elements; '[…]' needs a list or a map before it", at: position)
    }
  }
}

extension CELType {
  /// Whether a field of this name is known.
  fileprivate func declares(_ field: String) -> Bool {
    guard case .object(let fields, _) = self else { return false }
    return fields[field] != nil
  }
}
