import Core
import JSON

/// How a caller wants to be told: documents as in lists, or changes as in the change feed; which of the fields.
struct LivePresentation: Sendable {
  enum Style: String, Sendable {
    /// A snapshot, then documents.
    case documents
    /// No snapshot; what happened and when.
    case changes
  }

  let style: Style
  let sort: [SortKey]
  /// Who did it, and what was there before: for those who pass rules.
  let showsOrigin: Bool
  private let fields: FieldSelection
  /// The same for two that tell alike.
  let text: String

  init(_ style: Style, fields: String?, sort: [SortKey] = [], showsOrigin: Bool = false) throws {
    self.style = style
    self.sort = sort
    self.showsOrigin = showsOrigin
    // Looked at as it was sent, before ours are added.
    _ = try FieldSelection(text: fields)
    // Without an id nobody could tell which of their documents an event is about, without a version not which of two is newer.
    self.fields = try FieldSelection(text: fields.map { $0 + ",id,version" })
    // No `fields` is not the same as any that somebody may name.
    text = [style.rawValue, fields.map { "=" + $0 } ?? "*", sort.map(\.text).joined(separator: ","), showsOrigin ? "origin" : ""].joined(separator: "|")
  }

  func appendDocument(_ document: DocumentRecord, to bytes: inout [UInt8]) {
    if fields.isEverything {
      document.appendJSON(to: &bytes)
    } else {
      bytes.append(contentsOf: fields.apply(to: document.json()))
    }
  }

  /// The snapshot of a live query.
  func events(of snapshot: DocumentSnapshot) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(snapshot.items.reduce(256) { $0 + $1.body.count + 192 })
    for document in snapshot.items { EventStream.append("added", to: &bytes) { appendDocument(document, to: &$0) } }
    return bytes
  }

  /// One change as an event; its id is the place after it.
  func append(_ outcome: LiveOutcome, of change: LoggedChange, _ cursor: String, to bytes: inout [UInt8]) {
    let event: StaticString =
      switch outcome {
      case .added: "added"
      case .modified: "modified"
      case .removed: "removed"
      }
    EventStream.append(event, id: cursor, to: &bytes) { bytes in
      switch (style, outcome) {
      case (.changes, _): appendItem(outcome, of: change, cursor, to: &bytes)
      case (.documents, .added(let document)), (.documents, .modified(let document)): appendDocument(document, to: &bytes)
      case (.documents, .removed): JSONValue.object(["id": .string(change.id)]).write(into: &bytes)
      }
    }
  }

  /// One change as an item of the change feed.
  func appendItem(_ outcome: LiveOutcome, of change: LoggedChange, _ cursor: String, to bytes: inout [UInt8]) {
    let (type, document): (String, DocumentRecord?) =
      switch outcome {
      case .added(let document): ("added", document)
      case .modified(let document): ("modified", document)
      case .removed: ("removed", nil)
      }
    bytes.append(contentsOf: #"{"type":"\#(type)","id":"#.utf8)
    JSONValue.string(change.id).write(into: &bytes)
    bytes.append(contentsOf: #","time":"\#(change.time.text)","cursor":"\#(cursor)","document":"#.utf8)
    append(document, to: &bytes)
    if showsOrigin {
      bytes.append(contentsOf: #","before":"#.utf8)
      append(change.before, to: &bytes)
      bytes.append(contentsOf: #","actor":"#.utf8)
      bytes.append(contentsOf: change.actor ?? Array("null".utf8))
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private func append(_ document: DocumentRecord?, to bytes: inout [UInt8]) {
    if let document { appendDocument(document, to: &bytes) } else { bytes.append(contentsOf: "null".utf8) }
  }
}

extension LiveQuery {
  /// These changes as events of this caller's stream; empty where none concerns them.
  func events(of changes: [LoggedChange], _ presentation: LivePresentation, _ lookups: RuleLookups?) throws -> [UInt8] {
    var bytes: [UInt8] = []
    for change in changes {
      guard let outcome = try outcome(of: change, lookups) else { continue }
      presentation.append(outcome, of: change, cursor(at: change.sequence), to: &bytes)
    }
    return bytes
  }
}
