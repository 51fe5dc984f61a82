import JSON

/// Reads YAML as the JSON that it stands for. No tags, no merge keys, each key once; anchors and aliases within bounds.
package struct YAMLDocument {
  private let events: YAMLEvents
  private var anchors: [String: Anchored] = [:]
  private var values = 0

  /// What an alias stands for, and how much of it there is: aliases of aliases grow without end in a few lines.
  private struct Anchored {
    let value: PlacedValue
    let values: Int
    let depth: Int
  }

  /// Throws what is wrong with the text, and where. An empty file is null.
  package static func value(of bytes: [UInt8]) throws(AppFileError) -> PlacedValue {
    guard bytes.count <= AppFileLimits.bytesMax else {
      throw AppFileError(line: nil, "the file is larger than \(AppFileLimits.bytesMax) bytes")
    }
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    guard String(validating: text, as: UTF8.self) != nil else { throw AppFileError(line: nil, "the file is not UTF-8") }
    var document = YAMLDocument(events: try YAMLEvents(text))
    return try document.root()
  }

  private init(events: YAMLEvents) { self.events = events }

  private mutating func root() throws(AppFileError) -> PlacedValue {
    _ = try events.next()
    guard case .documentStart = try events.next().kind else { return PlacedValue(line: 1, .scalar(.null)) }
    let (value, _) = try value(from: events.next(), depth: 1)
    _ = try events.next()
    let end = try events.next()
    guard case .streamEnd = end.kind else { throw AppFileError(line: end.line, "found another document; one file is one document") }
    return value
  }

  /// The value that begins with an event, and how deep it is.
  private mutating func value(from event: YAMLEvent, depth: Int) throws(AppFileError) -> (PlacedValue, depth: Int) {
    try count(1, event.line)
    let before = values
    guard depth <= AppFileLimits.depthMax else { throw tooDeep(event.line) }
    let value: PlacedValue
    var inner = 0
    switch event.kind {
    case .scalar(let text, let isPlain):
      try requireTag(event, among: ["!", "tag:yaml.org,2002:str"])
      value = PlacedValue(line: event.line, .scalar(isPlain ? try YAMLScalar.value(of: text, line: event.line) : .string(text)))
    case .alias(let name):
      guard let known = anchors[name] else { throw AppFileError(line: event.line, "found undefined alias (*\(name.prefix(64)))") }
      guard depth + known.depth - 1 <= AppFileLimits.depthMax else { throw tooDeep(event.line) }
      try count(known.values - 1, event.line)
      return (known.value, known.depth)
    case .listStart:
      try requireTag(event, among: ["!", "tag:yaml.org,2002:seq"])
      let (elements, deepest) = try list(depth: depth)
      (value, inner) = (PlacedValue(line: event.line, .list(elements)), deepest)
    case .mapStart:
      try requireTag(event, among: ["!", "tag:yaml.org,2002:map"])
      let (members, deepest) = try map(depth: depth)
      (value, inner) = (PlacedValue(line: event.line, .map(members)), deepest)
    case .listEnd, .mapEnd, .documentStart, .documentEnd, .streamStart, .streamEnd:
      throw AppFileError(line: event.line, "the file cannot be read as YAML")
    }
    if let anchor = event.anchor { anchors[anchor] = Anchored(value: value, values: values - before + 1, depth: inner + 1) }
    return (value, inner + 1)
  }

  private mutating func list(depth: Int) throws(AppFileError) -> ([PlacedValue], deepest: Int) {
    var elements: [PlacedValue] = []
    var deepest = 0
    while true {
      let event = try events.next()
      if case .listEnd = event.kind { return (elements, deepest) }
      let (element, inner) = try value(from: event, depth: depth + 1)
      elements.append(element)
      deepest = max(deepest, inner)
    }
  }

  private mutating func map(depth: Int) throws(AppFileError) -> ([PlacedValue.Member], deepest: Int) {
    var members: [PlacedValue.Member] = []
    var lines: [String: Int] = [:]
    var deepest = 0
    while true {
      let event = try events.next()
      if case .mapEnd = event.kind { return (members, deepest) }
      let key = try key(event)
      if let first = lines.updateValue(event.line, forKey: key) {
        throw AppFileError(line: event.line, "the key '\(key.prefix(64))' stands there twice, first in line \(first)")
      }
      let (member, inner) = try value(from: events.next(), depth: depth + 1)
      members.append(PlacedValue.Member(key: key, line: event.line, value: member))
      deepest = max(deepest, inner)
    }
  }

  private mutating func key(_ event: YAMLEvent) throws(AppFileError) -> String {
    try requireTag(event, among: ["!", "tag:yaml.org,2002:str"])
    switch event.kind {
    case .scalar("<<", isPlain: true): throw AppFileError(line: event.line, "merge keys (<<) are not read; write the members out")
    case .scalar(let text, _):
      if let anchor = event.anchor { anchors[anchor] = Anchored(value: PlacedValue(line: event.line, .scalar(.string(text))), values: 1, depth: 1) }
      return text
    case .alias(let name):
      if case .scalar(.string(let text))? = anchors[name]?.value.content { return text }
      throw AppFileError(line: event.line, "an alias (*\(name.prefix(64))) as a key stands for a text")
    default: throw AppFileError(line: event.line, "a key is a text, not a list or an object")
    }
  }

  private mutating func count(_ more: Int, _ line: Int) throws(AppFileError) {
    values += more
    guard values <= AppFileLimits.valuesMax else {
      throw AppFileError(line: line, "the file stands for more than \(AppFileLimits.valuesMax) values")
    }
  }

  private func tooDeep(_ line: Int) -> AppFileError {
    AppFileError(line: line, "lists and objects lie more than \(AppFileLimits.depthMax) levels within each other")
  }

  private func requireTag(_ event: YAMLEvent, among known: [String]) throws(AppFileError) {
    if let tag = event.tag, !known.contains(tag) { throw AppFileError(line: event.line, "tags (\(tag.prefix(64))) are not read; leave it out") }
  }
}
