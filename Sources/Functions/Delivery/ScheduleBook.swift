import Core

/// One due time of one schedule, on its way into the log.
struct ScheduleTick: Sendable {
  let function: String
  let generation: UInt64
  let trigger: ScheduleTrigger
  let due: Timestamp
  /// What is expected to be in the store.
  let mark: Timestamp
}

/// A function's schedules as a plain state machine: told the time, it says which of them are to be written into the log.
///
/// - Of many due times that were missed only the last one counts.
/// - While the event of the last due time is not dealt with, nothing new is due: runs of one schedule never overlap, and what comes due meanwhile
///   is one run afterwards.
/// - A clock that is set back repeats nothing: the mark only moves forward. A mark of a distant future was written by a clock that was wrong.
struct ScheduleBook {
  private struct Entry {
    let trigger: ScheduleTrigger
    var mark: ScheduleMark
    /// The first due time that was not dealt with.
    var next: Timestamp?
    var isTicking = false
  }

  /// A clock is put right by less; past it a mark would hold its schedule up for longer than it protects it.
  private static let clockErrorMax = Duration.seconds(86_400)

  private var entries: [String: Entry] = [:]

  /// - Parameter start: from when on a schedule counts of which the store knows nothing.
  init(_ triggers: [ScheduleTrigger], marks: [String: ScheduleMark], start: Timestamp, at now: Timestamp) {
    take(triggers, marks: marks, start: start, at: now)
  }

  var isEmpty: Bool { entries.isEmpty }

  /// A new version of the function: what stays goes on.
  mutating func take(_ triggers: [ScheduleTrigger], marks: [String: ScheduleMark] = [:], start: Timestamp, at now: Timestamp) {
    let known = entries
    entries = [:]
    for trigger in triggers {
      let mark = marks[trigger.key] ?? ScheduleMark(mark: start, sequence: 0)
      entries[trigger.key] = known[trigger.key] ?? Entry(trigger: trigger, mark: mark, next: Self.next(trigger, after: mark.mark, at: now))
    }
  }

  private static func next(_ trigger: ScheduleTrigger, after mark: Timestamp, at now: Timestamp) -> Timestamp? {
    trigger.schedule.next(after: mark > now + clockErrorMax ? now : mark)
  }

  /// What has come due; each is asked for once, until `ticked` or `failed`.
  mutating func due(at now: Timestamp, isSettled: (Int64) -> Bool) -> [(trigger: ScheduleTrigger, due: Timestamp, mark: Timestamp)] {
    var due: [(trigger: ScheduleTrigger, due: Timestamp, mark: Timestamp)] = []
    for (key, entry) in entries {
      // The clock was wrong by far and has been put right: the next due time is reckoned from now on, once.
      if !entry.isTicking, entry.mark.mark > now + Self.clockErrorMax, let next = entry.next, next > entry.mark.mark {
        entries[key]?.next = Self.next(entry.trigger, after: entry.mark.mark, at: now)
        continue
      }
      guard !entry.isTicking, let next = entry.next, next <= now, isSettled(entry.mark.sequence) else { continue }
      let before = Timestamp(milliseconds: next.milliseconds - 1)
      entries[key]?.isTicking = true
      due.append((entry.trigger, entry.trigger.schedule.last(after: before, through: now) ?? next, entry.mark.mark))
    }
    return due
  }

  mutating func ticked(_ key: String, _ mark: ScheduleMark, at now: Timestamp) {
    guard let entry = entries[key] else { return }
    entries[key] = Entry(trigger: entry.trigger, mark: mark, next: Self.next(entry.trigger, after: mark.mark, at: now))
  }

  mutating func failed(_ key: String) { entries[key]?.isTicking = false }

  /// When to look again.
  var nextDue: Timestamp? { entries.values.lazy.filter { !$0.isTicking }.compactMap(\.next).min() }
}
