import Core
import HTTPServer
import JSON

extension LiveLane {
  /// Begins to bring a new subscription up to date.
  func join(_ subscription: LiveSubscription, _ cursor: LiveCursor?) {
    guard stillWants(subscription) else { return }
    let group = subscription.group
    let fits = cursor?.fingerprint == group.query.fingerprint
    switch group.presentation.style {
    case .documents:
      if let cursor, fits { return resume(subscription, from: cursor.sequence) }
      subscription.mustReset = cursor != nil
      readSnapshot(for: subscription)
    case .changes:
      guard cursor == nil || fits else { return subscription.end(.cursorExpired) }
      resume(subscription, from: cursor?.sequence ?? recent?.end ?? 0)
    }
  }

  private func resume(_ subscription: LiveSubscription, from position: Int64) {
    advance((LiveJoin(subscriptions: [subscription], opening: EventStream.opening, facts: ["resumed": true], isKnown: false), subscription.group, position))
  }

  /// Ends it if its client has gone meanwhile, with an answer: what has none keeps its connection for ever.
  private func stillWants(_ subscription: LiveSubscription) -> Bool {
    if subscription.isWanted { return true }
    subscription.fail(RoostError(.unavailable, "The client closed its side before the live query began."))
    return false
  }

  // MARK: Snapshots

  /// One snapshot serves all who came before its reading began.
  private func readSnapshot(for subscription: LiveSubscription) {
    subscription.group.waitingForSnapshot.append(subscription)
    if !subscription.group.isReadingSnapshot { readSnapshot(of: subscription.group) }
  }

  private func readSnapshot(of group: LiveGroup) {
    group.isReadingSnapshot = true
    // Who comes until the reading really begins is served by it, too.
    var served: [LiveSubscription] = []
    let (documents, presentation) = (live.project.documents, group.presentation)
    reading({ [self] done in
      endWhatMayNotGoOn()
      (served, group.waitingForSnapshot) = (group.waitingForSnapshot.filter(stillWants), [])
      guard !served.isEmpty else { return done(.failure(CancellationError())) }
      do {
        let query = try group.query.at(live.clock.now()).snapshotQuery(sort: presentation.sort)
        documents.snapshot(query, in: group.query.collection) { result in
          // Written on the reader's thread: it may be long.
          done(result.map { (presentation.events(of: $0), $0.items.count, $0.sequence) })
        }
      } catch {
        done(.failure(error))
      }
    }) { [self] (result: Result<([UInt8], Int, Int64), any Error>) in
      group.isReadingSnapshot = false
      endWhatMayNotGoOn()
      switch result {
      case .success(let (events, count, sequence)): takeSnapshot(events, count, sequence, for: served, in: group)
      case .failure(let error): for subscription in served { subscription.fail(error) }
      }
      if !group.waitingForSnapshot.isEmpty { readSnapshot(of: group) }
    }
  }

  private func takeSnapshot(_ events: [UInt8], _ count: Int, _ sequence: Int64, for served: [LiveSubscription], in group: LiveGroup) {
    let facts: JSONValue = ["count": .int(Int64(count))]
    for (mustReset, opening) in [(false, EventStream.opening), (true, EventStream.opening + EventStream.reset(.rulesChanged))] {
      let subscriptions = served.filter { $0.mustReset == mustReset }
      guard !subscriptions.isEmpty else { continue }
      advance((LiveJoin(subscriptions: subscriptions, opening: opening + events, facts: facts, isKnown: true), group, sequence))
    }
  }

  // MARK: From there to the present

  /// Goes on from a place in the log; done when it has come to where the lane stands.
  func advance(_ place: Place) {
    var place = place
    place.join.subscriptions = place.join.subscriptions.filter(stillWants)
    guard !place.join.subscriptions.isEmpty, let recent else { return }
    // In the middle of a batch some groups are further than others.
    guard fanOut == nil else { return afterBatch.append { [self] in advance(place) } }
    if place.position > recent.end {
      // Read later than the hub's last look. A caller's cursor may also be no place in this log at all: the log is asked.
      return place.join.isKnown ? early.append(place) : readLog(place)
    }
    guard let changes = recent.changes(of: place.group.query.collection.name, after: place.position) else { return readLog(place) }
    tell(changes, through: recent.end, place)
  }

  private func tell(_ changes: [LoggedChange], through end: Int64, _ place: Place) {
    guard !changes.isEmpty else { return settle(place, at: end) }
    // When many come back at once, most of them come from the same place.
    if let known = told[ObjectIdentifier(place.group)], known.from == place.position {
      var place = place
      place.join.opening += known.events
      place.position = end
      return advance(place)
    }
    judge(changes, for: place.group) { [self] result in
      var place = place
      switch result {
      case .failure(let error): for subscription in place.join.subscriptions { subscription.fail(error) }
      case .success(let events):
        if recent?.end == end { told[ObjectIdentifier(place.group)] = (place.position, events) }
        place.join.opening += events
        place.position = end
        advance(place)
      }
    }
  }

  /// Reads on in the log itself, a stretch at a time.
  private func readLog(_ place: Place) {
    let (log, name) = (live.project.log, place.group.query.collection.name)
    reading({ done in
      log.portion(of: name, after: place.position, limit: Limits.changesPerBatchMax, then: done)
    }) { [self] (result: Result<LogPortion, any Error>) in
      endWhatMayNotGoOn()
      switch result {
      case .failure(let error): for subscription in place.join.subscriptions { subscription.fail(error) }
      case .success(let portion) where portion.isBroken: beginAnew(place)
      case .success(let portion): takePortion(portion, place)
      }
    }
  }

  private func takePortion(_ portion: LogPortion, _ place: Place) {
    judge(portion.changes, for: place.group) { [self] result in
      var place = place
      switch result {
      case .failure(let error): for subscription in place.join.subscriptions { subscription.fail(error) }
      case .success(let events):
        place.position = portion.through
        place.join.isKnown = true
        if events.isEmpty { return advance(place) }
        send(HTTPPiece(place.join.opening + events), on: place)
      }
    }
  }

  /// What waits in memory is bounded: the next stretch is read when this one has gone out, for each at its own pace.
  private func send(_ piece: HTTPPiece, on place: Place) {
    for subscription in place.join.subscriptions {
      let join = LiveJoin(subscriptions: [subscription], opening: [], facts: place.join.facts, isKnown: true)
      let next = OnLoop { [self] in advance((join, place.group, place.position)) }
      subscription.send(piece) { [loop] in loop.execute { next.run(()) } }
    }
  }

  /// The log does not go back so far.
  private func beginAnew(_ place: Place) {
    for subscription in place.join.subscriptions {
      guard place.group.presentation.style == .documents else {
        subscription.end(.cursorExpired)
        continue
      }
      subscription.mustReset = true
      readSnapshot(for: subscription)
    }
  }

  private func settle(_ place: Place, at position: Int64) {
    let piece = HTTPPiece(place.join.opening + EventStream.ready(place.group.query.cursor(at: position), place.join.facts))
    for subscription in place.join.subscriptions where subscription.stage == .joining {
      subscription.stage = .live
      subscription.position = position
      subscription.send(piece)
    }
  }
}
