/// Slows down guessing: counts failed logins by account and by address over a sliding window.
/// A plain state machine: the caller brings the time and keeps it under a lock.
package struct LoginThrottle: Sendable {
  private struct Failures {
    var count: Int
    var since: Timestamp
  }

  private var failures: [String: Failures] = [:]

  package init() {}

  /// How long this caller must wait before the next try, or nil if they may try now.
  package mutating func wait(account: String, address: String, at now: Timestamp) -> Duration? {
    let account = wait(Self.key(account: account), most: Limits.failedLoginsPerAccountMax, at: now)
    let address = wait(Self.key(address: address), most: Limits.failedLoginsPerAddressMax, at: now)
    return [account, address].compactMap(\.self).max()
  }

  package mutating func failed(account: String, address: String, at now: Timestamp) {
    for key in [Self.key(account: account), Self.key(address: address)] {
      if failures[key] == nil {
        makeRoom(at: now)
        failures[key] = Failures(count: 1, since: now)
      } else {
        failures[key]?.count += 1
      }
    }
  }

  /// A login that worked forgives the account's failures, not the address's: one own account must not buy more guesses at others'.
  package mutating func succeeded(account: String) {
    failures[Self.key(account: account)] = nil
  }

  private mutating func wait(_ key: String, most: Int, at now: Timestamp) -> Duration? {
    guard let entry = failures[key] else { return nil }
    let left = Limits.failedLoginWindow - (now - entry.since)
    guard left > .zero else {
      failures[key] = nil
      return nil
    }
    return entry.count >= most ? left : nil
  }

  /// A flood of made-up accounts must not grow memory: first what is over goes, then anything.
  private mutating func makeRoom(at now: Timestamp) {
    guard failures.count >= Limits.throttleEntriesMax else { return }
    failures = failures.filter { now - $0.value.since < Limits.failedLoginWindow }
    while failures.count >= Limits.throttleEntriesMax, let any = failures.first?.key { failures[any] = nil }
  }

  private static func key(account: String) -> String { "a:" + account }
  private static func key(address: String) -> String { "i:" + address }
}
