import JSON

/// Where a remote function lives and how it is spoken to.
package struct RemoteEndpoint: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    /// CloudEvents 1.0 over HTTP.
    case cloudevents
    /// The interface of an OpenWhisk action: `/init` and `/run`.
    case openwhisk
  }

  /// The content modes of the CloudEvents HTTP binding.
  package enum Mode: String, Sendable, CaseIterable {
    case structured, binary, batched
  }

  package let kind: Kind
  package let url: OutboundURL
  package let mode: Mode
  /// Events in one request at most; 1 unless the mode is batched.
  package let batchSize: Int
  /// The names of the secrets that sign each request.
  package let signingSecrets: [String]
  /// Signing secrets that the manifest gave as such, under the names that they get: kept with the function's secrets, not in its definition.
  package let newSecrets: [(name: String, value: String)]
  /// Sent with each request; `${NAME}` in a value stands for a secret.
  package let headers: [(name: String, value: String)]
  /// The function to call in the code of an OpenWhisk action.
  package let main: String

  /// Reads its members out of a function's manifest. Throws `validation_failed`.
  init(_ reader: inout ConfigurationReader) throws {
    kind = try Self.choice(&reader, "kind") ?? .cloudevents
    let text = try reader.required("url", "the URL that takes the events, like \"https://example.org/hooks\"")
    do {
      url = try OutboundURL(text)
    } catch {
      throw RoostError(
        .validationFailed, "The function's `url` is refused: \(error.reason).", fields: [FieldError("/url", "expected a URL like https://example.org/hooks")])
    }
    let isEvents = kind == .cloudevents
    mode = isEvents ? try Self.choice(&reader, "mode") ?? .structured : .structured
    batchSize = mode == .batched ? Int(try reader.int("batchSize", in: 1...Int64(Limits.remoteBatchEventsMax)) ?? 10) : 1
    main = isEvents ? "main" : try reader.string("main") ?? "main"
    headers = try Self.headers(reader.object("headers") ?? [:])
    (signingSecrets, newSecrets) = try Self.secrets(reader.value("secret"))
  }

  /// Throws `validation_failed` for what has no meaning here.
  func refuse(minInstances: Int, then: [String]) throws {
    guard minInstances == 0 else {
      throw RoostError(.validationFailed, "A remote function has no workers to keep.", fields: [FieldError("/minInstances", "expected none")])
    }
    guard then.isEmpty || mode != .batched else {
      throw RoostError(
        .validationFailed, "The answer to a batch is not one event's.", fields: [FieldError("/then", "expected none beside mode \"batched\"")])
    }
  }

  /// What GET shows of it and `init` reads again.
  var members: [(name: String, value: JSONValue)] {
    var members: [(String, JSONValue)] = [("kind", .string(kind.rawValue)), ("url", .string(url.text))]
    switch kind {
    case .cloudevents: members.append(("mode", .string(mode.rawValue)))
    case .openwhisk: members.append(("main", .string(main)))
    }
    if mode == .batched { members.append(("batchSize", .int(Int64(batchSize)))) }
    if !signingSecrets.isEmpty { members.append(("secret", .array(signingSecrets.map(JSONValue.string)))) }
    if !headers.isEmpty {
      var object = JSONObject()
      for (name, value) in headers { object[name] = .string(value) }
      members.append(("headers", .object(object)))
    }
    return members
  }

  private static func choice<Choice: RawRepresentable<String> & CaseIterable>(_ reader: inout ConfigurationReader, _ name: String) throws -> Choice? {
    guard let text = try reader.string(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw RoostError(.validationFailed, "`\(name)` of a remote function is wrong.", fields: [FieldError("/\(name)", "expected one of \(names)")])
    }
    return choice
  }

  private static func headers(_ object: JSONObject) throws -> [(name: String, value: String)] {
    let entries = Array(object)
    guard entries.count <= Limits.remoteHeadersMax else {
      throw RoostError(
        .validationFailed, "Too many headers.", fields: [FieldError("/headers", "expected at most \(Limits.remoteHeadersMax)")])
    }
    return try entries.map { name, value in
      let pointer = "/headers/\(name.pointerSegment)"
      guard isToken(name), let text = value.stringValue, text.utf8.count <= Limits.remoteHeaderBytesMax, OutboundHeaders.isValue(text) else {
        throw RoostError(
          .validationFailed, "A header is a name and a line of text.",
          fields: [FieldError(pointer, "expected a header of at most \(Limits.remoteHeaderBytesMax) printable ASCII characters")])
      }
      let lower = name.lowercased()
      guard !ours.contains(lower), !lower.hasPrefix("ce-"), !lower.hasPrefix("webhook-"), !lower.hasPrefix("proxy-") else {
        throw RoostError(.validationFailed, "The header '\(name)' is set by the server.", fields: [FieldError(pointer, "expected another header")])
      }
      return (name, text)
    }
  }

  /// RFC 9110, section 5.6.2.
  private static func isToken(_ name: String) -> Bool {
    (1...100).contains(name.utf8.count)
      && name.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
      }
  }

  /// What frames the request, or says what it is.
  private static let ours: Set<String> = [
    "host", "content-length", "content-type", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "roost-attempt",
  ]

  private static func secrets(_ value: JSONValue?) throws -> (names: [String], new: [(name: String, value: String)]) {
    guard let value else { return ([], []) }
    let entries = value.arrayValue ?? [value]
    guard entries.count <= Limits.signingSecretsMax else {
      throw RoostError(
        .validationFailed, "Too many signing secrets.", fields: [FieldError("/secret", "expected at most \(Limits.signingSecretsMax)")])
    }
    var names: [String] = []
    var new: [(name: String, value: String)] = []
    for (position, entry) in entries.enumerated() {
      let pointer = value.arrayValue == nil ? "/secret" : "/secret/\(position)"
      let expected = "expected the name of a secret, or whsec_ and the base64 of 24 to 64 random bytes"
      guard let text = entry.stringValue else { throw RoostError(.validationFailed, "A signing secret is text.", fields: [FieldError(pointer, expected)]) }
      if text.hasPrefix(WebhookSecret.prefix) {
        guard WebhookSecret(text) != nil else {
          throw RoostError(.validationFailed, "The signing secret has the wrong form.", fields: [FieldError(pointer, expected)])
        }
        let name = position == 0 ? "WEBHOOK_SECRET" : "WEBHOOK_SECRET_\(position + 1)"
        names.append(name)
        new.append((name, text))
      } else {
        guard SecretName.isValid(text) else {
          throw RoostError(.validationFailed, "A signing secret is given by its name.", fields: [FieldError(pointer, expected)])
        }
        names.append(text)
      }
    }
    return (names, new)
  }
}

/// What may stand in a header of an outgoing request.
package enum OutboundHeaders {
  /// Printable ASCII and spaces between: no line can end in it.
  package static func isValue(_ text: String) -> Bool {
    text.utf8.allSatisfy { $0 >= 32 && $0 < 127 } && text.utf8.first != 32 && text.utf8.last != 32
  }
}
