import JSON

/// A change of a document as the log tells it, with the document before and after taken out of their text.
package struct LoggedChange: Sendable {
  package let sequence: Int64
  package let time: Timestamp
  package let collection: String
  package let id: String
  package let before: DocumentRecord?
  package let after: DocumentRecord?
  /// Who did it; a JSON object.
  package let actor: [UInt8]?

  /// Nil for what is no change of a document.
  package init?(_ event: LogEvent) {
    guard event.kind == .document else { return nil }
    sequence = event.sequence
    time = event.time
    collection = event.container
    id = event.subject
    before = event.before.flatMap(DocumentRecord.init(logged:))
    after = event.after.flatMap(DocumentRecord.init(logged:))
    actor = event.auth
  }

  package var byteCount: Int { 256 + (before?.body.count ?? 0) + (after?.body.count ?? 0) }
}

extension DocumentRecord {
  /// Reads what ``json()`` wrote; nil for anything else.
  init?(logged json: [UInt8]) {
    func text(_ name: String) -> String? {
      guard let range = JSONText.member(name, of: json), range.count >= 2 else { return nil }
      return String(decoding: json[(range.lowerBound + 1)..<(range.upperBound - 1)], as: UTF8.self)
    }
    guard let id = text("id"), let range = JSONText.member("version", of: json),
      let version = Int64(String(decoding: json[range], as: UTF8.self)),
      let created = text("createdAt").flatMap(Timestamp.init(text:)), let updated = text("updatedAt").flatMap(Timestamp.init(text:))
    else { return nil }
    self.init(
      id: id, version: version, created: created, updated: updated, body: JSONText.removingMembers(DocumentRecord.reservedFields, from: json))
  }
}

extension Timestamp {
  /// Reads exactly what ``text`` writes.
  init?(text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 24, bytes[23] == UInt8(ascii: "Z") else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      var number: Int64 = 0
      for byte in bytes[range] {
        guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        number = number * 10 + Int64(byte - UInt8(ascii: "0"))
      }
      return number
    }
    guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13), let minute = number(14..<16),
      let second = number(17..<19), let millisecond = number(20..<23), (1...12).contains(month)
    else { return nil }
    // Days since 1970 of a date of the proleptic Gregorian calendar, counted from 1 March.
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    self.init(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millisecond)
    guard self.text == text else { return nil }
  }
}
