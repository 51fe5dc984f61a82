/// What SQL can say of a filter: true for every row for which the filter holds, and perhaps for some more.
indirect enum FilterCondition: Sendable {
  /// For every row.
  case always
  /// For no row.
  case never
  /// SQL cannot tell: every row must be looked at.
  case unknown
  case leaf(FilterLeaf)
  case all([FilterCondition])
  case any([FilterCondition])
}

/// One comparison of one field.
struct FilterLeaf: Sendable {
  enum Kind: Sendable {
    /// The field has one value in all rows that pass, as SQL reads it.
    case equality
    /// The field lies between bounds, as SQL orders it.
    case range
    case other
  }

  enum Side: Sendable {
    case lower, upper
  }

  let path: [String]
  let kind: Kind
  /// Of a range: `field >= ?` or its like, and `field < ?`. An index walks between them.
  let lower: SQLFragment?
  let upper: SQLFragment?
  /// What else must hold.
  let rest: SQLFragment?
  let precision: FilterPrecision

  init(path: [String], kind: Kind, lower: SQLFragment? = nil, upper: SQLFragment? = nil, rest: SQLFragment?, precision: FilterPrecision) {
    self.path = path
    self.kind = kind
    self.lower = lower
    self.upper = upper
    self.rest = rest
    self.precision = precision
  }

  var sql: SQLFragment { sql(loosening: nil) }

  /// The same with one bound hidden from the index, which is to start from a bound that somebody else gives: a plus sign changes no value,
  /// but no index is found by it.
  func sql(loosening side: Side?) -> SQLFragment {
    let lower = side == .lower ? lower.map { "+" + $0 } : lower
    let upper = side == .upper ? upper.map { "+" + $0 } : upper
    return .joined([lower, upper, rest].compactMap(\.self), by: "AND")
  }
}

/// How far SQL can be trusted.
enum FilterPrecision: Int, Sendable, Comparable {
  /// Some rows that pass do not match.
  case superset
  /// Exact for documents without `\u0000`: SQLite's JSON functions cut a text off there.
  case exactWithoutNUL
  case exact

  static func < (left: FilterPrecision, right: FilterPrecision) -> Bool { left.rawValue < right.rawValue }
}

extension FilterCondition {
  /// Both sides hold, simplified.
  static func conjunction(_ parts: [FilterCondition]) -> FilterCondition {
    var kept: [FilterCondition] = []
    for part in parts {
      switch part {
      case .always: continue
      case .never: return .never
      case .all(let inner): kept += inner
      case .unknown, .leaf, .any: kept.append(part)
      }
    }
    return kept.isEmpty ? .always : kept.count == 1 ? kept[0] : .all(kept)
  }

  static func disjunction(_ parts: [FilterCondition]) -> FilterCondition {
    var kept: [FilterCondition] = []
    for part in parts {
      switch part {
      case .never: continue
      case .always: return .always
      // One side that cannot be told lets every row through.
      case .unknown: return .unknown
      case .any(let inner): kept += inner
      case .leaf, .all: kept.append(part)
      }
    }
    return kept.isEmpty ? .never : kept.count == 1 ? kept[0] : .any(kept)
  }

  /// The conditions that must all hold.
  var conjuncts: [FilterCondition] {
    switch self {
    case .always: []
    case .all(let parts): parts
    default: [self]
    }
  }

  var precision: FilterPrecision {
    switch self {
    case .always, .never: .exact
    case .unknown: .superset
    case .leaf(let leaf): leaf.precision
    case .all(let parts), .any(let parts): parts.map(\.precision).min() ?? .exact
    }
  }

  /// The condition as SQL; nil where it lets every row through.
  var sql: SQLFragment? {
    switch self {
    case .always, .unknown: return nil
    case .never: return SQLFragment("0")
    case .leaf(let leaf): return leaf.sql
    case .all(let parts):
      let known = parts.compactMap(\.sql)
      return known.isEmpty ? nil : .joined(known, by: "AND")
    case .any(let parts):
      let known = parts.compactMap(\.sql)
      return known.count < parts.count ? nil : .joined(known, by: "OR")
    }
  }
}
