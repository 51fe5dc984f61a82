import Core

extension DeliveryMachine {
  /// Starts more deliveries that go in one request with `first`, up to `size` in all. What failed before goes alone, so that one bad event
  /// does not fail others for ever. The last event may go past `bytes`.
  mutating func startMore(
    with first: Delivery, of size: Int, bytes: Int, at now: Timestamp, among most: Int, where accepts: (LogEvent) -> Bool
  ) -> [Delivery] {
    var batch = [first]
    var total = first.event.size
    guard first.attempt == 1 else { return batch }
    while batch.count < size, total < bytes, let next = start(at: now, among: most, where: accepts) {
      guard next.attempt == 1 else {
        handedBack(next.event.sequence)
        break
      }
      batch.append(next)
      total += next.event.size
    }
    return batch
  }
}

extension LogEvent {
  fileprivate var size: Int { 256 + (before?.count ?? 0) + (after?.count ?? 0) }
}
