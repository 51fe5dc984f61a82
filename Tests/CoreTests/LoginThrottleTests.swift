import Core
import TestKit
import Testing

@Suite("Slowing down guesses")
struct LoginThrottleTests {
  private let clock = ManualClock()

  @Test("An account waits after ten failures, for what is left of the window")
  func account() {
    var throttle = LoginThrottle()
    for attempt in 0..<Limits.failedLoginsPerAccountMax {
      #expect(throttle.wait(account: "a", address: "1", at: clock.now()) == nil)
      throttle.failed(account: "a", address: "\(attempt)", at: clock.now())
    }
    clock.advance(by: .seconds(60))
    #expect(throttle.wait(account: "a", address: "elsewhere", at: clock.now()) == Limits.failedLoginWindow - .seconds(60))
    #expect(throttle.wait(account: "b", address: "elsewhere", at: clock.now()) == nil)
    clock.advance(by: Limits.failedLoginWindow)
    #expect(throttle.wait(account: "a", address: "elsewhere", at: clock.now()) == nil)
  }

  @Test("An address waits after fifty failures over any accounts; an own login does not forgive it")
  func address() {
    var throttle = LoginThrottle()
    for attempt in 0..<Limits.failedLoginsPerAddressMax {
      #expect(throttle.wait(account: "\(attempt)", address: "1", at: clock.now()) == nil)
      throttle.failed(account: "\(attempt)", address: "1", at: clock.now())
    }
    throttle.succeeded(account: "0")
    #expect(throttle.wait(account: "fresh", address: "1", at: clock.now()) != nil)
    #expect(throttle.wait(account: "fresh", address: "2", at: clock.now()) == nil)
  }

  @Test("A login that worked forgives the account")
  func forgiven() {
    var throttle = LoginThrottle()
    for attempt in 0..<Limits.failedLoginsPerAccountMax - 1 { throttle.failed(account: "a", address: "\(attempt)", at: clock.now()) }
    throttle.succeeded(account: "a")
    throttle.failed(account: "a", address: "x", at: clock.now())
    #expect(throttle.wait(account: "a", address: "y", at: clock.now()) == nil)
  }
}
