import CYAML

/// libyaml's parser over a text, one event at a time. It is never asked for more than the reader can take, so that its depth and work
/// stay within the reader's bounds.
final class YAMLEvents {
  // Behind pointers, because the parser keeps its own address and that of the text.
  private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
  private let text: UnsafeMutableBufferPointer<UInt8>

  init(_ bytes: [UInt8]) throws(AppFileError) {
    text = .allocate(capacity: bytes.count)
    _ = text.initialize(from: bytes)
    parser.initialize(to: yaml_parser_t())
    guard yaml_parser_initialize(parser) == 1 else { throw AppFileError(line: nil, "the file cannot be read: there is no memory") }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, text.baseAddress, text.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
    text.deallocate()
  }

  func next() throws(AppFileError) -> YAMLEvent {
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw fault }
    defer { yaml_event_delete(&event) }
    return YAMLEvent(event)
  }

  private var fault: AppFileError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "it cannot be read as YAML"
    if parser.pointee.error == YAML_READER_ERROR { return AppFileError(line: nil, "the file holds what YAML does not allow: \(problem)") }
    let around = parser.pointee.context.map { ", \(String(cString: $0)) that begins in line \(parser.pointee.context_mark.line + 1)" } ?? ""
    let place = parser.pointee.problem_mark
    return AppFileError(line: Int(place.line) + 1, "\(problem) (column \(place.column + 1))\(around)")
  }
}

extension YAMLEvent {
  fileprivate init(_ event: yaml_event_t) {
    let data = event.data
    var anchor: UnsafeMutablePointer<yaml_char_t>?
    var tag: UnsafeMutablePointer<yaml_char_t>?
    switch event.type {
    case YAML_SCALAR_EVENT:
      (anchor, tag) = (data.scalar.anchor, data.scalar.tag)
      let text = String(decoding: UnsafeBufferPointer(start: data.scalar.value, count: data.scalar.length), as: UTF8.self)
      kind = .scalar(text, isPlain: data.scalar.style == YAML_PLAIN_SCALAR_STYLE && tag == nil)
    case YAML_ALIAS_EVENT: kind = .alias(Self.string(data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT:
      (anchor, tag) = (data.sequence_start.anchor, data.sequence_start.tag)
      kind = .listStart
    case YAML_MAPPING_START_EVENT:
      (anchor, tag) = (data.mapping_start.anchor, data.mapping_start.tag)
      kind = .mapStart
    case YAML_SEQUENCE_END_EVENT: kind = .listEnd
    case YAML_MAPPING_END_EVENT: kind = .mapEnd
    case YAML_DOCUMENT_START_EVENT: kind = .documentStart
    case YAML_DOCUMENT_END_EVENT: kind = .documentEnd
    case YAML_STREAM_START_EVENT: kind = .streamStart
    default: kind = .streamEnd
    }
    self.anchor = Self.string(anchor)
    self.tag = Self.string(tag)
    line = Int(event.start_mark.line) + 1
  }

  private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    text.map { String(decodingCString: $0, as: UTF8.self) }
  }
}
