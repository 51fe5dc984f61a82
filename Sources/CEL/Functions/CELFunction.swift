/// A function of the language: what it takes, what it gives, and how.
struct CELFunction: Sendable {
  /// One way to call it.
  struct Overload: Sendable {
    /// Whether it is written `target.name(…)`; the target is then the first parameter.
    let isMethod: Bool
    let parameters: [CELType]
    let result: CELType
    /// What an unlimited number of further arguments must be; nil if there are none.
    var rest: CELType?
  }

  /// Gets values of any types, as many as some overload takes, and throws `noSuchOverload` for those that it does not want.
  enum Body: Sendable {
    case one(@Sendable (CELValue, inout CELFrame) throws(CELFault) -> CELValue)
    case two(@Sendable (CELValue, CELValue, inout CELFrame) throws(CELFault) -> CELValue)
    case many(@Sendable ([CELValue], inout CELFrame) throws(CELFault) -> CELValue)
  }

  let name: String
  let overloads: [Overload]
  let body: Body

  init(_ name: String, _ overloads: [Overload], _ body: Body) {
    self.name = name
    self.overloads = overloads
    self.body = body
  }
}

extension CELFunction.Overload {
  static func global(_ parameters: CELType..., gives result: CELType) -> Self {
    Self(isMethod: false, parameters: parameters, result: result)
  }

  static func method(_ parameters: CELType..., gives result: CELType) -> Self {
    Self(isMethod: true, parameters: parameters, result: result)
  }

  /// As errors write it: `string.startsWith(string)`.
  func usage(_ name: String) -> String {
    var names = parameters.map(\.name)
    if let rest { names.append("\(rest.name), …") }
    return isMethod ? "\(names[0]).\(name)(\(names.dropFirst().joined(separator: ", ")))" : "\(name)(\(names.joined(separator: ", ")))"
  }
}

/// All functions, by name.
enum CELFunctions {
  static let table: [String: CELFunction] = {
    let all = conversions + sizes + strings + formats + encoders + times + math + lists + optionals + patterns
    return Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }()

  /// The names in front of the dots, such as `math`.
  static let namespaces: Set<String> = Set(table.keys.compactMap { name in name.lastIndex(of: ".").map { String(name[..<$0]) } })
}
