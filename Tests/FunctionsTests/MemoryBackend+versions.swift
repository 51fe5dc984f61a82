import Core

@testable import Functions

// The engine takes up versions through `functions()`; tests change those directly.
extension MemoryBackend {
  struct NotKept: Error {}

  func versions(of function: String, limit: Int, before version: Int64?) async throws -> [FunctionVersion] { [] }
  func version(_ number: Int64, of function: String) async throws -> (version: FunctionVersion, definition: FunctionDefinition)? { nil }
  func deleteVersion(_ number: Int64, of function: String) async throws { throw NotKept() }
  func aliases(of function: String) async throws -> [FunctionAlias] { [] }
  func deleteAlias(_ name: String, of function: String, at now: Timestamp) async throws { throw NotKept() }

  func setAlias(_ name: String, of function: String, to split: VersionSplit, expected: VersionCondition, at now: Timestamp) async throws -> (
    alias: FunctionAlias, created: Bool
  ) {
    throw NotKept()
  }
}

extension MemoryBackend {
  var archivesPath: String { "/nonexistent" }
  func stage(_ archive: [UInt8]) async throws -> any StagedArchive { throw NotKept() }
  func archive(_ checksum: String, of function: String, runtime: FunctionRuntimeKind) async throws -> any StagedArchive { throw NotKept() }
}
