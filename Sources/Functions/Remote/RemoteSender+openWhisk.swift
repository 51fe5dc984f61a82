import Core
import JSON
import Synchronization

// The interface of an OpenWhisk action
// (https://github.com/apache/openwhisk/blob/master/docs/actions-new.md#action-interface).
extension RemoteSender {
  func runAction(_ call: RemoteCall) async throws(OutboundFailure) -> RemoteOutcome {
    let giveUp = ContinuousClock.now + call.timeout
    do throws(OutboundFailure) {
      // An action without a source here has its code already.
      if !call.definition.source.isEmpty, openWhisk.needsStart(call.generation) {
        if let failure = try await initialise(call) { return failure }
        openWhisk.started(call.generation)
      }
      let message = JSONValue.object([
        "value": call.events.first.flatMap { try? JSONValue(parsing: $0, depthMax: 128) } ?? .object([:]), "namespace": .string(project),
        "action_name": .string("/\(project)/\(call.definition.name)"), "action_version": "0.0.1", "api_host": "", "api_key": "",
        "activation_id": .string(hexadecimal(SecureRandom.bytes(16))), "transaction_id": .string(call.messageID),
        "deadline": .string(String((wall.now() + call.timeout).milliseconds)),
      ])
      let answer = try await outbound.send(try actionRequest(call, "run", message, timeout: max(.milliseconds(1), giveUp - ContinuousClock.now)))
      return Self.actionOutcome(answer, wantsValue: call.wantsValue)
    } catch {
      // It may have gone, and come back without its code.
      if error.kind == .broken { openWhisk.forget(call.generation) }
      throw error
    }
  }

  /// `nil` when the action has its code.
  private func initialise(_ call: RemoteCall) async throws(OutboundFailure) -> RemoteOutcome? {
    var environment = JSONObject()
    for (name, value) in call.definition.environment { environment[name] = .string(value) }
    let message = JSONValue.object([
      "value": [
        "name": .string(call.definition.name), "main": .string(call.remote.main), "code": .string(call.definition.source), "binary": false,
        "env": .object(environment),
      ]
    ])
    let answer = try await outbound.send(try actionRequest(call, "init", message, timeout: call.timeout))
    // 403: it was initialised before, perhaps by us, before a restart.
    if (200..<300).contains(answer.status) || answer.status == 403 { return nil }
    let text = String(decoding: answer.body.prefix(FunctionsLimits.remoteErrorBytesMax), as: UTF8.self)
    return .failed("The action did not take its code (\(answer.status)): \(text)")
  }

  private func actionRequest(_ call: RemoteCall, _ path: String, _ message: JSONValue, timeout: Duration) throws(OutboundFailure) -> OutboundRequest {
    guard let url = call.remote.url.appending(path: "/" + path, query: nil) else { throw OutboundFailure(.broken, "The URL takes no path.") }
    return try request(
      call, url: url, headers: [("content-type", "application/json")], body: message.bytes(), timeout: timeout,
      answerBytesMax: FunctionsLimits.remoteValueBytesMax)
  }

  /// An action answers an object; `error` in it, or another status, is a failure.
  static func actionOutcome(_ answer: OutboundAnswer, wantsValue: Bool) -> RemoteOutcome {
    guard !answer.isCut else { return .failed("The answer is larger than \(FunctionsLimits.remoteValueBytesMax) bytes.") }
    guard let value = try? JSONValue(parsing: answer.body, depthMax: 64) else {
      return outcome(answer, wantsValue: false).orFailed("The action answered no JSON.")
    }
    if let error = value["error"], !error.isNull {
      return .failed("The action answered an error (\(answer.status)): " + (error.stringValue ?? error.text).prefix(bytes: FunctionsLimits.remoteErrorBytesMax))
    }
    guard case .succeeded = outcome(answer, wantsValue: false) else { return outcome(answer, wantsValue: false) }
    guard value.objectValue != nil || value.arrayValue != nil else { return .failed("The action answered neither an object nor a list.") }
    return .succeeded(value: wantsValue ? answer.body : nil)
  }
}

extension RemoteOutcome {
  fileprivate func orFailed(_ text: String) -> RemoteOutcome {
    if case .succeeded = self { .failed(text) } else { self }
  }
}

/// Which versions have given their code to their action.
final class OpenWhiskInstances: Sendable {
  private let ready = Mutex<Set<UInt64>>([])

  func needsStart(_ generation: UInt64) -> Bool { ready.withLock { !$0.contains(generation) } }

  func started(_ generation: UInt64) {
    ready.withLock { ready in
      // Older versions start no more; asking one that does again costs one request.
      if ready.count >= 4096 { ready = [] }
      ready.insert(generation)
    }
  }

  func forget(_ generation: UInt64) { _ = ready.withLock { $0.remove(generation) } }
}
