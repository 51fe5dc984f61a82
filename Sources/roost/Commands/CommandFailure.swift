import ArgumentParser
import Core
import Glibc
import RoostClient
import Storage

/// The one place where an error becomes words on stderr and an exit status.
enum CommandFailure {
  static func end(with error: any Error) -> Never {
    guard let failure = describe(error) else { Roost.exit(withError: error) }
    Terminal.error(failure.message)
    if let advice = failure.advice { Terminal.error(advice, prefix: "      ") }
    exit(failure.status)
  }

  /// nil: the argument parser's own, which includes `--help`.
  private static func describe(_ error: any Error) -> CommandError? {
    switch error {
    case let error as CommandError: error
    case let error as RoostClientError: CommandError(sentence(error), advice: advice(for: error))
    case let error as RoostError: CommandError(sentence(error.message, error.fields.map { ($0.pointer, $0.detail) }))
    case let error as StorageStartError: CommandError(error.message)
    case let error as StartFailure: CommandError(error.description)
    case is CancellationError: CommandError("Interrupted.")
    default: nil
    }
  }

  private static func sentence(_ error: RoostClientError) -> String {
    let id = error.requestID.map { " (request \($0))" } ?? ""
    return sentence(error.detail, error.errors.map { ($0.pointer, $0.detail) }) + ((error.status ?? 0) >= 500 ? id : "")
  }

  private static func sentence(_ detail: String, _ fields: [(pointer: String, detail: String)]) -> String {
    // A detail that says it all already is not said twice.
    let more = fields.filter { !detail.contains($0.detail) }
    return detail + more.map { "\n      \($0.pointer.isEmpty ? "the body" : $0.pointer): \($0.detail)" }.joined()
  }

  private static func advice(for error: RoostClientError) -> String? {
    if error.isLocal(.unreachable) {
      return "Start it with `roost serve`, or name another one with --server URL (or ROOST_SERVER)."
    }
    switch error.code {
    case "unauthenticated": return "Sign in with `roost login`, or send an API key with ROOST_KEY or --key."
    case "token_invalid", "token_expired": return "Sign in again with `roost login`, or use another key."
    case "forbidden": return "This needs an admin or an API key; see `roost login`."
    case "deploy_refused": return "Nothing was deployed; a version that was there goes on serving."
    default: return error.retryAfter.map { "Try again in \($0) seconds." }
    }
  }
}
