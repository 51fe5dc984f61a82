import Core
import HTTPServer

/// Finds the route of a request by walking its path's segments once.
struct RouteTable: Sendable {
  private final class Node {
    var children: [Substring: Node] = [:]
    var parameter: Node?
    /// Takes all the remaining segments.
    var rest: Node?
    var routes: [HTTPMethod: Route] = [:]

    func frozen() -> Frozen {
      Frozen(children: children.mapValues { $0.frozen() }, parameter: parameter?.frozen(), rest: rest?.frozen(), routes: routes)
    }
  }

  private final class Frozen: Sendable {
    let children: [Substring: Frozen]
    let parameter: Frozen?
    let rest: Frozen?
    let routes: [HTTPMethod: Route]
    /// Whether an empty rest is one too: calls of functions may end with a slash.
    let takesEmpty: Bool

    init(children: [Substring: Frozen], parameter: Frozen?, rest: Frozen?, routes: [HTTPMethod: Route]) {
      self.children = children
      self.parameter = parameter
      self.rest = rest
      self.routes = routes
      takesEmpty = routes.values.contains { if case .call = $0.work { true } else { false } }
    }
  }

  enum Match {
    case route(Route, parameters: [String])
    case methodNotAllowed(allowed: [HTTPMethod])
    case notFound
    case badPath
  }

  private let root: Frozen

  init(_ routes: [Route]) {
    let root = Node()
    for route in routes {
      var node = root
      for segment in route.pattern.split(separator: "/") {
        if segment.hasPrefix("{") {
          let isRest = segment.hasSuffix("…}")
          let next = (isRest ? node.rest : node.parameter) ?? Node()
          if isRest { node.rest = next } else { node.parameter = next }
          node = next
        } else {
          let next = node.children[segment] ?? Node()
          node.children[segment] = next
          node = next
        }
      }
      precondition(node.routes[route.method] == nil, "Two routes for \(route.method) \(route.pattern).")
      node.routes[route.method] = route
    }
    self.root = root.frozen()
  }

  /// `path` as it was sent. Segments are split before they are decoded, so that an encoded `/` stays inside its segment.
  func match(_ method: HTTPMethod, _ path: String) -> Match {
    var node = root
    var parameters: [String] = []
    var rest = path.utf8.dropFirst()[...]
    while true {
      let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
      let segment = Substring(rest[..<end])
      if let next = node.children[segment] {
        node = next
      } else if let next = node.parameter, !segment.isEmpty {
        guard let value = percentDecoded(segment) else { return .badPath }
        parameters.append(value)
        node = next
      } else if let next = node.rest, !segment.isEmpty || next.takesEmpty {
        guard let value = percentDecoded(Substring(rest)) else { return .badPath }
        parameters.append(value)
        node = next
        break
      } else {
        return .notFound
      }
      guard end < rest.endIndex else { break }
      rest = rest[rest.index(after: end)...]
    }
    if let route = node.routes[method] ?? (method == .head ? node.routes[.get] : nil) { return .route(route, parameters: parameters) }
    guard !node.routes.isEmpty else { return .notFound }
    return .methodNotAllowed(allowed: Array(Set(node.routes.keys).union(node.routes[.get] == nil ? [.options] : [.head, .options])))
  }
}
