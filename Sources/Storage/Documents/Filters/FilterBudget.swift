import CEL

/// What planning one list may cost, whatever its rule and filter are: it happens on an event loop, and SQLite takes quadratically long to
/// read a long condition, before any deadline counts. What goes past it is left to be looked at in memory, on the rows.
final class FilterBudget {
  /// Each `?:` asks about its condition twice, so nested ones ask exponentially often.
  private var questions = 4_000
  /// Values that are bound, of which each is a comparison or a part of one.
  private var values = 1_000
  private var bytes = 64 << 10
  /// Steps of the expression language for working out what does not depend on the document: half a millisecond.
  private var steps = 20_000

  func takeQuestion() -> Bool {
    questions -= 1
    return questions >= 0 && values >= 0 && bytes >= 0
  }

  /// Whether there is room for a condition.
  func take(_ condition: FilterCondition) -> Bool {
    let sql = condition.sql
    values -= 1 + (sql?.values.count ?? 0)
    bytes -= sql?.values.reduce(0) { $0 + $1.byteCount } ?? 0
    return values >= 0 && bytes >= 0
  }

  /// The value of a part that does not look at the document; nil when there are no steps left.
  func evaluate(_ node: CELNode, _ context: some CELActivation) -> FilterCompiler.Constant? {
    guard steps > 0 else { return nil }
    do {
      return .value(try node.value(in: CollectionShape.environment, context, budget: &steps))
    } catch {
      return error.code == .costExceeded ? nil : .failure
    }
  }
}
