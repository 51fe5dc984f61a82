import Core
import HTTPServer
import JSON

extension Call {
  /// For a request with the header `Idempotency-Key`; nil without it. A key belongs to its caller: another's is another key. Whoever sends no
  /// token is known by their address.
  ///
  /// - Parameters:
  ///   - operation: what is asked for, with the names in its path.
  ///   - body: what is compared with the first request's.
  ///   - answer: the answer to keep.
  /// - Throws: `bad_request` for what is no key.
  func repeatable<Written>(
    _ operation: String, body: [UInt8]? = nil, answer: @escaping @Sendable (Written) throws -> HTTPResponse
  ) throws -> Repeatable<Written>? {
    guard headers.contains("Idempotency-Key") else { return nil }
    let key = try IdempotencyKey.read(headers.all("Idempotency-Key"))
    return Repeatable(
      key: IdempotencyKey.hash([Array(repeatingCaller.utf8), Array(key.utf8)]),
      request: IdempotencyKey.hash([Array(method.description.utf8), Array(operation.utf8), body ?? self.body]),
      answer: { try KeptAnswer.bytes(answer($0)) })
  }

  /// For comparing: of a password no quick hash is kept, so that another one in a repeated request is not noticed.
  func bodyWithoutPassword() -> [UInt8] { JSONText.removingMembers(["password"], from: body) }

  private var repeatingCaller: String {
    switch caller {
    case .anonymous: "address \(remoteAddress)"
    case .user(let user): "user \(user.id)"
    case .admin(let id, _): "admin \(id)"
    case .function(let name, _): "function \(name)"
    case .key(let id): "key \(id)"
    }
  }
}

private enum IdempotencyKey {
  /// The header's value is a string of RFC 8941, in double quotes; without them it is taken as well, since many clients send it so.
  static func read(_ values: [String]) throws -> String {
    guard values.count == 1, var key = values.first?.trimmed else { throw RoostError(.badRequest, "Send one Idempotency-Key.") }
    if key.utf8.count >= 2, key.hasPrefix("\""), key.hasSuffix("\"") { key = String(key.dropFirst().dropLast()) }
    let isReadable = key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    guard (1...Limits.idempotencyKeyCharactersMax).contains(key.utf8.count), isReadable else {
      throw RoostError(
        .badRequest,
        "The Idempotency-Key is not understood: expected 1 to \(Limits.idempotencyKeyCharactersMax) visible ASCII characters, such as a UUID.")
    }
    return key
  }

  /// Each part with its length, so that no two lists are written alike.
  static func hash(_ parts: [[UInt8]]) -> [UInt8] {
    var digest = SHA256Digest()
    for part in parts {
      digest.update(Array("\(part.count) ".utf8))
      digest.update(part)
    }
    return digest.finish()
  }
}
