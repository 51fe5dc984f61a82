import JSON

/// What a function answered to a call over HTTP. The same for every runtime: a response in the form of AWS's HTTP API payload 2.0, or
/// any other JSON value.
///
/// | the function returned | the caller gets |
/// | --- | --- |
/// | nothing | 204 |
/// | an object with a whole number `statusCode` | that status, with its `headers`, `cookies`, `multiValueHeaders`, `body` and `isBase64Encoded` |
/// | a string | 200, `text/plain` |
/// | anything else | 200, `application/json` |
package struct CallAnswer: Sendable {
  package struct Malformed: Error, Sendable {
    /// What is wrong, in a sentence for the function's author.
    package let reason: String
  }

  package let status: Int
  package let headers: [(name: String, value: String)]
  package let body: [UInt8]

  /// - Parameter value: JSON; nil where the function returned nothing.
  package init(_ value: [UInt8]?) throws(Malformed) {
    guard let value else {
      self.init(status: 204, headers: [], body: [])
      return
    }
    guard let parsed = try? JSONValue(parsing: value) else { throw Malformed(reason: "it answered something that is not JSON") }
    if case .string(let text) = parsed {
      self.init(status: 200, headers: [("content-type", "text/plain; charset=utf-8")], body: Array(text.utf8))
    } else if case .object(let object) = parsed, object["statusCode"]?.intValue != nil {
      try self.init(response: object)
    } else {
      self.init(status: 200, headers: [("content-type", "application/json")], body: value)
    }
  }

  private init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A response: also the head of one whose body follows in pieces.
  package init(response object: JSONObject) throws(Malformed) {
    guard let status = object["statusCode"]?.intValue, (200...599).contains(status) else {
      throw Malformed(reason: "its `statusCode` is not between 200 and 599")
    }
    self.status = Int(status)
    body = try Self.body(object)
    var headers = try Self.headers(object)
    if !body.isEmpty, !headers.contains(where: { $0.name.lowercased() == "content-type" }) {
      let isText = object["body"]?.stringValue != nil
      let isBinary = isText && object["isBase64Encoded"]?.boolValue == true
      headers.append(("content-type", isBinary ? "application/octet-stream" : isText ? "text/plain; charset=utf-8" : "application/json"))
    }
    self.headers = headers
    try CallHeaders.require(headers)
  }

  private static func body(_ object: JSONObject) throws(Malformed) -> [UInt8] {
    switch object["body"] {
    case nil, .null: return []
    case .string(let text):
      guard object["isBase64Encoded"]?.boolValue == true else { return Array(text.utf8) }
      guard let bytes = Base64.decode(text) else { throw Malformed(reason: "its `body` is not Base64") }
      return bytes
    // AWS wants text here; what else could be meant?
    case let value?: return value.bytes()
    }
  }

  private static func headers(_ object: JSONObject) throws(Malformed) -> [(name: String, value: String)] {
    var headers: [(name: String, value: String)] = []
    for member in ["headers", "multiValueHeaders"] {
      guard let value = object[member], !value.isNull else { continue }
      guard let fields = value.objectValue else { throw Malformed(reason: "its `\(member)` is not an object") }
      for (name, value) in fields {
        for one in value.arrayValue ?? [value] where !one.isNull {
          guard let text = Self.text(one) else { throw Malformed(reason: "the value of its header '\(name.prefix(80))' is not text") }
          headers.append((name, text))
        }
      }
    }
    for cookie in object["cookies"]?.arrayValue ?? [] {
      guard let text = cookie.stringValue else { throw Malformed(reason: "one of its `cookies` is not text") }
      headers.append(("set-cookie", text))
    }
    return headers
  }

  private static func text(_ value: JSONValue) -> String? {
    switch value {
    case .string(let text): text
    case .int, .double, .bool: value.text
    default: nil
    }
  }
}
