import Core
import JSON

/// A case that a collection's rules must decide as expected.
package struct RuleTest: Sendable {
  package enum Expectation: String, CaseIterable, Sendable {
    case allow, deny
  }

  package let name: String
  /// Where it begins in the file.
  package let line: Int
  package let collection: String
  package let operation: RuleOperation
  /// Null for a stranger.
  package let auth: JSONValue
  package let document: JSONObject?
  package let incoming: JSONObject?
  package let request: JSONObject
  /// What `lookup` finds: by collection, then by id.
  package let documents: JSONObject
  package let expectation: Expectation
  /// The fields that a reader must not see, exactly; nil if the case does not say.
  package let hidden: [String]?
  /// The fields whose change must be refused, exactly; nil if the case does not say.
  package let denied: [String]?
}

extension RuleTest {
  init(_ value: PlacedValue, number: Int) throws(AppFileError) {
    var naming = try PlacedReader(value, "test \(number)")
    guard let name = try naming.string("name") else { throw naming.missing("name", "what must hold, in words") }
    var reader = try PlacedReader(value, "test '\(name)'")
    _ = reader.any("name")
    self.name = name
    line = value.line
    guard let collection = try reader.string("collection") else { throw reader.missing("collection", "a collection's name") }
    self.collection = collection
    operation = try reader.word("operation", RuleOperation.self)
    auth = try Self.auth(reader.value("auth"), of: reader.owner)
    document = try reader.object("document")
    incoming = try reader.object("incoming")
    request = try Self.request(reader.value("request"), of: reader.owner)
    documents = try Self.documents(reader.value("documents"), of: reader.owner)
    expectation = try reader.word("expect", Expectation.self)
    hidden = try reader.strings("hidden")
    denied = try reader.strings("denied")
    try reader.refuseUnknown()
    try requireFitting(reader)
  }

  /// What an operation has to do with: a new document, one that is there, or both.
  private func requireFitting(_ reader: PlacedReader) throws(AppFileError) {
    let (hasDocument, hasIncoming) = (operation != .create, operation == .create || operation == .update)
    if hasDocument, document == nil { throw reader.missing("document", "the document that is there") }
    if hasIncoming, incoming == nil { throw reader.missing("incoming", "the document as it would be after the write, all of it") }
    let needless =
      if !hasDocument, document != nil {
        "'document': before it is created there is none; the new one is 'incoming'"
      } else if !hasIncoming, incoming != nil {
        "'incoming': only create and update write something"
      } else if hidden != nil, operation != .read {
        "'hidden': only read shows fields"
      } else if denied != nil, !hasIncoming {
        "'denied': only create and update change fields"
      } else {
        nil as String?
      }
    if let needless { throw AppFileError(line: line, "test '\(name)' is of operation \(operation.rawValue) and has \(needless)") }
  }

  private static func auth(_ value: PlacedValue?, of owner: String) throws(AppFileError) -> JSONValue {
    guard let value else { return .null }
    var reader = try PlacedReader(value, "\(owner), auth")
    if try reader.string("id") == nil { throw reader.missing("id", "the user's id (`auth: null` is a stranger)") }
    _ = try (reader.string("email"), reader.string("provider"), reader.strings("roles"), reader.object("claims"))
    for name in ["emailVerified", "anonymous"] {
      guard let flag = reader.value(name) else { continue }
      guard case .scalar(.bool) = flag.content else { throw reader.wrong(name, flag, expected: "true or false") }
    }
    try reader.refuseUnknown()
    return value.json
  }

  private static func request(_ value: PlacedValue?, of owner: String) throws(AppFileError) -> JSONObject {
    guard let value else { return [:] }
    var reader = try PlacedReader(value, "\(owner), request")
    _ = try (reader.string("method"), reader.string("ip"), reader.string("time"), reader.object("headers"), reader.object("query"))
    try reader.refuseUnknown()
    return value.json.objectValue ?? [:]
  }

  private static func documents(_ value: PlacedValue?, of owner: String) throws(AppFileError) -> JSONObject {
    guard let value else { return [:] }
    for collection in value.members ?? [] {
      for document in collection.value.members ?? [] where document.value.members == nil {
        throw AppFileError(
          line: document.line, "\(owner): the document '\(document.key)' of '\(collection.key)' is \(document.value.kind); expected an object")
      }
      guard collection.value.members != nil || collection.value.isNull else {
        throw AppFileError(
          line: collection.line,
          "\(owner): '\(collection.key)' of 'documents' is \(collection.value.kind); expected an object, documents by their id")
      }
    }
    guard let object = value.json.objectValue else {
      throw AppFileError(line: value.line, "\(owner): 'documents' is \(value.kind); expected an object, collections by their name")
    }
    return JSONObject(object.filter { !$0.value.isNull }.map { ($0.key, $0.value) })
  }
}
