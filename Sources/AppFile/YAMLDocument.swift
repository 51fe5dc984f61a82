import JSON
import Yams

/// Reads YAML as the JSON that it stands for. No tags, no merge keys, each key once; anchors and aliases within bounds.
package enum YAMLDocument {
  /// Throws what is wrong with the text, and where. An empty file is null.
  package static func value(of bytes: [UInt8]) throws(AppFileError) -> PlacedValue {
    guard bytes.count <= AppFileLimits.bytesMax else {
      throw AppFileError(line: nil, "the file is larger than \(AppFileLimits.bytesMax) bytes")
    }
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    guard let source = String(validating: text, as: UTF8.self) else { throw AppFileError(line: nil, "the file is not UTF-8") }
    try YAMLAliases(text).requireFew()
    guard let root = try parse(source) else { return PlacedValue(line: 1, .scalar(.null)) }
    var values = 0
    return try value(of: root, depth: 1, count: &values)
  }

  private static func parse(_ source: String) throws(AppFileError) -> Node? {
    do {
      // The basic resolver makes nothing of scalars: what they are is decided in YAMLScalar.
      return try Parser(yaml: source, resolver: .basic, encoding: .utf8).singleRoot()
    } catch let error as YamlError {
      throw AppFileError(error)
    } catch {
      throw AppFileError(line: nil, "the file cannot be read as YAML")
    }
  }

  private static func value(of node: Node, depth: Int, count: inout Int) throws(AppFileError) -> PlacedValue {
    let line = node.mark?.line ?? 1
    count += 1
    guard count <= AppFileLimits.valuesMax else {
      throw AppFileError(line: line, "the file stands for more than \(AppFileLimits.valuesMax) values")
    }
    guard depth <= AppFileLimits.depthMax else {
      throw AppFileError(line: line, "lists and objects lie more than \(AppFileLimits.depthMax) levels within each other")
    }
    switch node {
    case .scalar(let scalar):
      return PlacedValue(line: line, .scalar(try value(of: scalar, line: line)))
    case .sequence(let sequence):
      try requireNoTag(sequence.tag, line)
      var elements: [PlacedValue] = []
      for element in sequence { elements.append(try value(of: element, depth: depth + 1, count: &count)) }
      return PlacedValue(line: line, .list(elements))
    case .mapping(let mapping):
      try requireNoTag(mapping.tag, line)
      var members: [PlacedValue.Member] = []
      for (key, member) in mapping {
        let keyLine = key.mark?.line ?? line
        let name = try keyText(key, line: keyLine)
        members.append(PlacedValue.Member(key: name, line: keyLine, value: try value(of: member, depth: depth + 1, count: &count)))
      }
      return PlacedValue(line: line, .map(members))
    case .alias:
      throw AppFileError(line: line, "an alias (*name) without its anchor")
    }
  }

  private static func value(of scalar: Node.Scalar, line: Int) throws(AppFileError) -> JSONValue {
    switch scalar.tag.rawValue {
    case Tag.Name.implicit.rawValue: scalar.style == .plain ? try YAMLScalar.value(of: scalar.string, line: line) : .string(scalar.string)
    case Tag.Name.str.rawValue, Tag.Name.nonSpecific.rawValue: .string(scalar.string)
    default: throw AppFileError(line: line, "tags (\(scalar.tag.rawValue)) are not read; leave it out")
    }
  }

  private static func keyText(_ key: Node, line: Int) throws(AppFileError) -> String {
    guard case .scalar(let scalar) = key else { throw AppFileError(line: line, "a key is a text, not a list or an object") }
    if scalar.string == "<<", scalar.style == .plain {
      throw AppFileError(line: line, "merge keys (<<) are not read; write the members out")
    }
    guard [Tag.Name.implicit, .str, .nonSpecific].map(\.rawValue).contains(scalar.tag.rawValue) else {
      throw AppFileError(line: line, "tags (\(scalar.tag.rawValue)) are not read; leave it out")
    }
    return scalar.string
  }

  private static func requireNoTag(_ tag: Tag, _ line: Int) throws(AppFileError) {
    guard [Tag.Name.implicit, .nonSpecific, .seq, .map].map(\.rawValue).contains(tag.rawValue) else {
      throw AppFileError(line: line, "tags (\(tag.rawValue)) are not read; leave it out")
    }
  }
}

extension AppFileError {
  /// The parser's words, and the line alone: its own description quotes the text around.
  fileprivate init(_ error: YamlError) {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      // The parser's own bound, in the words of its own settings.
      if problem.hasPrefix("Maximum nesting level") {
        self.init(line: mark.line, "lists and objects lie more than \(AppFileLimits.depthMax) levels within each other")
        return
      }
      let around = context.map { ", \($0.text) that begins in line \($0.mark.line)" } ?? ""
      self.init(line: mark.line, "\(problem) (column \(mark.column))\(around)")
    case .duplicatedKeysInMapping(let duplicates, let context):
      self.init(line: context.mark.line, "the key '\(duplicates.first ?? "")' stands there twice")
    case .reader(let problem, _, _, _): self.init(line: nil, "the file holds what YAML does not allow: \(problem)")
    default: self.init(line: nil, "the file cannot be read as YAML")
    }
  }
}
