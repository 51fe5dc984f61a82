import CEL
import JSON

/// The columns of a CSV and the fields that they stand for. A header's `address.city` is a field in an object; a `.` or a backslash that
/// belongs to a name has a backslash before it.
package struct CSVColumns: Sendable {
  package struct Column: Sendable {
    package let path: [String]
    package let type: CSVType

    var header: String { path.map(Self.escaped).joined(separator: ".") }

    private static func escaped(_ name: String) -> String {
      guard name.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "\\") }) else { return name }
      return name.map { $0 == "." || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
    }
  }

  /// The fields as a tree.
  struct Node: Sendable {
    var names: [String] = []
    var children: [Node] = []
    /// By the names' bytes: Swift's strings are equal too where Unicode only calls them alike.
    var places: [[UInt8]: Int] = [:]
    /// The column of the value itself.
    var column: Int?

    func child(_ name: String) -> Node? { places[Array(name.utf8)].map { children[$0] } }

    mutating func add(_ column: Int, at path: ArraySlice<String>) -> Bool {
      guard let name = path.first else {
        guard self.column == nil else { return false }
        self.column = column
        return true
      }
      let place = places[Array(name.utf8)] ?? children.count
      if place == children.count {
        places[Array(name.utf8)] = place
        names.append(name)
        children.append(Node())
      }
      return children[place].add(column, at: path.dropFirst())
    }
  }

  package private(set) var columns: [Column] = []
  private(set) var root = Node()
  let type: CELType
  private let unknown: CSVType

  /// - Parameters:
  ///   - type: what is known of the documents.
  ///   - unknown: how fields are read and written of which nothing is known.
  package init(_ type: CELType, unknown: CSVType = .inferred) {
    self.type = type
    self.unknown = unknown
  }

  /// Throws `validation_failed` for two columns of one field, and for too many.
  package mutating func add(_ path: [String]) throws {
    guard columns.count < Limits.csvColumnsMax else {
      throw RoostError(
        .validationFailed, "The documents have more than \(Limits.csvColumnsMax) fields. Name those that become columns, with `fields=`.")
    }
    guard root.add(columns.count, at: path[...]) else {
      throw RoostError(.validationFailed, "Two columns stand for the field '\(path.joined(separator: ".").prefix(80))'.")
    }
    // Our own number is not the caller's to set: whatever an import has there is ignored.
    let type = path == ["version"] ? .inferred : CSVType(Self.known(type, at: path[...]), unknown: unknown)
    columns.append(Column(path: path, type: type))
  }

  static func known(_ type: CELType, at path: ArraySlice<String>) -> CELType {
    guard let name = path.first else { return type }
    guard case .object(let fields, _) = type, let field = fields[name] else { return .dyn }
    return Self.known(field, at: path.dropFirst())
  }

  /// Reads the names of a header row. Throws `validation_failed`.
  package init(header: CSVRecord, _ type: CELType, unknown: CSVType) throws {
    self.init(type, unknown: unknown)
    if let fault = header.fault { throw RoostError(.validationFailed, "The header row: \(fault.message)") }
    for cell in 0..<header.cells {
      guard let name = String(validating: header[cell], as: UTF8.self) else {
        throw RoostError(.validationFailed, "The header row is not UTF-8. Save the table as CSV in UTF-8.")
      }
      let path = Self.path(name)
      guard path.count <= 32, !path.contains("") else {
        throw RoostError(
          .validationFailed, "Column \(cell + 1) has the name '\(name.prefix(80))': expected the name of a field, such as `title` or `address.city`.")
      }
      try add(path)
    }
  }

  private static func path(_ text: String) -> [String] {
    var names = [""]
    var isEscaped = false
    for character in text.unicodeScalars {
      if character == "\\", !isEscaped {
        isEscaped = true
      } else if character == ".", !isEscaped {
        names.append("")
      } else {
        names[names.count - 1].unicodeScalars.append(character)
        isEscaped = false
      }
    }
    return names
  }
}

// MARK: A row as a document

extension CSVColumns {
  /// The document of a row as JSON text. Throws `validation_failed` with each cell that is not what its column holds.
  package func document(_ record: CSVRecord) throws -> [UInt8] {
    if let fault = record.fault { throw RoostError(.validationFailed, fault.message) }
    guard record.cells == columns.count else {
      throw RoostError(.validationFailed, "The row has \(record.cells) cells; the header has \(columns.count).")
    }
    var json: [UInt8] = []
    json.reserveCapacity(record.bytes.count + 16 * columns.count)
    var faults: [FieldError] = []
    if !append(root, record, to: &json, &faults) { json.append(contentsOf: "{}".utf8) }
    guard faults.isEmpty else { throw RoostError(.validationFailed, "The row's cells do not fit their columns.", fields: faults) }
    return json
  }

  /// Answers whether there was anything.
  private func append(_ node: Node, _ record: CSVRecord, to json: inout [UInt8], _ faults: inout [FieldError]) -> Bool {
    let start = json.count
    var isEmpty = true
    for (name, child) in zip(node.names, node.children) {
      let restart = json.count
      json.append(UInt8(ascii: isEmpty ? "{" : ","))
      JSONWriter.append(name, to: &json)
      json.append(UInt8(ascii: ":"))
      if append(child, record, to: &json, &faults) { isEmpty = false } else { json.removeSubrange(restart...) }
    }
    if !isEmpty { json.append(UInt8(ascii: "}")) }
    guard let column = node.column, !record.isAbsent(column) else { return !isEmpty }
    let field = columns[column]
    if !isEmpty {
      faults.append(FieldError(field.pointer, "is set, and so is a field in it"))
      json.removeSubrange(start...)
    }
    if let expected = field.type.append(record[column], to: &json), faults.count < Limits.schemaFailuresMax {
      faults.append(FieldError(field.pointer, expected + ", found '\(String(decoding: record[column].prefix(40), as: UTF8.self))'"))
    }
    return true
  }
}

extension CSVColumns.Column {
  fileprivate var pointer: String { path.map { "/" + $0.pointerSegment }.joined() }
}
