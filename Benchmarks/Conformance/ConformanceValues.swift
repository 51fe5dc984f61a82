import CEL
import JSON

extension CELValue {
  /// A value that is written with its type: `{"int": "1"}`.
  init(typed json: JSONValue) throws {
    guard let (kind, content) = json.objectValue?.first(where: { _ in true }) else { throw ConformanceFault("no value: \(json)") }
    let elements = content.arrayValue ?? []
    let text = content.stringValue ?? ""
    let value: CELValue? =
      switch kind {
      case "null": .null
      case "bool": content.boolValue.map(CELValue.bool)
      case "int": Int64(text).map(CELValue.int)
      case "uint": UInt64(text).map(CELValue.uint)
      case "double": Double(text).map(CELValue.double)
      case "string": .string(text)
      case "type": .type(text)
      case "bytes": .bytes(elements.compactMap { $0.intValue.flatMap(UInt8.init(exactly:)) })
      case "list": .list(try elements.map { try CELValue(typed: $0) })
      case "map": CELMap(try elements.map { (try CELValue(typed: $0[0] ?? .null), try CELValue(typed: $0[1] ?? .null)) }).map(CELValue.map)
      case "timestamp": CELTimestamp(seconds: elements.first?.intValue ?? 0, nanoseconds: elements.last?.intValue ?? 0).map(CELValue.timestamp)
      case "duration": CELDuration(seconds: elements.first?.intValue ?? 0, nanoseconds: elements.last?.intValue ?? 0).map(CELValue.duration)
      default: nil
      }
    guard let value else { throw ConformanceFault("no value: \(json)") }
    self = value
  }

  /// The same kind and content, where zeros are equal and NaN is NaN.
  func isSame(as other: CELValue) -> Bool {
    switch (self, other) {
    case (.double(let a), .double(let b)): a == b || a.isNaN && b.isNaN
    case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    case (.map(let a), .map(let b)): a.count == b.count && a.entries.allSatisfy { entry in b[entry.key].map(entry.value.isSame) ?? false }
    default: self == other
    }
  }
}

extension CELType {
  /// A type as the script writes it: `"int"`, `{"list": "int"}`.
  init(typed json: JSONValue) throws {
    let simple: [String: CELType] = [
      "dyn": .dyn, "null": .null, "bool": .bool, "int": .int, "uint": .uint, "double": .double, "string": .string, "bytes": .bytes,
      "timestamp": .timestamp, "duration": .duration, "type": .type,
    ]
    if let name = json.stringValue, let type = simple[name] {
      self = type
    } else if let element = json["list"] {
      self = .list(try CELType(typed: element))
    } else if let wrapped = json["optional"] {
      self = .optional(try CELType(typed: wrapped))
    } else if let key = json["map"]?[0], let value = json["map"]?[1] {
      self = .map(try CELType(typed: key), try CELType(typed: value))
    } else {
      throw ConformanceFault("no type: \(json)")
    }
  }
}
