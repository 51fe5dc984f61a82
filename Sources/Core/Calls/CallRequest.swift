import JSON

/// A call of a function over HTTP, as its event: one JSON object whatever the runtime.
///
/// It speaks two languages at once: short names of our own (`method`, `path`, `query`, `params`, `auth`), and those of AWS's HTTP API
/// payload 2.0 (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html), so that handlers
/// written for Lambda understand it.
package struct CallRequest: Sendable {
  package static let eventType = "roost.http.request"

  package var id: String
  package var method: String
  /// The address as the caller wrote it: scheme, host, path and query.
  package var url: String
  /// The part behind the function's name, as it was sent; `/` where there is none.
  package var path: String
  /// What follows the `?`, as it was sent.
  package var query: String
  /// The same, decoded.
  package var parameters: [(name: String, value: String)]
  /// The values of the names in the trigger's path.
  package var params: [(name: String, value: String)]
  /// Lower-case names, each once.
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]
  /// Who calls; nil for a stranger.
  package var auth: JSONValue?
  package var remoteAddress: String
  package var time: Timestamp

  package init(
    id: String, method: String, url: String, path: String, query: String, parameters: [(name: String, value: String)],
    params: [(name: String, value: String)], headers: [(name: String, value: String)], body: [UInt8], auth: JSONValue?, remoteAddress: String, time: Timestamp
  ) {
    self.id = id
    self.method = method
    self.url = url
    self.path = path
    self.query = query
    self.parameters = parameters
    self.params = params
    self.headers = headers
    self.body = body
    self.auth = auth
    self.remoteAddress = remoteAddress
    self.time = time
  }

  package func json() -> [UInt8] {
    var writer = JSONWriter(capacity: 1024 + body.count)
    writer.beginObject()
    for (key, text) in [("type", Self.eventType), ("version", "2.0"), ("id", id), ("method", method), ("url", url), ("path", path)] {
      writer.key(key)
      writer.string(text)
    }
    writer.key("query")
    writer.pairs(parameters)
    writer.key("params")
    writer.pairs(params)
    writer.key("headers")
    writer.pairs(headers)
    writer.key("auth")
    writer.value(auth ?? .null)
    writeBody(to: &writer)
    writePayload(to: &writer)
    writer.endObject()
    return writer.take()
  }

  /// Text where that is shorter, so that handlers can read it at once. Either way it is exact to the byte.
  private func writeBody(to writer: inout JSONWriter) {
    let text = Self.isPlain(body) ? String(validating: body, as: UTF8.self) : nil
    writer.key("body")
    if let text { writer.string(text) } else { writer.string(Base64.encode(body)) }
    writer.key("isBase64Encoded")
    writer.bool(text == nil)
  }

  /// Whether JSON's escapes make it no longer than Base64 would.
  private static func isPlain(_ bytes: [UInt8]) -> Bool {
    var added = 0
    for byte in bytes {
      if byte < 0x20 { added += byte == 0x0A || byte == 0x0D || byte == 0x09 ? 1 : 5 } else if byte == 0x22 || byte == 0x5C { added += 1 }
    }
    return added <= bytes.count / 3
  }

  /// The rest of AWS's payload.
  private func writePayload(to writer: inout JSONWriter) {
    for (key, text) in [("routeKey", "$default"), ("rawPath", path), ("rawQueryString", query)] {
      writer.key(key)
      writer.string(text)
    }
    if let cookie = headers.first(where: { $0.name == "cookie" })?.value {
      writer.key("cookies")
      writer.beginArray()
      for one in cookie.split(separator: ";") { writer.string(String(one.drop { $0 == " " })) }
      writer.endArray()
    }
    // Several values of one name: AWS joins them with commas.
    if !parameters.isEmpty {
      writer.key("queryStringParameters")
      writer.pairs(parameters, joining: true)
    }
    if !params.isEmpty {
      writer.key("pathParameters")
      writer.pairs(params)
    }
    writer.key("requestContext")
    writer.beginObject()
    writer.key("http")
    writer.beginObject()
    let agent = headers.first { $0.name == "user-agent" }?.value ?? ""
    for (key, text) in [("method", method), ("path", path), ("protocol", "HTTP/1.1"), ("sourceIp", remoteAddress), ("userAgent", agent)] {
      writer.key(key)
      writer.string(text)
    }
    writer.endObject()
    let host = headers.first { $0.name == "host" }?.value ?? ""
    for (key, text) in [("requestId", id), ("routeKey", "$default"), ("stage", "$default"), ("domainName", host), ("time", time.text)] {
      writer.key(key)
      writer.string(text)
    }
    writer.key("timeEpoch")
    writer.int(time.milliseconds)
    if let auth {
      writer.key("authorizer")
      writer.value(["lambda": auth])
    }
    writer.endObject()
  }
}

extension JSONWriter {
  /// An object of strings. Of a name that stands twice the last value counts, or all of them joined with commas.
  fileprivate mutating func pairs(_ pairs: [(name: String, value: String)], joining: Bool = false) {
    beginObject()
    if Set(pairs.map(\.name)).count == pairs.count {
      for (name, value) in pairs {
        key(name)
        string(value)
      }
    } else {
      var object = JSONObject()
      for (name, value) in pairs {
        let former = joining ? object[name]?.stringValue : nil
        object[name] = .string(former.map { $0 + "," + value } ?? value)
      }
      for (name, value) in object {
        key(name)
        self.value(value)
      }
    }
    endObject()
  }
}
