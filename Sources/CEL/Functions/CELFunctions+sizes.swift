extension CELFunctions {
  private static let sized: [CELType] = [.string, .bytes, .list(.dyn), .map(.dyn, .dyn)]

  static let sizes: [CELFunction] = [
    CELFunction("size", sized.map { .global($0, gives: .int) } + sized.map { .method($0, gives: .int) }, .one(size))
  ]

  /// A string's in code points.
  private static func size(_ value: CELValue, _ frame: inout CELFrame) throws(CELFault) -> CELValue {
    switch value {
    case .string(let text):
      try frame.charge(bytes: text.utf8.count)
      return .int(Int64(text.unicodeScalars.count))
    case .bytes(let bytes): return .int(Int64(bytes.count))
    case .list(let elements): return .int(Int64(elements.count))
    case .map(let map): return .int(Int64(map.count))
    default: throw frame.mismatch(value)
    }
  }
}
