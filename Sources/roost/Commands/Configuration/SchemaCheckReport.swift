import JSON

/// What a dry run of a changed schema told.
struct SchemaCheckReport {
  private let value: JSONValue

  init(_ value: JSONValue) {
    self.value = value
  }

  private func count(_ name: String) -> Int64 { value[name]?.intValue ?? 0 }

  /// Every document was looked at and fits.
  var isClean: Bool { count("misfits") == 0 && count("checked") == count("total") }

  func write(_ output: OutputOptions) {
    guard !output.json else { return Terminal.line(value.text) }
    for document in value["documents"]?.arrayValue ?? [] {
      for error in document["errors"]?.arrayValue ?? [] {
        let place = error["pointer"]?.stringValue ?? ""
        Terminal.line(Printable.line("\(document["id"]?.stringValue ?? "") \(place.isEmpty ? "/" : place) \(error["detail"]?.stringValue ?? "")"))
      }
    }
    Terminal.note("\(count("misfits")) of \(count("checked")) documents do not fit. Nothing was stored.")
    if count("checked") < count("total") { Terminal.note("Time was over before the other \(count("total") - count("checked")) were looked at.") }
  }
}
