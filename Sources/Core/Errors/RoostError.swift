/// The one error that callers see. `message` is a sentence a person can act on; it never holds SQL, a path or a secret.
package struct RoostError: Error, Sendable, Equatable {
  package let code: ErrorCode
  package let message: String
  /// The offending places of a body, one entry a field.
  package let fields: [FieldError]
  /// How long the caller should wait before trying again; becomes `Retry-After`.
  package let retryAfter: Duration?

  package init(_ code: ErrorCode, _ message: String, fields: [FieldError] = [], retryAfter: Duration? = nil) {
    self.code = code
    self.message = message
    self.fields = fields
    self.retryAfter = retryAfter
  }
}

/// One offending place: a JSON Pointer (RFC 6901) into the request body and what was expected there.
package struct FieldError: Sendable, Equatable {
  package let pointer: String
  package let detail: String

  package init(_ pointer: String, _ detail: String) {
    self.pointer = pointer
    self.detail = detail
  }
}

extension StringProtocol {
  /// As one segment of a JSON Pointer (RFC 6901, section 3), cut to a length that is worth sending back.
  package var pointerSegment: String {
    prefix(64).map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
  }
}

extension RoostError {
  package static func collectionNotFound(_ name: String) -> RoostError {
    RoostError(.collectionNotFound, "There is no collection '\(name)'.")
  }

  package static func bucketNotFound(_ name: String) -> RoostError {
    RoostError(.bucketNotFound, "There is no bucket '\(name)'.")
  }

  /// Also the answer where a rule denies reading: what a caller may not see does not exist for them.
  package static func documentNotFound(_ id: String, in collection: String) -> RoostError {
    RoostError(.notFound, "There is no document '\(id)' in '\(collection)'.")
  }

  package static func fileNotFound(_ path: String) -> RoostError {
    RoostError(.notFound, "There is no file '\(path)'.")
  }

  /// A rule denied: an anonymous caller is told to sign in, anybody else that they may not.
  package static func denied(_ action: String, caller: Caller, fields: [FieldError] = []) -> RoostError {
    caller.isAnonymous
      ? RoostError(.unauthenticated, "Sign in to \(action).", fields: fields)
      : RoostError(.forbidden, "The rules do not let you \(action).", fields: fields)
  }
}
