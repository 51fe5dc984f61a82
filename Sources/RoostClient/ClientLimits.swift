/// Every bound of the client, with its reason.
package enum ClientLimits {
  /// How long a connection may take to come about.
  package static let connectTime = Duration.seconds(10)
  /// How long an answer may take in all, when it is not a file: longer than the slowest thing that the server allows itself.
  package static let answerTime = Duration.seconds(60)
  /// How long a file's transfer may stand still.
  package static let stillTime = Duration.seconds(60)
  /// A JSON answer: a page of 1000 documents of 1 MiB is the most that a server sends, but nobody wants that in memory.
  package static let answerBytesMax = 256 << 20
  /// A problem document is short; more than this is not ours.
  package static let problemBytesMax = 256 << 10
  /// One line of a stream of events: a log line has 16 KiB, which JSON may make six times as long.
  package static let eventBytesMax = 1 << 20
  /// The answer to an import: a hundred errors at most.
  package static let importAnswerBytesMax = 4 << 20
  /// What one read of a file moves.
  package static let fileChunkBytes = 256 << 10
  /// The longest page that the server gives.
  package static let pageItemsMax = 1000
  /// Writes that the server takes in one batch.
  package static let batchWritesMax = 500
}
