import Core
import HTTPServer

/// One part of a file (RFC 9110, section 14). Several ranges at once are answered with the whole file, as the standard allows.
enum ByteRange {
  /// nil: the whole file. Throws `range_not_satisfiable`.
  static func requested(_ headers: HTTPHeaders, file: StoredFile) throws -> Range<Int64>? {
    guard let header = headers["Range"], ifRangeHolds(headers, file: file) else { return nil }
    return try parse(header, size: file.size)
  }

  static func parse(_ header: String, size: Int64) throws -> Range<Int64>? {
    let unit = "bytes="
    guard header.lowercased().hasPrefix(unit) else { return nil }
    let spec = String(header.dropFirst(unit.count)).trimmed
    let parts = spec.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map { String($0).trimmed }
    // What is not well-formed is ignored; what is well-formed but outside the file is refused.
    guard !spec.contains(","), parts.count == 2, parts.allSatisfy({ $0.utf8.allSatisfy { $0 >= 48 && $0 <= 57 } }) else { return nil }
    switch (position(parts[0]), position(parts[1])) {
    case (let first?, nil):
      guard first < size else { throw unsatisfiable(size) }
      return first..<size
    case (nil, let suffix?):
      guard suffix > 0, size > 0 else { throw unsatisfiable(size) }
      return max(0, size - suffix)..<size
    case (let first?, let last?):
      guard first <= last else { return nil }
      guard first < size else { throw unsatisfiable(size) }
      return first..<min(last, size - 1) + 1
    case (nil, nil): return nil
    }
  }

  /// Digits as a number; one too large for any file stands for the largest there is.
  private static func position(_ digits: String) -> Int64? {
    digits.isEmpty ? nil : Int64(digits) ?? .max
  }

  private static func ifRangeHolds(_ headers: HTTPHeaders, file: StoredFile) -> Bool {
    guard let condition = headers["If-Range"] else { return true }
    return condition == file.entityTag || HTTPTime.parse(condition).map { $0 == file.updated.seconds } ?? false
  }

  private static func unsatisfiable(_ size: Int64) -> Refusal {
    Refusal(
      error: RoostError(.rangeNotSatisfiable, "The file has \(size) bytes; the range lies outside."),
      headers: ["Content-Range": "bytes */\(size)"])
  }
}
