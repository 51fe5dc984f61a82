extension CELChecker {
  mutating func call(_ name: String, _ target: CELNode?, _ arguments: [CELNode], at position: CELPosition) throws(CELError) -> CELNode {
    if name == "has", target == nil { return try hasBare(arguments, at: position) }
    if let target, let prefix = qualifiedName(target), CELFunctions.namespaces.contains(prefix), !isVariable(prefix) {
      return try call("\(prefix).\(name)", isMethod: false, arguments, at: position)
    }
    return try call(name, isMethod: target != nil, (target.map { [$0] } ?? []) + arguments, at: position)
  }

  /// `has(title)` for `has(document.title)`, where names may be bare.
  private mutating func hasBare(_ arguments: [CELNode], at position: CELPosition) throws(CELError) -> CELNode {
    let field = try identifier(qualifiedName(arguments[0]) ?? "", wanting: nil, at: arguments[0].position)
    guard case .select(let operand, let name, false) = field.kind else {
      throw Self.fault("has() takes a field, as in has(document.title); found a variable", at: position)
    }
    return CELNode(.select(operand: operand, field: name, testOnly: true), at: position, type: .bool)
  }

  private mutating func call(_ name: String, isMethod: Bool, _ arguments: [CELNode], at position: CELPosition) throws(CELError) -> CELNode {
    if name == Self.lookupName, !isMethod { return try lookup(arguments, at: position) }
    guard let function = CELFunctions.table[name] else { throw unknownFunction(name, at: position) }
    var checked: [CELNode] = []
    for argument in arguments { checked.append(try check(argument)) }
    let written = function.overloads.filter { $0.isMethod == isMethod }
    guard !written.isEmpty else {
      let usage = function.overloads[0].usage(name)
      throw Self.fault("\(name)() is \(isMethod ? "no method: write it as" : "a method: write it as") \(usage)", at: position)
    }
    let counted = written.filter { $0.parameters.count == checked.count || $0.rest != nil && $0.parameters.count < checked.count }
    guard !counted.isEmpty else {
      let counts = Set(written.map { $0.parameters.count - (isMethod ? 1 : 0) }).sorted().map(String.init).joined(separator: " or ")
      let found = checked.count - (isMethod ? 1 : 0)
      throw Self.fault("\(name)() takes \(counts) argument\(counts == "1" ? "" : "s"), found \(found)", at: position)
    }
    let fitting = counted.filter { $0.takes(checked.map(\.type)) }
    guard let first = fitting.first else {
      let found = checked.map(\.type.name)
      let call = isMethod ? "\(found[0]).\(name)(\(found.dropFirst().joined(separator: ", ")))" : "\(name)(\(found.joined(separator: ", ")))"
      let usages = counted.prefix(8).map { $0.usage(name) }.joined(separator: ", ")
      throw Self.fault("there is no \(call); expected \(usages)\(Self.hint(name, checked))", at: position)
    }
    if name == "matches" { try checkPattern(checked[1]) }
    if name == "duration" || name == "timestamp" { try checkTime(checked[0], of: name) }
    let type = fitting.dropFirst().reduce(first.result) { $0.joined($1.result) }
    let target = isMethod ? checked.removeFirst() : nil
    return CELNode(.call(function: name, target: target, arguments: checked), at: position, type: type)
  }

  /// What is asked of a list as other languages do.
  private static func hint(_ name: String, _ arguments: [CELNode]) -> String {
    guard name == "contains", case .list = arguments[0].type else { return "" }
    return "; for a list, write \"…\" in it"
  }

  /// In what is saved for documents to come, a text that can never be converted is a mistake. Elsewhere it is what the language
  /// definition says, an error of the evaluation.
  private func checkTime(_ node: CELNode, of name: String) throws(CELError) {
    guard environment.bareNames != nil, node.type == .string, case .string(let text)? = node.literal else { return }
    let isDuration = name == "duration"
    guard isDuration ? CELDuration(text: text) == nil : CELTimestamp(text: text) == nil else { return }
    let example =
      isDuration ? #"hours, minutes and seconds, as in duration("1h30m"); a day is "24h""# : #"a date and a time, as in timestamp("2024-12-31T23:59:59Z")"#
    throw Self.fault("\(described(node)) is no \(name); write \(example)", at: node.position)
  }

  private func checkPattern(_ node: CELNode) throws(CELError) {
    guard case .string(let pattern)? = node.literal else { return }
    do throws(CELRegexFault) { _ = try CELRegex(pattern) } catch {
      throw Self.fault("the regular expression has \(error.message)", at: node.position)
    }
  }

  private func unknownFunction(_ name: String, at position: CELPosition) -> CELError {
    let more = environment.hasLookup ? [Self.lookupName] : []
    return Self.fault("unknown function '\(name)'\(CELSuggestion.text(forFunction: name, or: more))", at: position)
  }
}

extension CELFunction.Overload {
  fileprivate func takes(_ types: [CELType]) -> Bool {
    zip(types, parameters).allSatisfy { $0.mayBe($1) } && types.dropFirst(parameters.count).allSatisfy { $0.mayBe(rest ?? .dyn) }
  }
}
