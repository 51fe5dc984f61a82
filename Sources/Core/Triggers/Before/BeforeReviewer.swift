import JSON

/// Asks the functions about one write, one after the other: each sees what the one before made of it.
struct BeforeReviewer: Sendable {
  let runtime: any FunctionRuntime
  let hooks: [BeforeHook]
  let project: String

  func verdict(on proposal: BeforeProposal) async -> Result<[UInt8]?, RoostError> {
    var body = proposal.body
    do {
      for hook in hooks {
        let event = proposal.event(body)
        guard hook.wants(event) else { continue }
        guard event.depth < Limits.triggerDepthMax else {
          throw failed(hook, "was not asked: this write is more than \(Limits.triggerDepthMax) functions away from the request that began the chain")
        }
        body = try await run(hook, event, proposal, body)
      }
      return .success(body)
    } catch let error as RoostError {
      return .failure(error)
    } catch {
      return .failure(RoostError(.functionFailed, "A function that has to look at this write could not be run."))
    }
  }

  private func run(_ hook: BeforeHook, _ event: LogEvent, _ proposal: BeforeProposal, _ body: [UInt8]?) async throws -> [UInt8]? {
    let type = "roost.document.before-\(event.action.rawValue)"
    let answer: DirectAnswer
    do {
      answer = try await runtime.invoke(
        DirectInvocation(
          function: hook.function, event: cloudEvent(event, type: type), eventType: type, eventSubject: event.path, depth: event.depth, timeout: hook.timeout))
    } catch let error as RoostError where error.code == .functionNotFound {
      // Deleted meanwhile. What it would have said nobody knows.
      throw RoostError(.unavailable, "The functions that look at this write are being changed.", retryAfter: .seconds(1))
    }
    switch answer.invocation.status {
    case .succeeded: break
    case .timeout: throw failed(hook, "did not answer within \(hook.timeout.milliseconds) ms")
    case .memoryLimit: throw failed(hook, "used more memory than it may")
    case .failed, .crashed: throw failed(hook, "failed; its record says why")
    case .suspended: throw failed(hook, "wants to wait, which it cannot while a write waits for it")
    }
    // Some runtimes hand on what the function wrote, as it wrote it.
    guard let text = answer.value.map({ JSONText.compact($0) }) else { return body }
    if let refusal = Self.refusal(text) {
      guard let message = refusal.stringValue else {
        throw failed(hook, "returned a `refuse` that is no text: expected {\"refuse\": \"why\"}")
      }
      throw RoostError(.writeRefused, message.isEmpty ? "The write was refused." : String(message.prefix(Limits.refusalCharactersMax)))
    }
    guard let body else { return nil }
    if text.elementsEqual("null".utf8) { return body }
    return try changed(body, to: text, by: hook, in: proposal.collection)
  }

  /// Why, where it is `{"refuse": "why"}` and nothing else.
  private static func refusal(_ text: [UInt8]) -> JSONValue? {
    guard text.starts(with: #"{"refuse":"#.utf8), let object = (try? JSONValue(parsing: text))?.objectValue, object.count == 1 else { return nil }
    return object["refuse"]
  }

  private func changed(_ body: [UInt8], to text: [UInt8], by hook: BeforeHook, in collection: String) throws -> [UInt8] {
    guard text.first == UInt8(ascii: "{") else { throw failed(hook, "returned something else than a document") }
    guard text.count <= 2 * Limits.documentBytesMax else { throw failed(hook, "returned a document that is too large") }
    let own: [UInt8]
    do {
      own = try DocumentBody(text).bytes
    } catch {
      throw failed(hook, "returned something that is no document")
    }
    guard own.count <= Limits.documentBytesMax else { throw failed(hook, "returned a document that is too large") }
    guard collection == Collection.users else { return own }
    // What a profile says of its account is not the function's to change either.
    return FieldRules.keeping(UserProfile.identityFields, of: body, in: JSONText.removingMembers(UserProfile.identityFields, from: own))
  }

  private func failed(_ hook: BeforeHook, _ what: String) -> RoostError {
    RoostError(.functionFailed, "The function '\(hook.function)', which looks at this write, \(what).")
  }

  private func cloudEvent(_ event: LogEvent, type: String) -> [UInt8] {
    var identifiers = IdentifierGenerator()
    var writer = JSONWriter()
    writer.beginObject()
    for (name, text) in [
      ("specversion", "1.0"), ("id", identifiers.next(at: event.time)), ("source", "/p/" + project), ("type", type), ("subject", event.path),
      ("time", event.time.text), ("datacontenttype", "application/json"),
    ] {
      writer.key(name)
      writer.string(text)
    }
    writer.key("data")
    writer.beginObject()
    for (name, value) in [("before", event.before), ("after", event.after), ("auth", event.auth)] {
      writer.key(name)
      if let value { writer.raw(value) } else { writer.null() }
    }
    writer.endObject()
    writer.endObject()
    return writer.bytes
  }
}
