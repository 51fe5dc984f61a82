import Core
import Glibc
import JSON

/// What a folder's dependencies ask to be run, once, when it is deployed.
struct InstallPlan {
  /// Inside the sandbox.
  let arguments: [String]
  let environment: [(name: String, value: String)]
  /// Files and folders of this machine that the sandbox shows read-only, and where.
  let shown: [(path: String, at: String)]

  static let scratch = FunctionArchive.scratch

  init(arguments: [String], environment: [(name: String, value: String)], shown: [(path: String, at: String)]) {
    self.arguments = arguments
    self.environment = environment
    self.shown = shown
  }

  /// Nil if there is nothing to install. Throws `deploy_refused` for what is not taken.
  init?(_ definition: FunctionDefinition, folder: String, configuration: FunctionsConfiguration) throws {
    switch definition.runtime.rawValue {
    case "python", "lambda", "command":
      guard let text = try Self.read(folder + "/requirements.txt") else { return nil }
      try RequirementsFile.check(text)
      guard let python = configuration.pythonPath else {
        throw RoostError(.deployRefused, "requirements.txt cannot be installed: there is no python3 on this server.")
      }
      self.init(python: python, configuration.installEnvironment)
    case "javascript":
      guard try Self.asksForPackages(folder), access(folder + "/node_modules", F_OK) != 0 else { return nil }
      guard let deno = configuration.denoPath else {
        throw RoostError(.deployRefused, "Packages are installed with Deno, and this server has none. Put node_modules into the archive.")
      }
      try Self.requireNoScripts(folder)
      try Self.requireNoVariables(folder)
      self.init(deno: deno, folder: folder, configuration.installEnvironment)
    default: return nil
    }
  }

  /// Wheels only, since anything else runs its author's code while it is installed.
  private init(python: String, _ given: [(name: String, value: String)]) {
    arguments = [
      python, "-m", "pip", "install", "--no-input", "--no-color", "--progress-bar=off", "--disable-pip-version-check", "--no-cache-dir", "--no-compile",
      "--root-user-action=ignore", "--only-binary=:all:", "--target=\(FunctionArchive.place)/\(FunctionArchive.pythonPackages)",
      "--requirement=requirements.txt",
    ]
    let given = given.filter { !Self.isForDeno($0.name) }
    environment = Self.environment(given)
    var shown = Self.installation(python)
    for file in Self.pipFiles(given) where access(file, R_OK) == 0 { shown.append((file, file)) }
    self.shown = shown
  }

  /// Deno reads `package.json` and `deno.json`, and runs no package's own scripts.
  private init(deno: String, folder: String, _ given: [(name: String, value: String)]) {
    arguments = ["/deno", "install", "--node-modules-dir=auto"] + (access(folder + "/deno.lock", R_OK) == 0 ? ["--frozen"] : ["--no-lock"])
    let given = given.filter { !$0.name.hasPrefix("PIP_") }
    environment = Self.environment(given) + [("DENO_DIR", "\(FunctionArchive.place)/\(Self.scratch)/deno"), ("DENO_NO_UPDATE_CHECK", "1"), ("NO_COLOR", "1")]
    shown = [(deno, "/deno")] + Self.files(namedBy: given.map(\.value)).map { ($0, $0) }
  }

  private static func isForDeno(_ name: String) -> Bool { ["NPM_", "DENO_", "JSR_"].contains { name.hasPrefix($0) } }

  private static func environment(_ given: [(name: String, value: String)]) -> [(name: String, value: String)] {
    given + [
      ("PATH", "/usr/bin:/bin"), ("HOME", "\(FunctionArchive.place)/\(scratch)"), ("TMPDIR", "\(FunctionArchive.place)/\(scratch)"), ("LANG", "C.UTF-8"),
    ]
  }

  /// An interpreter beside the system's brings its folder.
  private static func installation(_ python: String) -> [(path: String, at: String)] {
    let parts = python.split(separator: "/")
    let prefix = "/" + parts.dropLast(2).joined(separator: "/")
    return parts.count > 2 && prefix != "/usr" ? [(prefix, prefix)] : []
  }

  /// pip's configuration of this machine, and what it and the environment name: certificates, folders of wheels.
  private static func pipFiles(_ given: [(name: String, value: String)]) -> [String] {
    let configurations = ["/etc/pip.conf"] + given.filter { $0.name == "PIP_CONFIG_FILE" }.map(\.value)
    let texts = configurations.compactMap { (try? read($0)) ?? nil }
    return configurations + files(namedBy: given.map(\.value) + texts)
  }

  private static func files(namedBy texts: [String]) -> [String] {
    texts.flatMap { $0.split { " \n\t=,".contains($0) } }.map { $0.hasPrefix("file://") ? String($0.dropFirst(7)) : String($0) }
      .filter { $0.hasPrefix("/") && $0.utf8.count > 1 && access($0, R_OK) == 0 }
  }

  private static func asksForPackages(_ folder: String) throws -> Bool {
    if let text = try read(folder + "/package.json"), let package = try? JSONValue(parsing: Array(text.utf8)) {
      if let dependencies = package["dependencies"]?.objectValue, !dependencies.isEmpty { return true }
    }
    // The first that is there is the one that Deno reads, with comments in it if there are any.
    let text = try read(folder + "/deno.json") ?? read(folder + "/deno.jsonc") ?? ""
    return text.contains("\"npm:") || text.contains("\"jsr:")
  }

  /// Deno runs packages' own scripts where its configuration allows them. A file that it reads otherwise than JSON does is refused by the same word.
  private static func requireNoScripts(_ folder: String) throws {
    for name in ["deno.json", "deno.jsonc"] {
      guard let text = try read("\(folder)/\(name)"), text.contains("allowScripts") || text.contains("\\u") else { continue }
      throw RoostError(.deployRefused, "The archive's \(name) has `allowScripts`: packages run no scripts while they are installed.")
    }
  }

  /// An `.npmrc` says where packages come from, and Deno fills variables of the environment into it: the server's own are not for whoever is named there.
  private static func requireNoVariables(_ folder: String) throws {
    guard let text = try read(folder + "/.npmrc"), text.contains("$") else { return }
    throw RoostError(.deployRefused, "The archive's .npmrc has a '$': variables are not taken there.")
  }

  private static func read(_ path: String) throws -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: Limits.functionManifestBytesMax + 1)
    var count = 0
    while count < bytes.count {
      let more = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count) }
      guard more > 0 else { break }
      count += more
    }
    let name = path.split(separator: "/").last ?? ""
    guard count <= Limits.functionManifestBytesMax else { throw RoostError(.deployRefused, "The archive's \(name) is too large.") }
    guard let text = String(validating: bytes.prefix(count), as: UTF8.self) else { throw RoostError(.deployRefused, "The archive's \(name) is not UTF-8.") }
    return text
  }
}
