import Core
import Testing

@testable import Functions

@Suite("The pace of deliveries")
struct DeliveryPaceTests {
  private let start = ContinuousClock.now

  /// So many turns a millisecond apart, each with news and 100 µs of work; of the time the thread waits so much for a processor.
  private func turns(_ count: Int, of pace: inout DeliveryPace, from: Int = 0, waits: Double, hasNews: Bool = true, every: Duration = .milliseconds(1)) {
    for turn in from..<from + count {
      let times = ThreadTimes(ran: .microseconds(100) * turn, waited: .microseconds(100) * (Double(turn) * waits))
      pace.turned(at: start + every * turn, work: .microseconds(100), hasNews: hasNews) { times }
    }
  }

  @Test("Where processors are short and somebody writes, a turn is followed by a rest of six times its work, but no long one")
  func rush() {
    var pace = DeliveryPace()
    turns(20, of: &pace, waits: 1)
    let last = start + .milliseconds(19)
    #expect(pace.restUntil.map { $0 > last && $0 <= last + FunctionsLimits.restMax } == true)
    #expect(pace.isResting(at: last) && !pace.isResting(at: last + FunctionsLimits.restMax))
    pace.turned(at: last + .seconds(0), work: .seconds(5), hasNews: true) { nil }
    #expect(pace.restUntil == last + FunctionsLimits.restMax)
  }

  @Test("Nobody rests where processors are free, where nobody writes, after a pause, or where the system tells nothing")
  func calm() {
    var free = DeliveryPace()
    turns(50, of: &free, waits: 0.1)
    var quiet = DeliveryPace()
    turns(50, of: &quiet, waits: 1, hasNews: false)
    var seldom = DeliveryPace()
    turns(50, of: &seldom, waits: 1, every: .milliseconds(100))
    var blind = DeliveryPace()
    for turn in 0..<50 { blind.turned(at: start + .milliseconds(turn), work: .microseconds(100), hasNews: true) { nil } }
    #expect([free, quiet, seldom, blind].allSatisfy { $0.restUntil == nil })
  }

  @Test("When the rush is over there is no rest")
  func over() {
    var pace = DeliveryPace()
    turns(30, of: &pace, waits: 1)
    #expect(pace.restUntil != nil)
    turns(30, of: &pace, from: 30, waits: 1, hasNews: false)
    #expect(pace.restUntil == nil)
  }
}
