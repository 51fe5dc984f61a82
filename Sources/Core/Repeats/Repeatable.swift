/// A change whose caller may send the same request again because they do not know whether it arrived (`Idempotency-Key`,
/// draft-ietf-httpapi-idempotency-key-header). The answer is kept with the change, in one commit: a repeat is answered with it, and
/// changes nothing.
package struct Repeatable<Written>: Sendable {
  /// SHA-256 of the caller and their key.
  package let key: [UInt8]
  /// SHA-256 of what they ask for.
  package let request: [UInt8]
  /// The answer, as it is to be kept. Asked inside the transaction.
  package let answer: @Sendable (Written) throws -> [UInt8]

  package init(key: [UInt8], request: [UInt8], answer: @escaping @Sendable (Written) throws -> [UInt8]) {
    self.key = key
    self.request = request
    self.answer = answer
  }
}

/// The request was carried out before: what was answered then. Thrown through the layers that it need not concern.
package struct AlreadyAnswered: Error {
  package let answer: [UInt8]

  package init(answer: [UInt8]) {
    self.answer = answer
  }
}

/// One of several writes failed, and with it all of them.
package struct FailedWrite: Error {
  /// Its place among them.
  package let index: Int
  package let cause: any Error

  package init(index: Int, cause: any Error) {
    self.index = index
    self.cause = cause
  }
}
