/// Archives of functions at rest.
package protocol FunctionArchiveStore: Sendable {
  /// The folder in which each archive has its own, named `FunctionArchive.folder`.
  var archivesPath: String { get }
  /// Unpacks an archive to where nobody sees it yet. Throws `deploy_refused` with the reason, `storage_full` and `overloaded`.
  func stage(_ archive: [UInt8]) async throws -> any StagedArchive
  /// An archive that a version of that function has, to be deployed anew. Throws `not_found`.
  func archive(_ checksum: String, of function: String, runtime: FunctionRuntimeKind) async throws -> any StagedArchive
}

/// An archive on its way into a version. Whoever has it calls `release` in the end, after the deploy or without one.
package protocol StagedArchive: AnyObject, Sendable {
  var checksum: String { get }
  var size: Int64 { get }
  /// Paths of its files, without dependencies.
  var files: Set<String> { get }
  /// Where it lies, to be worked in until `keep`.
  var path: String { get }
  /// Nil if there is no such file. Throws `deploy_refused` for a larger one.
  func read(_ file: String, bytesMax: Int) async throws -> [UInt8]?
  /// Whether it lies in its place already, with its dependencies: nothing need be installed.
  func isKept(for runtime: FunctionRuntimeKind) async throws -> Bool
  /// Makes it durable, and visible to workers. It stays until `release`, and from then on while a version has it.
  func keep(for runtime: FunctionRuntimeKind) async throws -> FunctionArchive
  func release() async
}
