import ArgumentParser
import JSON

struct CollectionIndexes: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "indexes", abstract: "Show a collection's indexes, and how far those are that are being built.",
    discussion: """
      Example:
        roost collections indexes posts
      """)

  @Argument(help: "The collection's name.")
  var name: String

  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let name = name
    let collection = try await server.call { try await $0.collection(name) }
    var printer = ListPrinter(
      output,
      [
        Table.Column("FIELDS") { ($0["fields"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ",") },
        Table.Column("KIND") { index in ["unique", "sparse"].filter { index[$0] == .bool(true) }.joined(separator: ",") },
        Table.Column("STATE", "state"), Table.Column("BUILT", alignsRight: true) { Self.percent($0) },
        Table.Column("WHY") { Self.duplicates(of: $0) },
      ])
    printer.add(collection["indexes"]?.arrayValue ?? [])
    printer.end(empty: "There are no indexes on '\(name)'.")
  }

  private static func percent(_ index: JSONValue) -> String {
    guard let progress = index["progress"]?.doubleValue else { return "" }
    return "\(Int(progress * 100))%"
  }

  private static func duplicates(of index: JSONValue) -> String {
    (index["duplicates"]?.arrayValue ?? []).map { duplicate in
      let ids = (duplicate["ids"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
      return "\((duplicate["values"] ?? .null).text) in \(ids)"
    }.joined(separator: "; ")
  }

  /// How many there are, and what is not as it should be: `3 (1 building)`.
  static func summary(of collection: JSONValue) -> String {
    let indexes = collection["indexes"]?.arrayValue ?? []
    let unready = ["building", "failed"].compactMap { state in
      let count = indexes.filter { $0["state"]?.stringValue == state }.count
      return count == 0 ? nil : "\(count) \(state)"
    }
    return String(indexes.count) + (unready.isEmpty ? "" : " (\(unready.joined(separator: ", ")))")
  }
}
