import Core

extension Call {
  func access(to bucket: Bucket) -> FileAccess { FileAccess(bucket: bucket, caller: caller, variables: variables) }

  /// Runs a decision of the bucket's rules, on a connection if they look up documents.
  func deciding<Value: Sendable>(_ access: FileAccess, _ decide: @escaping @Sendable (RuleLookups?) throws -> Value) async throws -> Value {
    guard access.looksUp else { return try decide(nil) }
    return try await project.documents.read { reader in try decide(RuleLookups(reader)) }
  }
}
