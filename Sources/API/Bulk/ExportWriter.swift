import Core

/// How the documents of an export are written down.
struct ExportWriter: Sendable {
  private let request: ExportRequest
  /// Of a CSV.
  private let columns: CSVColumns?

  /// A CSV's columns must be known before its first row: those that the caller names, or all that the documents have, which are read once
  /// for that. Throws `validation_failed` where they are too many.
  init(_ request: ExportRequest, _ reading: ExportReading) async throws {
    self.request = request
    guard request.format == .csv else {
      columns = nil
      return
    }
    var columns = CSVColumns(reading.collection.documentType)
    if let named = request.columns {
      for path in named { try columns.add(path) }
    } else {
      for name in DocumentRecord.reservedFields { try columns.add([name]) }
      try await reading.forEach(from: reading.first()) { documents in
        for document in documents { try columns.addFields(of: document.body) }
      }
    }
    self.columns = columns
  }

  /// What comes before the first document.
  var head: [UInt8]? { columns?.header(isSafe: request.isSafe) }

  func piece(_ documents: [DocumentRecord]) throws -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(documents.reduce(0) { $0 + $1.body.count + 160 })
    for document in documents {
      if let columns {
        let isWhole = columns.appendRow(document.json(), isSafe: request.isSafe, to: &bytes)
        guard isWhole || request.columns != nil else { throw RoostError(.conflict, "A document got a field that the header does not have.") }
      } else {
        if request.fields.isEverything { document.appendJSON(to: &bytes) } else { bytes.append(contentsOf: request.fields.apply(to: document.json())) }
        bytes.append(UInt8(ascii: "\n"))
      }
    }
    return bytes
  }
}
