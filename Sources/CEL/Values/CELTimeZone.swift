import Glibc
import Synchronization

/// A time zone: a fixed offset such as `+02:00`, or one of the IANA database such as `Europe/Berlin`, which is read from the
/// system's copy the first time that it is asked for and then kept.
package struct CELTimeZone: Sendable {
  /// From when on which offset holds, in order; the first one also before that.
  private let changes: [(from: Int64, seconds: Int)]
  private let first: Int
  /// How summer time goes on after the last change.
  private let rule: CELTimeZoneRule?

  private static let folder = "/usr/share/zoneinfo/"
  private static let cache = Mutex<[String: CELTimeZone]>([:])
  /// The database has some 600 names.
  private static let cachedMax = 1000
  private static let fileBytesMax = 64 * 1024

  /// Nil for a name that is neither.
  package init?(_ name: String) {
    if let seconds = Self.fixedOffset(name) {
      self.init(fixed: seconds)
      return
    }
    // Only what looks like a name of the database becomes a path.
    guard name.utf8.count <= 64, !name.hasPrefix("/"), !name.contains(".."),
      name.utf8.allSatisfy({ CELLexer.beginsName($0) || CELLexer.isDigit($0) || [UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "+")].contains($0) })
    else { return nil }
    if let known = Self.cache.withLock({ $0[name] }) {
      self = known
      return
    }
    guard let bytes = Self.read(Self.folder + name), let zone = CELTimeZone(file: bytes) else { return nil }
    Self.cache.withLock { if $0.count < Self.cachedMax { $0[name] = zone } }
    self = zone
  }

  private init(fixed seconds: Int) {
    changes = []
    first = seconds
    rule = nil
  }

  /// Seconds east of UTC at a moment (seconds since 1970).
  package func offset(at seconds: Int64) -> Int {
    guard let last = changes.last, seconds >= changes[0].from else { return changes.isEmpty ? rule?.offset(at: seconds) ?? first : first }
    if seconds >= last.from { return rule?.offset(at: seconds) ?? last.seconds }
    var low = 0
    var high = changes.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if changes[middle].from <= seconds { low = middle } else { high = middle }
    }
    return changes[low].seconds
  }

  /// The stretch of time around a moment that has one offset: from its first second to the first one after it; nil where it has no end.
  package func period(at seconds: Int64) -> (from: Int64?, until: Int64?, offset: Int) {
    guard let last = changes.last, seconds >= changes[0].from else {
      guard changes.isEmpty, let period = rule?.period(at: seconds) else { return (nil, changes.first?.from, offset(at: seconds)) }
      return period
    }
    if seconds >= last.from {
      guard let period = rule?.period(at: seconds) else { return (last.from, nil, last.seconds) }
      return (max(last.from, period.from ?? last.from), period.until, period.offset)
    }
    let next = changes.firstIndex { $0.from > seconds } ?? changes.count - 1
    return (changes[next - 1].from, changes[next].from, changes[next - 1].seconds)
  }

  /// `UTC`, `+02:00`, `-09:30`, `02:00`.
  private static func fixedOffset(_ name: String) -> Int? {
    if name == "UTC" || name == "Z" { return 0 }
    var digits = name[...]
    let isWest = digits.hasPrefix("-")
    if isWest || digits.hasPrefix("+") { digits.removeFirst() }
    let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].count == 2, parts[1].count == 2, let hours = Int(parts[0]), let minutes = Int(parts[1]), hours < 24, minutes < 60,
      hours >= 0, minutes >= 0, !parts[0].hasPrefix("+"), !parts[1].hasPrefix("+")
    else { return nil }
    return (hours * 60 + minutes) * (isWest ? -60 : 60)
  }

  private static func read(_ path: String) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: fileBytesMax)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { buffer in Glibc.read(file, buffer.baseAddress.map { $0 + count }, buffer.count - count) }
      guard got > 0 else { break }
      count += got
    }
    return count > 0 && count < bytes.count ? Array(bytes[..<count]) : nil
  }

  /// Reads the 64-bit part of a TZif file (RFC 8536).
  private init?(file: [UInt8]) {
    func number(_ offset: Int, _ count: Int) -> Int64? {
      guard offset >= 0, offset + count <= file.count else { return nil }
      let word = file[offset..<offset + count].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return count == 4 ? Int64(Int32(truncatingIfNeeded: word)) : Int64(bitPattern: word)
    }
    func header(_ start: Int) -> [Int]? {
      guard start + 44 <= file.count, file[start..<start + 4].elementsEqual("TZif".utf8), file[start + 4] >= UInt8(ascii: "2") else { return nil }
      // isutcnt, isstdcnt, leapcnt, timecnt, typecnt, charcnt
      let counts = (0..<6).compactMap { number(start + 20 + 4 * $0, 4).map(Int.init) }
      return counts.count == 6 && counts.allSatisfy { $0 >= 0 && $0 <= file.count } ? counts : nil
    }
    guard let old = header(0) else { return nil }
    let start = 44 + old[3] * 5 + old[4] * 6 + old[5] + old[2] * 8 + old[1] + old[0]
    guard let counts = header(start), counts[4] > 0 else { return nil }
    let times = start + 44
    let kinds = times + counts[3] * 8
    let types = kinds + counts[3]
    guard types + counts[4] * 6 <= file.count else { return nil }
    var changes: [(from: Int64, seconds: Int)] = []
    for place in 0..<counts[3] {
      let kind = Int(file[kinds + place])
      guard kind < counts[4], let from = number(times + 8 * place, 8), let seconds = number(types + 6 * kind, 4) else { return nil }
      changes.append((from, Int(seconds)))
    }
    guard let first = number(types, 4) else { return nil }
    self.changes = changes
    self.first = Int(first)
    let footer = types + counts[4] * 6 + counts[5] + counts[2] * 12 + counts[1] + counts[0]
    let text = footer < file.count ? String(decoding: file[footer...].drop { $0 == 10 }.prefix { $0 != 10 }, as: UTF8.self) : ""
    rule = CELTimeZoneRule(text)
  }
}
