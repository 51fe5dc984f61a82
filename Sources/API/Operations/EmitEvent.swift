import Core
import HTTPServer
import JSON

/// `POST /v1/events` {name, data, subject}: for functions with an `event` trigger. 202 with the event's id, when it is durable.
enum EmitEvent {
  static let route = Route.open(.post, "/v1/events") { call in
    // Whoever may write without rules; a user's events come through a function of the app's own.
    guard call.caller.passesRules else {
      throw call.caller.isAnonymous
        ? RoostError(.unauthenticated, "Events are emitted by admins, API keys and functions. Send `Authorization: Bearer …`.")
        : RoostError(.forbidden, "Events are emitted by admins, API keys and functions.")
    }
    let event = try NamedEvent(call.value())
    let repeatable: Repeatable<Int64>? = try call.repeatable("events") { accepted($0) }
    return accepted(try await call.project.log.emit(event, by: call.actor, repeatable: repeatable))
  }

  private static func accepted(_ sequence: Int64) -> HTTPResponse { .json(202, ["id": .string(String(sequence))]) }
}
