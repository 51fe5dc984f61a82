import AsyncHTTPClient
import Core
import NIOCore
import NIOSSL

/// What the HTTP library throws, in a sentence for the function's owner.
enum OutboundError {
  static func timeoutText(_ time: Duration) -> String {
    "No complete answer within \(time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000) ms."
  }

  static func failure(_ error: any Error, origin: String, timeout: Duration) -> OutboundFailure {
    if let failure = error as? OutboundFailure { return failure }
    if error is CancellationError { return OutboundFailure(.cancelled, "The server is stopping.") }
    guard let error = error as? HTTPClientError else {
      return OutboundFailure(.broken, unreachable(origin, cause(of: error)))
    }
    switch error {
    case .deadlineExceeded, .readTimeout, .writeTimeout: return OutboundFailure(.timeout, timeoutText(timeout))
    case .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout:
      return OutboundFailure(.timeout, "\(origin) cannot be reached: no connection within \(OutboundLimits.connectTime.components.seconds) s.")
    case .remoteConnectionClosed: return OutboundFailure(.broken, "\(origin) closed the connection without a complete answer.")
    case .cancelled: return OutboundFailure(.cancelled, "The server is stopping.")
    default: return OutboundFailure(.broken, "The exchange with \(origin) broke: \(error.shortDescription).")
    }
  }

  static func unreachable(_ origin: String, _ reason: String) -> String { "\(origin) cannot be reached: \(reason)." }

  /// Whether the server's certificate was refused, for a reason that the library does not tell.
  static func isDoubt(_ error: any Error) -> Bool { String(String(describing: error).prefix(2000)).contains("CERTIFICATE_VERIFY_FAILED") }

  /// Whether there was no connection, so that another address may be tried without sending anything twice.
  static func isBeforeSending(_ error: any Error) -> Bool {
    if let error = error as? HTTPClientError { return error == .connectTimeout }
    let text = String(String(describing: error).prefix(2000))
    return ["NIOConnectionError", "errno: 111", "errno: 113", "errno: 101", "onnection refused", "ECONNREFUSED", "connect("].contains { text.contains($0) }
  }

  /// The library's errors describe every attempt at length; this is what a person can use.
  private static func cause(of error: any Error) -> String {
    if (error as? NIOSSLExtraError) == .failedToValidateHostname { return CertificateDoubt.otherNames }
    let text = String(String(describing: error).prefix(2000))
    for (sign, meaning) in [
      ("onnection refused", "nothing listens there"), ("ECONNREFUSED", "nothing listens there"), ("errno: 111", "nothing listens there"),
      ("ENETUNREACH", "no network leads there"), ("EHOSTUNREACH", "no network leads there"), ("errno: 113", "no network leads there"),
      ("errno: 101", "no network leads there"), ("WRONG_VERSION", "it does not speak TLS"), ("HTTP_REQUEST", "it does not speak TLS"),
      ("handshake", "it does not speak TLS as expected"),
      ("reset", "the connection was reset"), ("HTTPParser", "what it answers is not HTTP"),
      ("invalid", "what it answers is not HTTP"),
    ] where text.contains(sign) {
      return meaning
    }
    return String(text.prefix(200))
  }
}
