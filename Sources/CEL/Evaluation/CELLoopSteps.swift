/// What a macro goes through.
enum CELRange {
  case list([CELValue])
  case map([CELMap.Entry])

  var count: Int {
    switch self {
    case .list(let elements): elements.count
    case .map(let entries): entries.count
    }
  }
}

/// A macro over a list or a map: `range.all(x, …)` and its like. This holds what they have in common.
class CELLoopStep: CELStep, @unchecked Sendable {
  private let range: CELStep
  /// The place of the first variable; the second one has the next.
  private let place: Int
  private let isPaired: Bool
  /// The price of one round.
  private let weight: Int
  let body: CELStep

  init(_ range: CELStep, place: Int, isPaired: Bool, body: CELStep, weight: Int, at position: CELPosition) {
    self.range = range
    self.place = place
    self.isPaired = isPaired
    self.body = body
    self.weight = weight
    super.init(at: position)
  }

  final func range(_ frame: inout CELFrame) throws(CELFault) -> CELRange {
    let value = try range.evaluate(&frame)
    switch value {
    case .list(let elements): return .list(elements)
    case .map(let map): return .map(map.entries)
    default: throw frame.mismatch(value).at(position)
    }
  }

  /// Sets the variables for a round, and gives the element or key that it is about.
  final func enter(_ round: Int, of range: CELRange, _ frame: inout CELFrame) throws(CELFault) {
    try frame.charge(weight)
    switch range {
    case .list(let elements):
      if isPaired {
        frame.locals[place] = .int(Int64(round))
        frame.locals[place + 1] = elements[round]
      } else {
        frame.locals[place] = elements[round]
      }
    case .map(let entries):
      frame.locals[place] = entries[round].key
      if isPaired { frame.locals[place + 1] = entries[round].value }
    }
  }

  final func element(_ round: Int, of range: CELRange) -> CELValue {
    switch range {
    case .list(let elements): elements[round]
    case .map(let entries): entries[round].key
    }
  }
}

/// `all` and `exists`: over rounds what `&&` and `||` are over two, faults included.
final class CELQuantifierStep: CELLoopStep, @unchecked Sendable {
  /// The answer that ends the loop: true for `exists`, false for `all`.
  var deciding: Bool { isExists }
  private let isExists: Bool

  init(_ range: CELStep, isExists: Bool, place: Int, isPaired: Bool, body: CELStep, weight: Int, at position: CELPosition) {
    self.isExists = isExists
    super.init(range, place: place, isPaired: isPaired, body: body, weight: weight, at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue { .bool(try test(&frame)) }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let range = try range(&frame)
    var fault: CELFault?
    for round in 0..<range.count {
      try enter(round, of: range, &frame)
      do throws(CELFault) {
        if try body.test(&frame) == deciding { return deciding }
      } catch {
        if error.isFinal { throw error }
        fault = fault ?? error
      }
    }
    if let fault { throw fault }
    return !deciding
  }
}

/// `exists_one`: every round counts, and a fault in any is one of the whole.
final class CELExistsOneStep: CELLoopStep, @unchecked Sendable {
  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue { .bool(try test(&frame)) }

  override func test(_ frame: inout CELFrame) throws(CELFault) -> Bool {
    let range = try range(&frame)
    var count = 0
    for round in 0..<range.count {
      try enter(round, of: range, &frame)
      if try body.test(&frame) { count += 1 }
    }
    return count == 1
  }
}

/// `filter`, `map` and `transformList`: a list of the elements for which the condition holds, or of the results for them.
final class CELCollectStep: CELLoopStep, @unchecked Sendable {
  private let condition: CELStep?
  /// Whether the elements themselves are kept, as `filter` does with `body` as its condition.
  private let isFilter: Bool

  init(
    _ range: CELStep, isFilter: Bool, condition: CELStep?, place: Int, isPaired: Bool, body: CELStep, weight: Int, at position: CELPosition
  ) {
    self.isFilter = isFilter
    self.condition = condition
    super.init(range, place: place, isPaired: isPaired, body: body, weight: weight, at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let range = try range(&frame)
    var results: [CELValue] = []
    for round in 0..<range.count {
      try enter(round, of: range, &frame)
      if isFilter {
        if try body.test(&frame) { results.append(element(round, of: range)) }
      } else if try condition?.test(&frame) ?? true {
        results.append(try body.evaluate(&frame))
      }
    }
    return .list(results)
  }
}

/// `transformMap`, which gives each key a new value, and `transformMapEntry`, whose results are maps that are put together.
final class CELTransformMapStep: CELLoopStep, @unchecked Sendable {
  private let condition: CELStep?
  private let givesEntries: Bool

  init(_ range: CELStep, givesEntries: Bool, condition: CELStep?, place: Int, body: CELStep, weight: Int, at position: CELPosition) {
    self.givesEntries = givesEntries
    self.condition = condition
    super.init(range, place: place, isPaired: true, body: body, weight: weight, at: position)
  }

  override func evaluate(_ frame: inout CELFrame) throws(CELFault) -> CELValue {
    let range = try range(&frame)
    var results: [CELMap.Entry] = []
    for round in 0..<range.count {
      try enter(round, of: range, &frame)
      guard try condition?.test(&frame) ?? true else { continue }
      let value = try body.evaluate(&frame)
      if !givesEntries {
        results.append((key(round, of: range), value))
      } else if case .map(let map) = value {
        try frame.charge(map.count)
        results += map.entries
      } else {
        throw frame.mismatch(value).at(position)
      }
    }
    return .map(try frame.map(results, at: position))
  }

  private func key(_ round: Int, of range: CELRange) -> CELValue {
    if case .list = range { return .int(Int64(round)) }
    return element(round, of: range)
  }
}
