/// What one evaluation works on: the variables' values, where the wanted fields stand in the documents, the macros' variables
/// and what is left of the budget.
struct CELFrame: ~Copyable {
  /// Unowned because the program that runs holds it.
  unowned(unsafe) let layout: CELLayout
  let kinds: UnsafeMutablePointer<CELBindingKind>
  /// Of these two only the one that a variable's kind says is there.
  let values: UnsafeMutablePointer<CELValue>
  let documents: UnsafeMutablePointer<CELDocument>
  /// The documents' bodies.
  let texts: UnsafeMutablePointer<UnsafeBufferPointer<UInt8>>
  let fields: UnsafeMutablePointer<CELFieldSlot>
  var locals: [CELValue]
  var budget: Int
  let lookups: (any CELLookups)?
  /// What the last fault was about, for its message.
  var detail = CELFaultDetail.none

  /// Takes the price of a step from the budget.
  @inline(__always)
  mutating func charge(_ cost: Int) throws(CELFault) { try CELBudget.take(cost, from: &budget) }

  /// Takes the price of so many bytes of text or document.
  @inline(__always)
  mutating func charge(bytes count: Int) throws(CELFault) { try charge(count >> 4) }

  mutating func equal(_ left: CELValue, _ right: CELValue) throws(CELFault) -> Bool {
    let equal = left.equals(right, budget: &budget)
    if budget < 0 { throw CELFault(.costExceeded) }
    return equal
  }

  /// The fault of values whose types do not fit.
  mutating func mismatch(_ left: CELValue, _ right: CELValue? = nil) -> CELFault {
    detail = .types(left.typeName, right?.typeName)
    return CELFault(.noSuchOverload)
  }
}

/// What an evaluation may still cost.
enum CELBudget {
  @inline(__always)
  static func take(_ cost: Int, from budget: inout Int) throws(CELFault) {
    budget &-= cost
    if budget < 0 { throw CELFault(.costExceeded) }
  }
}

enum CELFaultDetail {
  case none
  case types(String, String?)
  case key(CELValue)
  case text(String)
}

/// What a variable is bound to in one evaluation.
enum CELBindingKind {
  case missing, value, document
}

/// Which variables an expression uses, and which of their fields; places in it are the numbers that steps hold.
final class CELLayout: Sendable {
  struct Variable: Sendable {
    let name: String
    /// The places of its fields among all fields.
    let fields: Range<Int>
  }

  let variables: [Variable]
  let fields: [CELName]
  let localsMax: Int
  /// Whether some step calls `lookup`.
  let hasLookup: Bool

  init(variables: [Variable], fields: [CELName], localsMax: Int, hasLookup: Bool) {
    self.variables = variables
    self.fields = fields
    self.localsMax = localsMax
    self.hasLookup = hasLookup
  }
}
