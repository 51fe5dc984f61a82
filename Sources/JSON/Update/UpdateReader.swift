/// Reads what one operator is to do to one field.
struct UpdateReader {
  let text: [UInt8]
  let name: String
  let value: Range<Int>
  let pointer: String
  let readOnly: [String]

  func action() throws(JSONPatchError) -> JSONUpdate.Action {
    switch name {
    case "$set": return .set(value)
    case "$unset": return .unset
    case "$inc": return .increase(try number())
    case "$mul": return .multiply(try number())
    case "$min": return .least(try parsed(value), value)
    case "$max": return .most(try parsed(value), value)
    case "$rename":
      guard let new = try parsed(value).stringValue else { throw malformed("takes the field's new name") }
      return .rename(try UpdatePath(new, at: pointer, readOnly: readOnly))
    case "$push": return .push(try push())
    case "$addToSet":
      guard let modifiers = try modifiers() else { return .addToSet([value]) }
      try requireKnown(modifiers, ["$each"])
      return .addToSet(try each(modifiers))
    case "$pull": return .pull(try UpdateCondition(pulled: try parsed(value), at: pointer))
    default:
      switch try parsed(value) {
      case .bool(true), .object(["$type": "date"]): return .currentDate
      default: throw malformed("takes true, or {\"$type\": \"date\"}: the time is written as text (RFC 3339)")
      }
    }
  }

  private func push() throws(JSONPatchError) -> UpdatePush {
    guard let modifiers = try modifiers() else { return UpdatePush(values: [value], position: nil, slice: nil, sort: nil) }
    try requireKnown(modifiers, ["$each", "$position", "$slice", "$sort"])
    return UpdatePush(
      values: try each(modifiers), position: try integer("$position", modifiers), slice: try integer("$slice", modifiers), sort: try sort(modifiers))
  }

  private typealias Modifiers = [(name: String, value: Range<Int>)]

  /// Nil where the value is meant itself.
  private func modifiers() throws(JSONPatchError) -> Modifiers? {
    guard text[value.lowerBound] == UInt8(ascii: "{") else { return nil }
    let members = JSONUpdate.members(of: text, value)
    return members.contains { $0.name.utf8.first == UInt8(ascii: "$") } ? members : nil
  }

  private func requireKnown(_ modifiers: Modifiers, _ known: [String]) throws(JSONPatchError) {
    for (name, _) in modifiers where !known.contains(name) {
      throw JSONPatchError(
        .malformed, pointer + "/" + JSONPatchLimits.segment(name),
        "`\(self.name)` has no '\(JSONPatchLimits.shown(name))'; expected \(known.joined(separator: ", ")).")
    }
  }

  private func each(_ modifiers: Modifiers) throws(JSONPatchError) -> [Range<Int>] {
    guard let each = modifiers.first(where: { $0.name == "$each" }), text[each.value.lowerBound] == UInt8(ascii: "[") else {
      throw JSONPatchError(.malformed, pointer + "/$each", "`\(name)` with modifiers needs `$each`, a list of values.")
    }
    return JSONText.elements(of: text, from: each.value.lowerBound)
  }

  private func integer(_ name: String, _ modifiers: Modifiers) throws(JSONPatchError) -> Int? {
    guard let modifier = modifiers.first(where: { $0.name == name }) else { return nil }
    guard let number = try parsed(modifier.value).intValue else {
      throw JSONPatchError(.malformed, pointer + "/" + name, "`\(name)` is a whole number.")
    }
    return Int(number)
  }

  /// `1`, `-1`, or `{"field": 1, "other.field": -1}`.
  private func sort(_ modifiers: Modifiers) throws(JSONPatchError) -> UpdatePush.Sort? {
    guard let modifier = modifiers.first(where: { $0.name == "$sort" }) else { return nil }
    let wrong = JSONPatchError(.malformed, pointer + "/$sort", "`$sort` is 1, -1 or an object of fields with 1 or -1.")
    switch try parsed(modifier.value) {
    case .int(1): return .values(isDescending: false)
    case .int(-1): return .values(isDescending: true)
    case .object(let fields) where !fields.isEmpty && fields.count <= 8:
      var keys: [UpdatePush.SortKey] = []
      for (field, direction) in fields {
        guard direction == .int(1) || direction == .int(-1) else { throw wrong }
        keys.append(
          UpdatePush.SortKey(path: try UpdatePath(field, at: pointer + "/$sort", readOnly: []).segments, isDescending: direction == .int(-1)))
      }
      return .fields(keys)
    default: throw wrong
    }
  }

  private func number() throws(JSONPatchError) -> JSONValue {
    let value = try parsed(value)
    switch value {
    case .int, .double: return value
    default: throw malformed("takes a number")
    }
  }

  private func parsed(_ range: Range<Int>) throws(JSONPatchError) -> JSONValue {
    // The text was validated as a whole, so that this cannot fail.
    do { return try JSONValue(parsing: Array(text[range])) } catch { throw malformed("has a value that is not JSON") }
  }

  private func malformed(_ what: String) -> JSONPatchError { JSONPatchError(.malformed, pointer, "`\(name)` \(what).") }
}
