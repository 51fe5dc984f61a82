import Core
import HTTPServer
import JSON

/// A deploy on its way: the manifest, and the unpacked archive if there is one. Nothing of it is visible before the version is committed: the archive lies where
/// nobody looks until it is whole, and a version names it only once it is in its place.
struct FunctionUpload: Sendable {
  private let function: String
  private let manifest: JSONValue
  private let staged: (any StagedArchive)?

  /// Throws like `FunctionDefinition`, and `deploy_refused` where the archive has not what the manifest names.
  func definition() throws -> FunctionDefinition {
    guard let staged else {
      let definition = try FunctionDefinition(name: function, value: manifest)
      try definition.requireSourceName()
      return definition
    }
    let runtime = try Self.runtime(manifest)
    let entry = try runtime.entry(manifest["entry"]?.stringValue, among: staged.files)
    return try FunctionDefinition(
      name: function, value: manifest, archive: (FunctionArchive(checksum: staged.checksum, size: staged.size, runtime: runtime), entry: entry))
  }

  /// Installs the archive's dependencies and puts it where workers find it. Answers what the installation said, nil if there was none.
  func keep(for definition: FunctionDefinition, _ runtime: any FunctionRuntime) async throws -> String? {
    guard let staged else { return nil }
    let isInstalled = try await staged.isKept(for: definition.runtime)
    let log = isInstalled ? nil : try await runtime.install(definition, in: staged.path)
    _ = try await staged.keep(for: definition.runtime)
    return log
  }

  /// Reads the body, lets `deploy` use it, and gives back what it held.
  static func receive(_ call: Call, _ chunks: BodyChunks, _ deploy: (FunctionUpload) async throws -> HTTPResponse) async throws -> HTTPResponse {
    let place = FunctionBody.isJSON(call) ? nil : try call.environment.functionUploads.begin()
    defer { withExtendedLifetime(place) {} }
    let body = try await FunctionBody.read(call, chunks)
    let staged = try await stage(body, call)
    do {
      let response = try await deploy(FunctionUpload(function: call.parameters[0], manifest: manifest(body, staged), staged: staged))
      await staged?.release()
      return response
    } catch {
      await staged?.release()
      throw error
    }
  }

  /// The archive that comes with it, or the one of an earlier version that the manifest names by its checksum.
  private static func stage(_ body: FunctionBody, _ call: Call) async throws -> (any StagedArchive)? {
    if let archive = body.archive { return try await call.project.functions.stage(archive) }
    guard let stated = body.manifest?["archive"], !stated.isNull else { return nil }
    guard let checksum = stated.stringValue ?? stated["checksum"]?.stringValue else {
      throw RoostError(.validationFailed, "`archive` of a function is wrong.", fields: [FieldError("/archive", "expected an archive's checksum")])
    }
    return try await call.project.functions.archive(checksum, of: call.parameters[0], runtime: runtime(body.manifest ?? .null))
  }

  /// Beside the archive, or in it.
  private static func manifest(_ body: FunctionBody, _ staged: (any StagedArchive)?) async throws -> JSONValue {
    if let manifest = body.manifest { return manifest }
    guard let bytes = try await staged?.read("function.json", bytesMax: Limits.functionManifestBytesMax) else {
      throw RoostError(
        .validationFailed, "Nothing says what makes the function run: send a part `manifest` beside the archive, or put a file function.json into it.")
    }
    return try FunctionBody.json(bytes[...])
  }

  private static func runtime(_ manifest: JSONValue) throws -> FunctionRuntimeKind {
    let name = manifest["runtime"]?.stringValue ?? FunctionRuntimeKind.javascript.rawValue
    guard let runtime = FunctionRuntimeKind(rawValue: name) else {
      let known = FunctionRuntimeKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw RoostError(.validationFailed, "There is no runtime '\(name.prefix(40))'.", fields: [FieldError("/runtime", "expected one of \(known)")])
    }
    return runtime
  }
}

extension Route {
  /// Takes a manifest with a source, or an archive.
  static func deploy(
    _ method: HTTPMethod, _ pattern: String, _ work: @escaping @Sendable (Call, FunctionUpload) async throws -> HTTPResponse
  ) -> Route {
    Route(
      method: method, pattern: pattern, access: .admin,
      work: .upload { call, chunks in
        try await FunctionUpload.receive(call, chunks) { try await work(call, $0) }
      })
  }
}

extension JSONValue {
  /// What only the answer to a deploy says: the version that it made, and what the installation of dependencies said.
  func adding(deployed: Int64?, installLog: String?) -> JSONValue {
    guard case .object(var object) = self else { return self }
    object["deployed"] = deployed.map(JSONValue.int)
    object["install"] = installLog.map { ["log": .string($0)] }
    return .object(object)
  }
}
