import ArgumentParser
import RoostClient

/// How much of a list.
struct PagingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Show at most so many; all by default.", valueName: "count"))
  var limit: Int?

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit); expected 1 or more.") }
  }

  /// Fetches page after page until the list or the limit ends.
  func pages(
    _ printer: inout ListPrinter, fetch: (_ limit: Int, _ cursor: String?) async throws -> RoostPage
  ) async throws {
    var left = limit ?? Int.max
    var cursor: String?
    repeat {
      let page = try await fetch(min(left, 200), cursor)
      printer.add(page.items)
      left -= page.items.count
      cursor = page.nextCursor
    } while cursor != nil && left > 0
  }
}
