/// A regular expression that is found in time linear in the text, whatever the pattern: all ways to match are followed side by
/// side, and two ways that come to the same place are one (K. Thompson, "Regular expression search algorithm", 1968).
final class CELRegex: Sendable {
  private enum Instruction: Sendable {
    case character(Int)
    case split(Int, Int)
    case jump(Int)
    case assertion(CELRegexAssertion)
    case match
  }

  private let instructions: [Instruction]
  private let sets: [CELCharacterSet]
  /// Whether it can only begin where the text does, as most patterns of rules.
  private let isAnchored: Bool

  /// Each place of a pattern is one, and repeated ones are there as often as they are counted.
  private static let instructionsMax = 5000

  /// Throws what is wrong with the pattern.
  init(_ pattern: String) throws(CELRegexFault) {
    var builder = Builder()
    try builder.add(try CELRegexParser.parse(pattern))
    try builder.append(.match)
    instructions = builder.instructions
    sets = builder.sets
    if case .assertion(.textStart) = instructions[0] { isAnchored = true } else { isAnchored = false }
  }

  private struct Builder {
    var instructions: [Instruction] = []
    var sets: [CELCharacterSet] = []

    mutating func append(_ instruction: Instruction) throws(CELRegexFault) {
      guard instructions.count < CELRegex.instructionsMax else { throw CELRegexFault(message: "the pattern is too large, with its repetitions written out") }
      instructions.append(instruction)
    }

    mutating func add(_ node: CELRegexNode) throws(CELRegexFault) {
      switch node {
      case .empty: break
      case .character(let set):
        sets.append(set)
        try append(.character(sets.count - 1))
      case .assertion(let assertion): try append(.assertion(assertion))
      case .sequence(let parts): for part in parts { try add(part) }
      case .choice(let branches):
        var ends: [Int] = []
        for (place, branch) in branches.enumerated() {
          guard place < branches.count - 1 else {
            try add(branch)
            break
          }
          let split = instructions.count
          try append(.split(split + 1, 0))
          try add(branch)
          ends.append(instructions.count)
          try append(.jump(0))
          instructions[split] = .split(split + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
      case .repetition(let part, let min, let max):
        for _ in 0..<min { try add(part) }
        guard let max else {
          let split = instructions.count
          try append(.split(split + 1, 0))
          try add(part)
          try append(.jump(split))
          instructions[split] = .split(split + 1, instructions.count)
          return
        }
        var splits: [Int] = []
        for _ in min..<Swift.max(min, max) {
          splits.append(instructions.count)
          try append(.split(instructions.count + 1, 0))
          try add(part)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
      }
    }
  }

  /// Whether the pattern is found anywhere in the text.
  func isFound(in text: String, budget: inout Int) throws(CELFault) -> Bool {
    // The price of the two lists.
    try CELBudget.take(instructions.count >> 3, from: &budget)
    var current = Ways(instructions.count)
    var next = Ways(instructions.count)
    var previous: Unicode.Scalar?
    current.waiting.append(0)
    for scalar in text.unicodeScalars {
      if follow(&current, previous, scalar) { return true }
      if isAnchored, current.count == 0 { return false }
      try CELBudget.take(1 + current.looked >> 2, from: &budget)
      next.clear()
      for way in 0..<current.count {
        guard case .character(let set) = instructions[current.places[way]], sets[set].contains(scalar.value) else { continue }
        next.waiting.append(current.places[way] + 1)
      }
      if !isAnchored { next.waiting.append(0) }
      swap(&current, &next)
      previous = scalar
      // Where the ways go on from here depends on the character that follows, so they wait for it.
    }
    return follow(&current, previous, nil)
  }

  /// The places at which the ways are that are still open.
  private struct Ways {
    var places: [Int]
    var count = 0
    /// Places that were reached, but not yet followed to where a character is taken.
    var waiting: [Int] = []
    /// For each place the round in which it was last reached, so that nothing is to be wiped for the next one.
    var seen: [Int]
    var round = 1
    /// How many places were reached in this round.
    var looked = 0

    init(_ capacity: Int) {
      places = Array(repeating: 0, count: capacity)
      seen = Array(repeating: 0, count: capacity)
    }

    /// Begins a new round. Nothing waits then: all that waited was followed.
    mutating func clear() {
      round += 1
      looked = 0
      count = 0
    }
  }

  /// Follows all waiting places. Whether one of them is a match.
  private func follow(_ ways: inout Ways, _ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
    while let place = ways.waiting.popLast() {
      guard ways.seen[place] != ways.round else { continue }
      ways.seen[place] = ways.round
      ways.looked += 1
      switch instructions[place] {
      case .match: return true
      case .jump(let target): ways.waiting.append(target)
      case .split(let one, let other):
        ways.waiting.append(other)
        ways.waiting.append(one)
      case .assertion(let assertion):
        if assertion.holds(previous, next) { ways.waiting.append(place + 1) }
      case .character:
        ways.places[ways.count] = place
        ways.count += 1
      }
    }
    return false
  }
}

extension CELRegexAssertion {
  fileprivate func holds(_ previous: Unicode.Scalar?, _ next: Unicode.Scalar?) -> Bool {
    func isWord(_ scalar: Unicode.Scalar?) -> Bool {
      guard let value = scalar?.value else { return false }
      return value >= 48 && value <= 57 || value >= 65 && value <= 90 || value == 95 || value >= 97 && value <= 122
    }
    return switch self {
    case .textStart: previous == nil
    case .textEnd: next == nil
    case .lineStart: previous == nil || previous == "\n"
    case .lineEnd: next == nil || next == "\n"
    case .wordBoundary: isWord(previous) != isWord(next)
    case .noWordBoundary: isWord(previous) == isWord(next)
    }
  }
}
