import Core
import Synchronization

/// The imports and exports that run. Those of callers under rules and those of the others are counted apart, so that strangers
/// cannot keep an admin from his backup.
final class BulkTransfers: Sendable {
  private let running = Mutex((ruled: 0, free: 0))

  /// Throws `overloaded` where too many run already. The place is given back with the last reference to it.
  func begin(_ caller: Caller) throws -> BulkTransfer {
    let isFree = caller.passesRules
    try running.withLock { running in
      guard (isFree ? running.free : running.ruled) < Limits.bulkTransfersMax else {
        throw RoostError(.overloaded, "Too many imports and exports are running. Try again when one has ended.", retryAfter: .seconds(5))
      }
      if isFree { running.free += 1 } else { running.ruled += 1 }
    }
    return BulkTransfer(self, isFree: isFree)
  }

  fileprivate func end(isFree: Bool) {
    running.withLock { running in if isFree { running.free -= 1 } else { running.ruled -= 1 } }
  }
}

/// A place among them.
final class BulkTransfer: Sendable {
  private let transfers: BulkTransfers
  private let isFree: Bool

  fileprivate init(_ transfers: BulkTransfers, isFree: Bool) {
    self.transfers = transfers
    self.isFree = isFree
  }

  deinit { transfers.end(isFree: isFree) }
}
