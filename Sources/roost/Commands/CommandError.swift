/// Why a command stops: a sentence, and what to do about it.
struct CommandError: Error {
  let message: String
  let advice: String?
  let status: Int32

  /// Refused or failed: exit status 1.
  init(_ message: String, advice: String? = nil) {
    self.init(message, advice: advice, status: 1)
  }

  /// Wrong use: exit status 64 (EX_USAGE of sysexits.h).
  static func use(_ message: String, advice: String? = nil) -> CommandError { CommandError(message, advice: advice, status: 64) }

  private init(_ message: String, advice: String?, status: Int32) {
    self.message = message
    self.advice = advice
    self.status = status
  }
}
