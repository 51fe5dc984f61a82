/// Reads `Accept-Encoding` (RFC 9110, 12.5.3).
enum AcceptEncoding {
  /// Whether the caller takes gzip at least as gladly as the plain body.
  static func prefersGzip(_ fields: [String]) -> Bool {
    var gzip: Int?
    var any: Int?
    var identity: Int?
    for field in fields {
      for item in field.split(separator: ",") {
        guard let (name, weight) = parse(item) else { continue }
        switch name {
        case "gzip", "x-gzip": gzip = max(gzip ?? 0, weight)
        case "*": any = weight
        case "identity": identity = weight
        default: break
        }
      }
    }
    guard let weight = gzip ?? any, weight > 0 else { return false }
    return weight >= identity ?? 0
  }

  /// One coding and its weight in thousandths; nil when the weight is none.
  private static func parse(_ item: Substring) -> (name: String, weight: Int)? {
    let parts = item.split(separator: ";", omittingEmptySubsequences: false)
    let name = parts[0].trimmingSpaces().lowercased()
    guard !name.isEmpty else { return nil }
    for parameter in parts.dropFirst() {
      let pair = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, pair[0].trimmingSpaces().lowercased() == "q" else { continue }
      guard let weight = thousandths(pair[1].trimmingSpaces()) else { return nil }
      return (name, weight)
    }
    return (name, 1000)
  }

  /// `0`, `1`, `0.5`, `0.125`, `1.000`.
  private static func thousandths(_ text: Substring) -> Int? {
    let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    guard let whole = parts.first, whole == "0" || whole == "1" else { return nil }
    guard parts.count == 2 else { return whole == "1" ? 1000 : 0 }
    guard parts[1].utf8.count <= 3, parts[1].utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    var value = whole == "1" ? 1000 : 0
    var place = 100
    for digit in parts[1].utf8 {
      value += Int(digit - 48) * place
      place /= 10
    }
    return value <= 1000 ? value : nil
  }
}
