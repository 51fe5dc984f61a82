/// RFC 3339: dates and times (section 5.6) and durations (appendix A).
enum SchemaTimeFormat {
  typealias Bytes = UnsafeBufferPointer<UInt8>

  static func isDateTime(_ bytes: Bytes) -> Bool {
    // Section 5.6: "T" may be lower case.
    guard bytes.count > 11, bytes[10] | 0x20 == UInt8(ascii: "t") else { return false }
    return isDate(Bytes(rebasing: bytes[..<10])) && isTime(Bytes(rebasing: bytes[11...]))
  }

  static func isDate(_ bytes: Bytes) -> Bool {
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"), let century = twoDigits(bytes, 0),
      let rest = twoDigits(bytes, 2), let month = twoDigits(bytes, 5), let day = twoDigits(bytes, 8)
    else { return false }
    let year = century * 100 + rest
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1]
  }

  static func isTime(_ bytes: Bytes) -> Bool {
    guard bytes.count >= 9, bytes[2] == UInt8(ascii: ":"), bytes[5] == UInt8(ascii: ":"), let hour = twoDigits(bytes, 0), hour < 24,
      let minute = twoDigits(bytes, 3), minute < 60, let second = twoDigits(bytes, 6), second <= 60
    else { return false }
    var place = 8
    if bytes[place] == UInt8(ascii: ".") {
      place += 1
      let start = place
      while place < bytes.count, bytes[place].isDigit { place += 1 }
      guard place > start else { return false }
    }
    guard let offset = offset(bytes, place) else { return false }
    // Appendix D: leap seconds are the last of a UTC day.
    let minuteOfDay = (hour * 60 + minute - offset + 2 * 1440) % 1440
    return second < 60 || minuteOfDay == 1439
  }

  /// The minutes of the time zone at a place up to the end.
  private static func offset(_ bytes: Bytes, _ place: Int) -> Int? {
    guard place < bytes.count else { return nil }
    if bytes[place] | 0x20 == UInt8(ascii: "z") { return place + 1 == bytes.count ? 0 : nil }
    guard bytes.count == place + 6, bytes[place] == UInt8(ascii: "+") || bytes[place] == UInt8(ascii: "-"),
      bytes[place + 3] == UInt8(ascii: ":"), let hour = twoDigits(bytes, place + 1), hour < 24, let minute = twoDigits(bytes, place + 4),
      minute < 60
    else { return nil }
    return (hour * 60 + minute) * (bytes[place] == UInt8(ascii: "-") ? -1 : 1)
  }

  private static func twoDigits(_ bytes: Bytes, _ place: Int) -> Int? {
    guard place + 1 < bytes.count, bytes[place].isDigit, bytes[place + 1].isDigit else { return nil }
    return Int(bytes[place] - 48) * 10 + Int(bytes[place + 1] - 48)
  }

  /// Appendix A: the units go down without a gap, so `PT1H2S` is none; weeks stand alone.
  static func isDuration(_ bytes: Bytes) -> Bool {
    guard bytes.first == UInt8(ascii: "P") else { return false }
    var place = 1
    if let week = unit(bytes, &place), week == UInt8(ascii: "W") { return place == bytes.count }
    place = 1
    guard let hasDate = units("YMD", bytes, &place) else { return false }
    if place == bytes.count { return hasDate }
    guard bytes[place] == UInt8(ascii: "T") else { return false }
    place += 1
    return units("HMS", bytes, &place) == true && place == bytes.count
  }

  /// Steps over numbers with these units. Whether there are any; nil where their order is wrong.
  private static func units(_ order: String, _ bytes: Bytes, _ place: inout Int) -> Bool? {
    let order = Array(order.utf8)
    var last: Int?
    while place < bytes.count, bytes[place].isDigit {
      guard let letter = unit(bytes, &place), let index = order.firstIndex(of: letter), last.map({ index == $0 + 1 }) ?? true else { return nil }
      last = index
    }
    return last != nil
  }

  private static func unit(_ bytes: Bytes, _ place: inout Int) -> UInt8? {
    let start = place
    while place < bytes.count, bytes[place].isDigit { place += 1 }
    guard place > start, place < bytes.count else { return nil }
    place += 1
    return bytes[place - 1]
  }
}
