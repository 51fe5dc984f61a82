import CEL
import JSON

/// Rules for single fields of a collection's documents. A field that a caller may not read is not there for them: not in answers, not for
/// their filters. One that they may not write keeps its value.
package struct FieldRules: Sendable {
  package struct Field: Sendable {
    package let name: String
    /// Nil: whoever reads the document reads the field.
    package let read: Rule?
    /// Nil: whoever writes the document writes the field.
    package let write: Rule?

    package init(name: String, read: Rule?, write: Rule?) {
      self.name = name
      self.read = read
      self.write = write
    }
  }

  package let fields: [Field]
  /// The fields that some callers do not see.
  package let guarded: Set<String>
  /// Whether telling what is hidden takes other documents.
  let readsLookUp: Bool

  package init(_ fields: [Field]) {
    self.fields = fields
    guarded = Set(fields.filter { $0.read != nil }.map(\.name))
    readsLookUp = fields.contains { $0.read?.looksUp ?? false }
  }

  package static let none = FieldRules([])

  package var isEmpty: Bool { fields.isEmpty }

  /// The fields of this document that the caller may not see.
  package func hidden(_ context: RuleContext) -> [String] {
    fields.compactMap { field in
      guard let rule = field.read, !rule.allows(context) else { return nil }
      return field.name
    }
  }

  /// The fields that differ between two bodies and that the caller may not set so. `before` is nil for a new document.
  package func denied(_ before: [UInt8]?, _ after: [UInt8], _ context: RuleContext) -> [String] {
    fields.compactMap { field in
      guard let rule = field.write, Self.text(field.name, in: before) != Self.text(field.name, in: after), !rule.allows(context) else { return nil }
      return field.name
    }
  }

  private static func text(_ name: String, in body: [UInt8]?) -> ArraySlice<UInt8>? {
    guard let body, let range = JSONText.member(name, of: body) else { return nil }
    return body[range]
  }

  /// Those of the hidden fields that somebody sets all the same.
  static func named(_ hidden: [String], in body: [UInt8]) -> [String] { hidden.filter { JSONText.member($0, of: body) != nil } }

  /// The fields of a body that another has just so.
  static func unchanged(_ before: [UInt8], _ after: [UInt8]) -> [String] {
    var names: [String] = []
    JSONText.forEachMember(of: after) { name, range in if text(name, in: before) == after[range] { names.append(name) } }
    return names
  }

  /// The body without those hidden fields that are in it as they were: what a caller sends who does not see them.
  static func leavingOut(_ hidden: [String], of before: [UInt8], from after: [UInt8]) -> [UInt8] {
    JSONText.removingMembers(named(hidden, in: after).filter { text($0, in: before) == text($0, in: after) }, from: after)
  }

  /// The body with its hidden fields as they were: what somebody does not see they can neither take away nor overwrite unknowingly.
  /// A value that they name themselves stays.
  static func keeping(_ hidden: [String], of before: [UInt8], in after: [UInt8]) -> [UInt8] {
    guard hidden.contains(where: { JSONText.member($0, of: before) != nil && JSONText.member($0, of: after) == nil }) else { return after }
    typealias Member = (name: String, text: ArraySlice<UInt8>)
    var members: [Member] = []
    // Names are the same if their bytes are; Swift's strings are equal too where Unicode only calls them alike.
    var places: [[UInt8]: Int] = [:]
    let hidden = Set(hidden.map { Array($0.utf8) })
    JSONText.forEachMember(of: after) { name, range in
      places[Array(name.utf8)] = members.count
      members.append((name, after[range]))
    }
    // Each goes behind the one that it stood behind, so that a document which is not changed keeps its text.
    var kept: [Int: [Member]] = [:]
    var place = 0
    JSONText.forEachMember(of: before) { name, range in
      let key = Array(name.utf8)
      if let known = places[key] {
        place = known + 1
      } else if hidden.contains(key) {
        kept[place, default: []].append((name, before[range]))
      }
    }
    let all = (0...members.count).flatMap { (kept[$0] ?? []) + members[$0...].prefix(1) }
    var body: [UInt8] = [UInt8(ascii: "{")]
    for (position, member) in all.enumerated() {
      if position > 0 { body.append(UInt8(ascii: ",")) }
      JSONValue.string(member.name).write(into: &body)
      body.append(UInt8(ascii: ":"))
      body.append(contentsOf: member.text)
    }
    body.append(UInt8(ascii: "}"))
    return body
  }
}

extension FieldRules {
  /// Reads `{"email": {"read": "…", "write": "…"}}`. Throws `validation_failed` or `expression_invalid`.
  init(_ value: JSONObject, document: CELType) throws {
    guard value.count <= Limits.fieldRulesMax else {
      throw RoostError(
        .validationFailed, "A collection has at most \(Limits.fieldRulesMax) field rules.", fields: [FieldError("/fieldRules", "too many")])
    }
    self.init(
      try value.map { name, rules in
        let pointer = "/fieldRules/\(name.pointerSegment)"
        guard !DocumentRecord.reservedFields.contains(name), !name.isEmpty else {
          throw RoostError(.validationFailed, "A field rule is for a field of the documents' own.", fields: [FieldError(pointer, "expected another name")])
        }
        guard let rules = rules.objectValue else {
          throw RoostError(.validationFailed, "A field's rules are an object.", fields: [FieldError(pointer, #"expected {"read": …, "write": …}"#)])
        }
        for (action, _) in rules where action != "read" && action != "write" {
          throw RoostError(
            .validationFailed, "There is no field rule '\(action)'.",
            fields: [FieldError("\(pointer)/\(action.pointerSegment)", "expected read or write")])
        }
        return Field(
          name: name, read: try Rule(optional: rules["read"], .readRule, pointer: pointer + "/read", document: document),
          write: try Rule(optional: rules["write"], .writeRule, pointer: pointer + "/write", document: document))
      })
  }
}
