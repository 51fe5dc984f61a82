import Core
import JSON
import Testing

@testable import Functions

@Suite("Schedules: which due times are written into the log")
struct ScheduleBookTests {
  private let hourly = try? ScheduleTrigger(["type": "schedule", "cron": "0 * * * *"], pointer: "")
  private let start = Timestamp(milliseconds: 1_800_000_000_000)

  private func hour(_ count: Double) -> Timestamp { Timestamp(milliseconds: (1_800_000_000_000 / 3_600_000 + 1) * 3_600_000 + Int64(count * 3_600_000)) }

  private func book(mark: ScheduleMark? = nil, at now: Timestamp? = nil) throws -> (ScheduleBook, ScheduleTrigger) {
    let trigger = try #require(hourly)
    return (ScheduleBook([trigger], marks: mark.map { [trigger.key: $0] } ?? [:], start: start, at: now ?? start), trigger)
  }

  @Test("Nothing is due before its time, then one thing, once")
  func once() throws {
    var (book, trigger) = try book()
    #expect(book.nextDue == hour(0))
    #expect(book.due(at: hour(-0.01)) { _ in true }.isEmpty)
    let due = book.due(at: hour(0.001)) { _ in true }
    #expect(due.map(\.due) == [hour(0)] && due.map(\.mark) == [start])
    #expect(book.due(at: hour(0.002)) { _ in true }.isEmpty, "it is being written")
    book.ticked(trigger.key, ScheduleMark(mark: hour(0), sequence: 7), at: hour(0.003))
    #expect(book.due(at: hour(0.5)) { _ in true }.isEmpty)
    #expect(book.nextDue == hour(1))
  }

  @Test("Of many that were missed the last one counts")
  func missed() throws {
    var (book, _) = try book()
    #expect(book.due(at: hour(71.5)) { _ in true }.map(\.due) == [hour(71)])
  }

  @Test("While the last one is not dealt with nothing is due; afterwards one")
  func overlap() throws {
    var (book, trigger) = try book(mark: ScheduleMark(mark: hour(0), sequence: 7))
    #expect(book.due(at: hour(1)) { $0 != 7 }.isEmpty)
    #expect(book.due(at: hour(4.2)) { $0 != 7 }.isEmpty)
    #expect(book.due(at: hour(4.3)) { _ in true }.map(\.due) == [hour(4)])
    book.failed(trigger.key)
    #expect(book.due(at: hour(4.4)) { _ in true }.map(\.due) == [hour(4)], "the store refused: again")
  }

  @Test("A clock that is set back repeats nothing, one that was years ahead holds nothing up")
  func clockSetBack() throws {
    var (back, _) = try book(mark: ScheduleMark(mark: hour(5), sequence: 0), at: hour(2))
    #expect(back.due(at: hour(3)) { _ in true }.isEmpty)
    #expect(back.due(at: hour(5.5)) { _ in true }.isEmpty)
    #expect(back.due(at: hour(6)) { _ in true }.map(\.due) == [hour(6)])
    var (wrong, _) = try book(mark: ScheduleMark(mark: hour(24 * 365), sequence: 0), at: hour(2.5))
    #expect(wrong.due(at: hour(3)) { _ in true }.map(\.due) == [hour(3)])
  }

  @Test("A new version keeps where its schedules stand, and begins new ones")
  func redeployed() throws {
    var (book, trigger) = try book(mark: ScheduleMark(mark: hour(0), sequence: 7))
    let daily = try ScheduleTrigger(["type": "schedule", "cron": "@daily"], pointer: "")
    book.take([trigger, daily], start: hour(2.5), at: hour(2.5))
    #expect(Set(book.due(at: hour(2.6)) { _ in true }.map(\.due)) == [hour(2)])
    book.take([], start: hour(3), at: hour(3))
    #expect(book.isEmpty && book.nextDue == nil)
  }
}
