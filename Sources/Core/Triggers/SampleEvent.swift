import JSON

/// Events to try functions with: of the form that each type of trigger brings, with made-up content.
package enum SampleEvent {
  package static let types = ["document", "before", "file", "user", "schedule", "http", "event"]

  /// - Parameters:
  ///   - trigger: as manifests have it; members that are missing get a value that could be.
  ///   - document: a document of the trigger's collection, if one is at hand.
  package static func make(for trigger: JSONValue, function: String, project: String, document: JSONObject? = nil, at now: Timestamp) -> JSONValue {
    let sample = Sample(trigger: trigger, function: function, project: project, document: document, now: now)
    return switch trigger["type"]?.stringValue ?? "document" {
    case "http": http(trigger, over: [:], function: function, at: now)
    case "before": sample.change("roost.document.before-")
    case "file": sample.file
    case "user": sample.user
    case "schedule":
      sample.event(
        "roost.schedule.due", subject: function,
        [
          "scheduledTime": .string(now.text), "cron": trigger["cron"] ?? "0 * * * *", "timeZone": trigger["timeZone"] ?? "UTC",
        ])
    case "event":
      sample.event(
        (trigger["name"]?.stringValue ?? "order.paid").replacing(".*", with: ".sample"), subject: "order-1", ["order": "order-1", "total": 42])
    default: sample.change("roost.document.")
    }
  }

  /// A call over HTTP with these of its members: `method`, `path`, `query`, `headers`, `params`, `body`, `auth`. A body that is no text is sent as JSON.
  package static func http(_ trigger: JSONValue, over given: JSONObject, function: String, at now: Timestamp) -> JSONValue {
    func pairs(_ value: JSONValue?) -> [(name: String, value: String)] {
      (value?.objectValue ?? [:]).map { (name: $0.key, value: $0.value.stringValue ?? $0.value.text) }
    }
    let body = given["body"].flatMap { $0.isNull ? nil : $0 }
    let isText = body?.stringValue != nil
    var headers = pairs(given["headers"]).map { (name: $0.name.lowercased(), value: $0.value) }
    for (name, value) in [("host", "localhost"), ("user-agent", "roost-test"), ("content-type", isText || body == nil ? "" : "application/json")]
    where !value.isEmpty && !headers.contains(where: { $0.name == name }) {
      headers.append((name, value))
    }
    let methods = (trigger["methods"]?.arrayValue ?? []).compactMap(\.stringValue)
    let form = try? CallPath(trigger["path"]?.stringValue ?? "/", pointer: "/path")
    let path = given["path"]?.stringValue ?? "/" + (form?.sample ?? []).joined(separator: "/")
    let query = pairs(given["query"])
    let raw = query.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
    var bytes = body.map { isText ? Array(($0.stringValue ?? "").utf8) : $0.bytes() } ?? []
    if given["isBase64Encoded"]?.boolValue == true, let decoded = body?.stringValue.flatMap(Base64.decode) { bytes = decoded }
    let request = CallRequest(
      id: "test",
      method: given["method"]?.stringValue ?? [body == nil ? "GET" : "POST"].first { methods.isEmpty || methods.contains($0) } ?? methods[0],
      url: "http://localhost/v1/call/\(function)\(path)\(raw.isEmpty ? "" : "?" + raw)", path: path, query: raw, parameters: query,
      params: given["path"] == nil && given["params"] == nil ? form.flatMap { $0.match($0.sample) } ?? [] : pairs(given["params"]),
      headers: headers, body: bytes, auth: given["auth"].flatMap { $0.isNull ? nil : $0 }, remoteAddress: "127.0.0.1", time: now)
    return (try? JSONValue(parsing: request.json())) ?? .null
  }

  private static func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      let scalar = Character(UnicodeScalar(byte))
      if byte < 128, scalar.isLetter || scalar.isNumber || "-._~".contains(scalar) {
        encoded.append(scalar)
      } else {
        encoded += "%" + hexadecimal([byte]).uppercased()
      }
    }
    return encoded
  }
}

private struct Sample {
  let trigger: JSONValue
  let function: String
  let project: String
  let document: JSONObject?
  let now: Timestamp

  private static let id = "0190b6a2-5a3e-7c1d-8f00-2b6e1a9d4c55"
  private static let user: JSONValue = ["type": "user", "id": "0190b6a1-11aa-7c00-8a11-5b0e9f2d7c33"]

  /// A CloudEvent 1.0.
  func event(_ type: String, subject: String, _ data: JSONValue) -> JSONValue {
    [
      "specversion": "1.0", "id": "1", "source": .string("/p/" + project), "type": .string(type), "subject": .string(subject), "time": .string(now.text),
      "datacontenttype": "application/json", "data": data,
    ]
  }

  private var action: String {
    let action = trigger["events"]?[0]?.stringValue ?? "created"
    return action == "written" ? "created" : action
  }

  func change(_ prefix: String) -> JSONValue {
    let record = document ?? recent(["title": "A sample"])
    let id = record["id"]?.stringValue ?? Self.id
    return event(prefix + action, subject: (trigger["collection"]?.stringValue ?? "posts") + "/" + id, before(record))
  }

  /// `{before, after, auth}` as `created`, `updated` and `deleted` have them.
  private func before(_ record: JSONObject) -> JSONValue {
    var later = record
    if action == "updated" { later["version"] = .int((record["version"]?.intValue ?? 1) + 1) }
    return [
      "before": action == "created" || action == "signedIn" ? .null : .object(record), "after": action == "deleted" ? .null : .object(later), "auth": Self.user,
    ]
  }

  private func recent(_ own: JSONObject) -> JSONObject {
    var record: JSONObject = ["id": .string(Self.id), "version": 1, "createdAt": .string(now.text), "updatedAt": .string(now.text)]
    for (name, value) in own { record[name] = value }
    return record
  }

  var file: JSONValue {
    let bucket = trigger["bucket"]?.stringValue ?? "uploads"
    let record: JSONObject = [
      "bucket": .string(bucket), "path": "pictures/sample.png", "size": 1024, "contentType": "image/png",
      "sha256": .string(String(repeating: "0", count: 64)), "owner": .null, "createdAt": .string(now.text), "updatedAt": .string(now.text),
    ]
    return event("roost.file." + action, subject: bucket + "/pictures/sample.png", before(record))
  }

  var user: JSONValue {
    let record = recent(["email": "ada@example.org", "emailVerified": false, "roles": []])
    return event("roost.user." + action, subject: "users/" + Self.id, before(document ?? record))
  }
}
