import Core

extension WriteTransaction {
  /// Does the work, and keeps its answer in the same commit; or throws `AlreadyAnswered` with the one that is kept, where this request was
  /// carried out before. There is one writer, so that of two that come at the same time one finds the other's answer.
  /// Throws `idempotency_key_reused` where the key was used for something else, `payload_too_large` where the answer cannot be kept.
  func once<Written>(_ repeatable: Repeatable<Written>?, _ work: () throws -> Written) throws -> Written {
    guard let repeatable else { return try work() }
    let now = self.now
    if let kept = try keptAnswer(repeatable.key) {
      if kept.made + Limits.keptAnswerLifetime > now {
        guard kept.request == repeatable.request else {
          throw RoostError(
            .idempotencyKeyReused, "This Idempotency-Key was used for another request. Send the same request again, or make a new key for a new one.")
        }
        throw AlreadyAnswered(answer: kept.answer)
      }
      try database.run("DELETE FROM kept_answers WHERE key = ?", .blob(repeatable.key))
    }
    let written = try work()
    let answer = try repeatable.answer(written)
    guard answer.count <= Limits.keptAnswerBytesMax else {
      throw RoostError(
        .payloadTooLarge,
        "The answer has \(answer.count) bytes; with an Idempotency-Key at most \(Limits.keptAnswerBytesMax) are kept. Send `Prefer: return=minimal` too."
      )
    }
    try database.run(
      "INSERT INTO kept_answers (key, request, made, answer) VALUES (?, ?, ?, ?)", .blob(repeatable.key), .blob(repeatable.request),
      .int(now.milliseconds), .blob(answer))
    return written
  }

  private func keptAnswer(_ key: [UInt8]) throws -> (request: [UInt8], made: Timestamp, answer: [UInt8])? {
    try database.first("SELECT request, made, answer FROM kept_answers WHERE key = ?", .blob(key)) { row in
      (row.blob(0), Timestamp(milliseconds: row.int(1)), row.blob(2))
    }
  }
}

extension SQLiteDocumentStore {
  /// Answers that one commit removes.
  private static let answersPerCommit = 100

  func removeAnswers(before moment: Timestamp) async throws {
    let overdue = "SELECT rowid FROM kept_answers WHERE made <= ?"
    // The writer is asked only where there is something to do.
    while try await readers.read({ try $0.first(overdue + " LIMIT 1", .int(moment.milliseconds)) { _ in true } ?? false }) {
      try Task.checkCancellation()
      try await writer.write { transaction in
        try transaction.database.run(
          "DELETE FROM kept_answers WHERE rowid IN (\(overdue) ORDER BY made LIMIT ?)", .int(moment.milliseconds), .int(Int64(Self.answersPerCommit)))
      }
    }
  }
}
