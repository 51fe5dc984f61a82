import JSON

extension CELDocument {
  /// The fields of ours, which lie beside the body.
  enum OwnField: String {
    case id, version, createdAt, updatedAt
  }

  func value(_ field: OwnField) -> CELValue? {
    switch field {
    case .id: id.map(CELValue.string)
    case .version: version.map(CELValue.int)
    case .createdAt: createdAtMilliseconds.flatMap(CELTimestamp.init(milliseconds:)).map { .string($0.millisecondText) }
    case .updatedAt: updatedAtMilliseconds.flatMap(CELTimestamp.init(milliseconds:)).map { .string($0.millisecondText) }
    }
  }

  /// The whole document as a map.
  var value: CELValue {
    let own: [OwnField] = [.id, .version, .createdAt, .updatedAt]
    var fields = own.compactMap { field in value(field).map { (field.rawValue, $0) } }
    if case .object(let members)? = try? JSONValue(parsing: body) {
      for (name, json) in members where OwnField(rawValue: name).flatMap({ value($0) }) == nil { fields.append((name, CELValue(json))) }
    }
    return .map(CELMap(fields: fields))
  }
}
