import CEL
import JSON

extension CSVColumns {
  /// Adds a column for each field of a document that has none yet. An object becomes columns of its own where the schema names its fields;
  /// any other is one column, as JSON.
  package mutating func addFields(of document: [UInt8]) throws { try addFields(of: document[...], at: [], self.type) }

  private mutating func addFields(of object: ArraySlice<UInt8>, at path: [String], _ type: CELType) throws {
    let object = Array(object)
    let known = root.node(at: path[...])
    try JSONText.forEachMember(of: object) { name, range in
      guard !name.isEmpty else {
        throw RoostError(.validationFailed, "A document has a field without a name, which no column can have. Name the columns with `fields=`.")
      }
      let field = Self.known(type, at: [name])
      let path = path + [name]
      if Self.isSplit(field, object[range]) {
        try addFields(of: object[range], at: path, field)
      } else if known?.child(name)?.column == nil {
        try add(path)
      }
    }
  }

  /// An empty object would leave no column that tells of it.
  private static func isSplit(_ type: CELType, _ value: ArraySlice<UInt8>) -> Bool {
    guard case .object(let fields, _) = type else { return false }
    return !fields.isEmpty && value.first == UInt8(ascii: "{") && value.count > 2
  }

  /// The header row, with CRLF as RFC 4180 has it.
  package func header(isSafe: Bool) -> [UInt8] {
    var bytes: [UInt8] = []
    for (position, column) in columns.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      let text = Array(column.header.utf8)
      CSVWriter.append(isSafe ? CSVWriter.safe(text) : text, isQuoted: false, to: &bytes)
    }
    return bytes + [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
  }

  /// Appends a document's row. Answers false if it has a field without a column.
  /// - Parameter isSafe: no text begins so that a spreadsheet takes it for a formula.
  package func appendRow(_ document: [UInt8], isSafe: Bool, to bytes: inout [UInt8]) -> Bool {
    var cells = [ArraySlice<UInt8>?](repeating: nil, count: columns.count)
    let isWhole = collect(document[...], root, &cells)
    for (column, cell) in zip(columns, cells) {
      if let cell {
        let (text, isText) = column.type.cell(cell)
        CSVWriter.append(isSafe && isText ? CSVWriter.safe(text) : text, isQuoted: text.isEmpty, to: &bytes)
      }
      bytes.append(UInt8(ascii: ","))
    }
    if !columns.isEmpty { bytes.removeLast() }
    bytes.append(contentsOf: [UInt8(ascii: "\r"), UInt8(ascii: "\n")])
    return isWhole
  }

  private func collect(_ object: ArraySlice<UInt8>, _ node: Node, _ cells: inout [ArraySlice<UInt8>?]) -> Bool {
    let object = Array(object)
    var isWhole = true
    JSONText.forEachMember(of: object) { name, range in
      guard let child = node.child(name) else {
        isWhole = false
        return
      }
      let value = object[range]
      if !child.children.isEmpty, value.first == UInt8(ascii: "{"), value.count > 2 {
        isWhole = collect(value, child, &cells) && isWhole
      } else if let column = child.column {
        cells[column] = value
      } else {
        isWhole = false
      }
    }
    return isWhole
  }
}

extension CSVColumns.Node {
  fileprivate func node(at path: ArraySlice<String>) -> CSVColumns.Node? {
    guard let name = path.first else { return self }
    return child(name)?.node(at: path.dropFirst())
  }
}

/// How cells are written (RFC 4180, section 2).
enum CSVWriter {
  static func append(_ text: [UInt8], isQuoted: Bool, to bytes: inout [UInt8]) {
    guard isQuoted || text.contains(where: mustBeQuoted) else { return bytes.append(contentsOf: text) }
    bytes.append(UInt8(ascii: "\""))
    for byte in text {
      if byte == UInt8(ascii: "\"") { bytes.append(byte) }
      bytes.append(byte)
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static func mustBeQuoted(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\n")
  }

  /// A text that begins like a formula gets an apostrophe in front (OWASP, CSV injection).
  static func safe(_ text: [UInt8]) -> [UInt8] {
    guard let first = text.first, "=+-@\t\r".utf8.contains(first) else { return text }
    return [UInt8(ascii: "'")] + text
  }
}
