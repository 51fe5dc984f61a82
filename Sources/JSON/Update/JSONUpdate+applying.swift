extension JSONUpdate {
  /// Makes all changes of a document, or none.
  ///
  /// - Parameters:
  ///   - document: a validated, compact object.
  ///   - now: the moment, for `$currentDate`.
  ///   - allowance: that of the batch.
  /// - Returns: compact JSON. It may be nested more deeply than either text was.
  /// - Throws: `JSONPatchError`.
  package func applied(to document: [UInt8], now: String, allowance: PatchAllowance = PatchAllowance()) throws(JSONPatchError) -> [UInt8] {
    var draft = JSONDraft(document, allowance)
    for change in changes {
      do {
        try UpdateStep(change: change, text: text, now: now).apply(&draft)
      } catch let error as JSONPatchError {
        throw error
      } catch {
        throw JSONPatchError(.excessive, change.pointer, "At `\(change.name)` the update has become too costly: send it in parts.")
      }
    }
    return draft.bytes()
  }
}

/// One change being made.
private struct UpdateStep {
  let change: JSONUpdate.Change
  let text: [UInt8]
  let now: String

  func apply(_ draft: inout JSONDraft) throws {
    let path = change.path.segments
    switch change.action {
    case .set(let value): try place(path, &draft).set(draft.add(text[value]))
    case .currentDate: try place(path, &draft).set(draft.add(.string(now)))
    case .unset: try existing(path, &draft)?.remove(&draft)
    case .increase(let number): try compute(&draft, missing: number) { try sum($0, number) }
    case .multiply(let number): try compute(&draft, missing: number.intValue == nil ? .double(0) : .int(0)) { try product($0, number) }
    case .least(let bound, let value): try replace(&draft, with: value) { JSONOrder.compare(bound, $0) < 0 }
    case .most(let bound, let value): try replace(&draft, with: value) { JSONOrder.compare(bound, $0) > 0 }
    case .rename(let new): try rename(to: new, &draft)
    case .push(let push):
      let added = push.values.map { draft.add(text[$0]) }
      try push.apply(to: array(&draft), added, &draft)
    case .addToSet(let values): try addToSet(values, &draft)
    case .pull(let condition): try pull(condition, &draft)
    }
  }

  // MARK: Where

  /// A place for a value in an opened level.
  private enum Place {
    case member(DraftObject, String)
    case element(DraftArray, Int)

    var node: JSONDraft.Node? {
      switch self {
      case .member(let object, let name): object.find(name).map { object.members[$0].node }
      case .element(let array, let index): array.nodes.indices.contains(index) ? array.nodes[index] : nil
      }
    }

    func set(_ node: JSONDraft.Node) {
      switch self {
      case .member(let object, let name): object.set(name, node)
      case .element(let array, let index):
        if index < array.nodes.count { array.nodes[index] = node } else { array.nodes.append(node) }
      }
    }

    /// An element of an array leaves a null, so that the others keep their places.
    func remove(_ draft: inout JSONDraft) {
      switch self {
      case .member(let object, let name): object.remove(name)
      case .element(let array, let index): array.nodes[index] = draft.add(.null)
      }
    }
  }

  /// The place of the path. Levels that are missing are made: objects, and nulls in front of an array's element.
  private func place(_ path: [String], _ draft: inout JSONDraft) throws -> Place {
    guard var level = try draft.opened(at: []) else { throw misfit("finds no object") }
    for (depth, segment) in path.enumerated() {
      let isLast = depth == path.count - 1
      let place: Place
      switch level {
      case .object(let object): place = .member(object, segment)
      case .array(let array):
        guard let index = JSONPointer.index(segment) else {
          throw misfit("cannot make the field '\(shown(path[...depth]))': '\(shown(path[..<depth]))' is an array")
        }
        try pad(array, to: index, path[...depth], &draft)
        place = .element(array, index)
      case .text: throw misfit("cannot make the field '\(shown(path[...depth]))': '\(shown(path[..<depth]))' is neither object nor array")
      }
      if isLast { return place }
      level = try place.node.map { try draft.opened($0) } ?? .object(DraftObject())
      place.set(level)
    }
    throw misfit("names no field")
  }

  /// Fills up with null to where the index is the next one.
  private func pad(_ array: DraftArray, to index: Int, _ path: ArraySlice<String>, _ draft: inout JSONDraft) throws {
    let missing = index - array.nodes.count
    guard missing <= JSONPatchLimits.paddingMax else {
      throw misfit("sets '\(shown(path))', and the array has \(array.nodes.count) elements: at most \(JSONPatchLimits.paddingMax) are filled up")
    }
    guard missing > 0 else { return }
    let null = draft.add(.null)
    for _ in 0..<missing { array.nodes.append(null) }
  }

