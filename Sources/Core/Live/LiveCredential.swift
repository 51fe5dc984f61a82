/// What a long answer rests on. When it ends, so does the answer.
package enum LiveCredential: Sendable, Hashable {
  /// Nothing was presented.
  case none
  case user(session: String, until: Timestamp)
  /// An admin's session token or an API key.
  case opaque(String)
}

/// Why the server ends a live query, or the following of logs: a closed list, told to the client.
package enum LiveEnd: String, Sendable {
  case tokenExpired = "token_expired"
  /// Signed out, disabled, deleted; of an admin or a key: revoked.
  case sessionEnded = "session_ended"
  /// The collection's rules changed: the next query begins anew.
  case rulesChanged = "rules_changed"
  case collectionDeleted = "collection_deleted"
  /// Of logs that are followed.
  case functionDeleted = "function_deleted"
  case serverStopping = "server_stopping"
  /// Something could not be read just now.
  case unavailable = "unavailable"
  /// The place in the log is gone: begin anew.
  case cursorExpired = "cursor_expired"
}
