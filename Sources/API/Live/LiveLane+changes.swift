import Core
import HTTPServer

/// One batch on its way to the groups, and one group's events on their way to its subscriptions.
struct LiveFanOut {
  let batch: ChangeBatch
  let changes: [String: [LoggedChange]]
  var groups: [LiveGroup]
  /// A group is judged right now, and answers later.
  var isJudging = false
  /// What goes out to the last of `groups`, and which of its subscriptions come next, counted from the end. The whole struct is never held
  /// while `groups` changes: that would copy all of them.
  var piece: HTTPPiece?
  var next = 0
}

extension LiveLane {
  /// So long the loop's other requests wait for a batch; then it lets them go first.
  private static let sliceMax = Duration.milliseconds(4)
  private static let subscriptionsPerLook = 128

  /// Hands the batches to the groups, some milliseconds at a time.
  func work() {
    let end = ContinuousClock.now + Self.sliceMax
    while let batch = batches.first {
      if fanOut == nil { begin(batch) }
      while let group = fanOut?.groups.last {
        if fanOut?.isJudging == true { return }
        if fanOut?.piece != nil { send(to: group) } else { judge(group) }
        if ContinuousClock.now >= end, fanOut?.isJudging == false { return loop.execute { [self] in work() } }
      }
      finish(batch)
    }
  }

  private func begin(_ batch: ChangeBatch) {
    endWhatMayNotGoOn()
    // What was read before this lane came, or after it went to rest, is not for it.
    let isDue = recent.map { $0.end < batch.through } ?? false
    var changes: [String: [LoggedChange]] = [:]
    if isDue { for change in batch.changes where collections[change.collection] != nil { changes[change.collection, default: []].append(change) } }
    let groups = changes.keys.flatMap { name in collections[name].map { Array($0.values) } ?? [] }
    fanOut = LiveFanOut(batch: batch, changes: changes, groups: groups)
  }

  private func judge(_ group: LiveGroup) {
    guard let changes = fanOut?.changes[group.query.collection.name], !group.isEmpty else {
      fanOut?.groups.removeLast()
      return
    }
    fanOut?.isJudging = true
    var isLate = false
    judge(changes, for: group) { [self] result in
      fanOut?.isJudging = false
      switch result {
      case .success(let events) where events.isEmpty: fanOut?.groups.removeLast()
      case .success(let events):
        fanOut?.piece = HTTPPiece(events)
        fanOut?.next = group.subscriptions.count
      case .failure:
        // They come back with their last event's id, and read on from there.
        for subscription in group.subscriptions where subscription.stage == .live { subscription.end(.unavailable) }
        fanOut?.groups.removeLast()
      }
      if isLate { work() }
    }
    isLate = true
  }

  /// Some subscriptions further. Who leaves meanwhile makes the last one take its place: it may come twice, so each one knows where it is.
  private func send(to group: LiveGroup) {
    guard let piece = fanOut?.piece, let through = fanOut?.batch.through else { return }
    var next = min(fanOut?.next ?? 0, group.subscriptions.count)
    let stop = max(0, next - Self.subscriptionsPerLook)
    while next > stop {
      next = min(next, group.subscriptions.count) - 1
      guard next >= 0 else { break }
      let subscription = group.subscriptions[next]
      if subscription.stage == .live, subscription.position < through {
        subscription.position = through
        subscription.send(piece)
      }
    }
    fanOut?.next = max(0, next)
    if next <= 0 {
      fanOut?.piece = nil
      fanOut?.groups.removeLast()
    }
  }

  private func finish(_ batch: ChangeBatch) {
    fanOut = nil
    batches.removeFirst()
    if let end = recent?.end, end < batch.through { recent?.append(batch.changes, through: batch.through) }
    told = [:]
    batchDone()
    let (waiting, ahead) = (afterBatch, early)
    (afterBatch, early) = ([], [])
    for work in waiting { work() }
    for place in ahead { advance(place) }
  }

  /// What these changes say to a group, judged once; at once unless its rules look documents up in a store that answers later.
  func judge(_ changes: [LoggedChange], for group: LiveGroup, then: @escaping (Result<[UInt8], any Error>) -> Void) {
    let query = group.asksForRequest ? group.query.at(live.clock.now()) : group.query
    let presentation = group.presentation
    guard query.looksUp, !changes.isEmpty else { return then(Result { try query.events(of: changes, presentation, nil) }) }
    let then = OnLoop(then)
    let work = { @Sendable (reader: any DocumentReader) in try query.events(of: changes, presentation, RuleLookups(reader)) }
    let documents = live.project.documents
    documents.read(lane: number, work) { [self] result in
      if case .failure(let error as RoostError) = result, error.code == .queryTooSlow {
        // Too much for the loop: on a reader it may take its time.
        documents.read(lane: offLane, work) { [self] result in loop.execute { then.run(result) } }
      } else {
        loop.execute { then.run(result) }
      }
    }
  }
}
