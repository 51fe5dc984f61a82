/// What has been sent of an answer that goes out piece by piece, held against what was announced.
struct StreamedAnswer: Sendable, Equatable {
  let framing: ResponseFraming
  /// HEAD, 204 and 304: what is written goes nowhere.
  let isBodiless: Bool
  private(set) var writtenBytes = 0

  enum Piece: Equatable {
    case nothing, plain, chunk, tooLong
  }

  init(framing: ResponseFraming, isBodiless: Bool) {
    self.framing = framing
    self.isBodiless = isBodiless
  }

  /// How to send the next piece of so many bytes.
  mutating func add(_ count: Int) -> Piece {
    if case .length(let length) = framing, writtenBytes + count > length { return .tooLong }
    writtenBytes += count
    // An empty chunk would end the answer.
    if isBodiless || count == 0 { return .nothing }
    return framing == .chunked ? .chunk : .plain
  }

  /// Whether all that was announced has been written. A HEAD's writer need not write at all.
  var isWhole: Bool {
    if case .length(let length) = framing, !isBodiless { writtenBytes == length } else { true }
  }
}
