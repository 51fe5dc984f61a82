import Core

/// What follows the `?`. Parsed when somebody asks, since most requests have none.
struct QueryParameters: Sendable {
  private let raw: String

  init(_ raw: String?) {
    self.raw = raw ?? ""
  }

  var isEmpty: Bool { raw.isEmpty }

  /// Throws `bad_request` for a broken escape.
  func all() throws -> [(name: String, value: String)] {
    guard !raw.isEmpty else { return [] }
    return try raw.split(separator: "&", omittingEmptySubsequences: true).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = percentDecoded(parts[0], plusIsSpace: true),
        let value = parts.count > 1 ? percentDecoded(parts[1], plusIsSpace: true) : ""
      else {
        throw RoostError(.badRequest, "The query has a broken percent escape or text that is not UTF-8: '\(pair.prefix(80))'.")
      }
      return (name, value)
    }
  }

  /// The parameters by name. An unknown or repeated one is refused: a misspelt `filter` must not answer everything.
  func only(_ known: Set<String>) throws -> [String: String] {
    var values: [String: String] = [:]
    for (name, value) in try all() {
      guard known.contains(name) else {
        throw RoostError(
          .badRequest, "There is no query parameter '\(name.prefix(64))' here. Known: \(known.sorted().joined(separator: ", ")).")
      }
      guard values.updateValue(value, forKey: name) == nil else {
        throw RoostError(.badRequest, "The query parameter '\(name)' stands twice.")
      }
    }
    return values
  }

  /// The same without one of them, so that nobody sees it further in.
  func without(_ name: String) throws -> QueryParameters {
    guard try all().contains(where: { $0.name == name }) else { return self }
    let rest = raw.split(separator: "&", omittingEmptySubsequences: true).filter { pair in
      percentDecoded(pair.prefix { $0 != "=" }, plusIsSpace: true) != name
    }
    return QueryParameters(rest.joined(separator: "&"))
  }

  /// `true` or `false`; absent is false.
  static func flag(_ text: String?, _ name: String) throws -> Bool {
    switch text {
    case nil, "false", "0": return false
    case "true", "1": return true
    case let text?: throw RoostError(.badRequest, "`\(name)` is '\(text.prefix(20))'; expected true or false.")
    }
  }

  static func limit(_ text: String?) throws -> Int {
    guard let text else { return Limits.pageItemsDefault }
    guard let limit = Int(text), (1...Limits.pageItemsMax).contains(limit) else {
      throw RoostError(.badRequest, "`limit` is '\(text.prefix(20))'; expected a whole number from 1 to \(Limits.pageItemsMax).")
    }
    return limit
  }
}
