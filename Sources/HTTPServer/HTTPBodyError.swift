/// Why a request's body could not be read to its end. The answer to it is the handler's; the connection closes after it.
package enum HTTPBodyError: Error, Sendable, Equatable {
  /// Longer than the reader allows (413).
  case tooLarge
  /// The peer went away before the end (400, if it can still hear it).
  case incomplete
  /// Nothing came for too long (408).
  case timedOut
  /// The chunked framing is broken (400).
  case malformed
  /// The body was already read, or the answer already given.
  case unavailable
}

/// Why an answer could not be sent.
package enum HTTPResponseError: Error, Sendable, Equatable {
  /// The client is gone, or the connection was closed.
  case connectionClosed
  /// The request already has an answer.
  case alreadyAnswered
  /// The body is longer or shorter than the announced length; the connection closes, so that the caller notices.
  case wrongLength
  /// A header field with CR, LF or NUL, or a name that is no token.
  case invalidHeader
  /// The file could not be opened or read.
  case unreadableFile(errno: Int32)
}
