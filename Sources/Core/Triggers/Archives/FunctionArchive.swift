import JSON

/// What a function was deployed as, where that is an archive: unpacked once, never changed, and shown to its workers read-only.
package struct FunctionArchive: Sendable, Equatable {
  /// Where a worker sees it.
  package static let place = "/function"

  /// Where the packages of a `requirements.txt` go, inside it.
  package static let pythonPackages = ".python_packages"

  /// What an installation needs only while it runs, inside it; removed before anybody sees the folder.
  package static let scratch = ".roost-install"

  /// Its folder's name among those of the project: made of checksum and runtime, since dependencies differ.
  package let folder: String
  /// SHA-256 of the archive as it was sent, in hexadecimal digits.
  package let checksum: String
  /// Bytes of the same.
  package let size: Int64

  package init(checksum: String, size: Int64, runtime: FunctionRuntimeKind) {
    self.checksum = checksum
    self.size = size
    folder = checksum + "-" + runtime.rawValue
  }

  /// Throws `validation_failed`.
  init(stored value: JSONValue, runtime: FunctionRuntimeKind) throws {
    guard let checksum = value["checksum"]?.stringValue, Self.isChecksum(checksum), let size = value["size"]?.intValue else {
      throw RoostError(
        .validationFailed, "`archive` of a function is wrong.", fields: [FieldError("/archive", "expected the checksum of an archive that was deployed before")]
      )
    }
    self.init(checksum: checksum, size: size, runtime: runtime)
  }

  package static func isChecksum(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0) }
  }

  package var value: JSONValue { ["checksum": .string(checksum), "size": .int(size)] }
}

extension FunctionRuntimeKind {
  /// Files that an archive may begin with, the first that is there, where its manifest names no `entry`.
  private var entries: [String] {
    switch rawValue {
    case "javascript": ["main.ts", "main.js", "main.mjs", "index.ts", "index.js", "index.mjs"]
    case "python": ["main.py", "index.py", "lambda_function.py"]
    case "command": ["main", "main.sh"]
    default: []
    }
  }

  /// The file that a worker begins with. Throws `deploy_refused` if there is none of that name, or none of the usual names.
  package func entry(_ stated: String?, among files: Set<String>) throws -> String? {
    if let stated {
      guard files.contains(stated) else { throw RoostError(.deployRefused, "The archive has no file '\(stated.prefix(200))', which `entry` names.") }
      return stated
    }
    if let found = entries.first(where: files.contains) { return found }
    // Lambda functions name their handler, and what has no workers begins with nothing.
    guard !entries.isEmpty else { return nil }
    throw RoostError(.deployRefused, "The archive has none of the files \(entries.joined(separator: ", ")); name the one to begin with as `entry`.")
  }
}