  /// Nil where nothing is there.
  private func existing(_ path: [String], _ draft: inout JSONDraft) throws -> Place? {
    let place: Place
    switch try draft.opened(at: path.dropLast()) {
    case .object(let object): place = .member(object, path[path.count - 1])
    case .array(let array):
      guard let index = JSONPointer.index(path[path.count - 1]) else { return nil }
      place = .element(array, index)
    default: return nil
    }
    return place.node == nil ? nil : place
  }

  // MARK: What

  private func compute(_ draft: inout JSONDraft, missing: JSONValue, _ result: (JSONValue) throws -> JSONValue) throws {
    guard let place = try existing(change.path.segments, &draft), let node = place.node else {
      return try self.place(change.path.segments, &draft).set(draft.add(missing))
    }
    place.set(draft.add(try result(number(node, &draft))))
  }

  private func number(_ node: JSONDraft.Node, _ draft: inout JSONDraft) throws -> JSONValue {
    if case .text = node {
      let value = try draft.value(of: node)
      switch value {
      case .int, .double: return value
      default: break
      }
    }
    throw misfit("needs a number at '\(shown(change.path.segments[...]))', and something else is there")
  }

  private func sum(_ a: JSONValue, _ b: JSONValue) throws -> JSONValue {
    if case .int(let a) = a, case .int(let b) = b { return .int(try whole(a.addingReportingOverflow(b))) }
    return try finite((a.doubleValue ?? 0) + (b.doubleValue ?? 0))
  }

  private func product(_ a: JSONValue, _ b: JSONValue) throws -> JSONValue {
    if case .int(let a) = a, case .int(let b) = b { return .int(try whole(a.multipliedReportingOverflow(by: b))) }
    return try finite((a.doubleValue ?? 0) * (b.doubleValue ?? 0))
  }

  private func whole(_ result: (partialValue: Int64, overflow: Bool)) throws -> Int64 {
    guard !result.overflow else { throw misfit("would bring '\(shown(change.path.segments[...]))' beyond the whole numbers of 64 bits") }
    return result.partialValue
  }

  private func finite(_ number: Double) throws -> JSONValue {
    guard number.isFinite else { throw misfit("would bring '\(shown(change.path.segments[...]))' beyond the range of numbers") }
    return .double(number)
  }

  private func replace(_ draft: inout JSONDraft, with value: JSONUpdate.Value, if isWanted: (JSONValue) -> Bool) throws {
    if let node = try existing(change.path.segments, &draft)?.node, try !isWanted(draft.value(of: node)) { return }
    try place(change.path.segments, &draft).set(draft.add(text[value]))
  }

  private func rename(to new: UpdatePath, _ draft: inout JSONDraft) throws {
    guard let old = try existing(change.path.segments, &draft), let node = old.node else { return }
    try requireNoArray(change.path.segments, &draft)
    try requireNoArray(new.segments, &draft)
    old.remove(&draft)
    try place(new.segments, &draft).set(node)
  }

  private func requireNoArray(_ path: [String], _ draft: inout JSONDraft) throws {
    for depth in path.indices.dropFirst() {
      if case .array = try draft.opened(at: path[..<depth]) { throw misfit("cannot rename into or out of the array '\(shown(path[..<depth]))'") }
    }
  }

  /// The array of the path, made where it is missing.
  private func array(_ draft: inout JSONDraft) throws -> DraftArray {
    guard let node = try existing(change.path.segments, &draft)?.node else {
      let array = DraftArray()
      try place(change.path.segments, &draft).set(.array(array))
      return array
    }
    return try array(node, &draft)
  }

  private func array(_ node: JSONDraft.Node, _ draft: inout JSONDraft) throws -> DraftArray {
    guard case .array(let array) = try draft.opened(node) else {
      throw misfit("needs an array at '\(shown(change.path.segments[...]))', and something else is there")
    }
    try existing(change.path.segments, &draft)?.set(.array(array))
    return array
  }

  private func addToSet(_ values: [JSONUpdate.Value], _ draft: inout JSONDraft) throws {
    let array = try array(&draft)
    var known = Set<SchemaEquality>()
    for node in array.nodes { known.insert(SchemaEquality(value: try draft.value(of: node))) }
    for value in values {
      let node = draft.add(text[value])
      if known.insert(SchemaEquality(value: try draft.value(of: node))).inserted { array.nodes.append(node) }
    }
  }

  private func pull(_ condition: UpdateCondition, _ draft: inout JSONDraft) throws {
    guard let node = try existing(change.path.segments, &draft)?.node else { return }
    let array = try array(node, &draft)
    try draft.charge(array.nodes.count * condition.weight)
    var kept: [JSONDraft.Node] = []
    for node in array.nodes where try !condition.holds(draft.value(of: node)) { kept.append(node) }
    array.nodes = kept
  }

  private func shown(_ path: ArraySlice<String>) -> String { JSONPatchLimits.shown(path.joined(separator: ".")) }

  private func misfit(_ what: String) -> JSONPatchError { JSONPatchError(.misfit, change.pointer, "`\(change.name)` \(what).") }
}
