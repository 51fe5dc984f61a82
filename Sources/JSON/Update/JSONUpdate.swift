/// An update with MongoDB's operators (https://www.mongodb.com/docs/manual/reference/operator/update/): what each of them does to one field.
/// No two of them touch the same field, so that their order does not count.
package struct JSONUpdate: Sendable {
  enum Action: Sendable {
    case set(Value)
    case unset
    case increase(JSONValue)
    case multiply(JSONValue)
    /// `$min`, `$max`: sets the value where it comes before, or behind, the one that is there.
    case least(JSONValue, Value)
    case most(JSONValue, Value)
    case rename(UpdatePath)
    case push(UpdatePush)
    case addToSet([Value])
    case pull(UpdateCondition)
    case currentDate
  }

  /// Where a value stands in the update's text.
  typealias Value = Range<Int>

  struct Change: Sendable {
    let path: UpdatePath
    let action: Action
    /// Where it stands in the update.
    let pointer: String
    let name: String
  }

  let text: [UInt8]
  let changes: [Change]

  static let operators = [
    "$set", "$unset", "$inc", "$mul", "$min", "$max", "$rename", "$push", "$addToSet", "$pull", "$currentDate",
  ]

  /// - Parameters:
  ///   - text: a validated, compact object, at least one of whose names begins with `$`.
  ///   - readOnly: top-level members that nothing may touch.
  /// - Throws: `JSONPatchError` of the kind `malformed`.
  package init(_ text: [UInt8], readOnly: [String] = []) throws(JSONPatchError) {
    self.text = text
    var changes: [Change] = []
    for (name, fields) in JSONUpdate.members(of: text, 0..<text.count) {
      let pointer = "/" + JSONPatchLimits.segment(name)
      guard name.utf8.first == UInt8(ascii: "$") else {
        throw JSONPatchError(
          .malformed, pointer,
          "'\(JSONPatchLimits.shown(name))' stands beside update operators: send fields or operators, or put the field into `$set`.")
      }
      guard JSONUpdate.operators.contains(name) else {
        throw JSONPatchError(
          .malformed, pointer, "There is no update operator '\(JSONPatchLimits.shown(name))'. Known: \(JSONUpdate.operators.joined(separator: ", ")).")
      }
      guard text[fields.lowerBound] == UInt8(ascii: "{") else {
        throw JSONPatchError(.malformed, pointer, "`\(name)` takes an object of fields.")
      }
      for (field, value) in JSONUpdate.members(of: text, fields) {
        let pointer = pointer + "/" + JSONPatchLimits.segment(field)
        let reader = UpdateReader(text: text, name: name, value: value, pointer: pointer, readOnly: readOnly)
        changes.append(Change(path: try UpdatePath(field, at: pointer, readOnly: readOnly), action: try reader.action(), pointer: pointer, name: name))
      }
    }
    guard changes.count <= JSONPatchLimits.operationsMax else {
      throw JSONPatchError(.malformed, "", "The update changes \(changes.count) fields; the most is \(JSONPatchLimits.operationsMax).")
    }
    self.changes = changes
    try requireNoConflict()
  }

  /// Whether it only sets and removes whole fields: that fits every document.
  package var isUnconditional: Bool {
    changes.allSatisfy { change in
      guard change.path.segments.count == 1 else { return false }
      return switch change.action {
      case .set, .unset, .currentDate: true
      case .increase, .multiply, .least, .most, .rename, .push, .addToSet, .pull: false
      }
    }
  }

  /// MongoDB's rule: no two changes of the same field, or of one and of what is in it.
  private func requireNoConflict() throws(JSONPatchError) {
    var touched: [(path: UpdatePath, pointer: String)] = []
    for change in changes {
      touched.append((change.path, change.pointer))
      if case .rename(let path) = change.action { touched.append((path, change.pointer)) }
    }
    // Of two that are the same the later one is named.
    let order = touched.indices.sorted { a, b in
      if UpdatePath.precedes(touched[a].path, touched[b].path) { return true }
      return !UpdatePath.precedes(touched[b].path, touched[a].path) && a < b
    }
    touched = order.map { touched[$0] }
    for (one, next) in zip(touched, touched.dropFirst()) where one.path.holds(next.path) {
      let (path, other) = (JSONPatchLimits.shown(next.path.text), JSONPatchLimits.shown(one.path.text))
      throw JSONPatchError(.malformed, next.pointer, "The update changes '\(path)' and also '\(other)': each field may be changed once.")
    }
  }

  /// The members of an object in a validated text: their names and where their values stand.
  static func members(of text: [UInt8], _ range: Range<Int>) -> [(name: String, value: Range<Int>)] {
    text.withUnsafeBufferPointer { text in
      var skimmer = JSONSkimmer(text, at: range.lowerBound)
      var members: [(String, Range<Int>)] = []
      guard skimmer.enter(UInt8(ascii: "{")) else { return [] }
      while let member = skimmer.nextMember() { members.append((member.key.string(in: text), member.valueRange)) }
      return members
    }
  }
}
