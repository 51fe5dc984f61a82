/// Which sums somebody wants to see.
package struct UsageQuery: Sendable {
  package enum Group: String, Sendable, CaseIterable {
    case function, day, project
  }

  package let group: Group
  /// Both included.
  package let from: UsageDay
  package let to: UsageDay
  /// Only what this function used.
  package let function: String?
  package let limit: Int
  /// The key of the last sum of the page before.
  package let after: String?

  package init(group: Group, from: UsageDay, to: UsageDay, function: String?, limit: Int, after: String?) {
    self.group = group
    self.from = from
    self.to = to
    self.function = function
    self.limit = limit
    self.after = after
  }
}

/// One sum, with the function's name or the day; empty for the whole project.
package struct UsageEntry: Sendable {
  package let key: String
  package let sum: UsageSum

  package init(key: String, sum: UsageSum) {
    self.key = key
    self.sum = sum
  }
}

/// What a project's functions may use in one day of UTC; nil for no bound.
package struct UsageLimits: Sendable, Equatable {
  package var invocationsPerDay: Int64?
  package var gigabyteSecondsPerDay: Int64?

  package init(invocationsPerDay: Int64? = nil, gigabyteSecondsPerDay: Int64? = nil) {
    self.invocationsPerDay = invocationsPerDay
    self.gigabyteSecondsPerDay = gigabyteSecondsPerDay
  }

  package var isEmpty: Bool { invocationsPerDay == nil && gigabyteSecondsPerDay == nil }
}
