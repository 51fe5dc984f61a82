/// One line on stderr that tells how far a long command is, where a person can see it.
struct Progress {
  private let verb: String
  private let things: String
  private let began = ContinuousClock.now
  private var isShown = false

  init(_ verb: String, _ things: String) {
    self.verb = verb
    self.things = things
  }

  /// Says nothing in the first second.
  mutating func show(_ count: Int) {
    guard Terminal.isErrorTerminal, ContinuousClock.now - began > .seconds(1) else { return }
    isShown = true
    Terminal.ask("\r\(verb) \(count) \(things) …")
  }

  func end() {
    if isShown { Terminal.ask("\r\u{1B}[K") }
  }
}
