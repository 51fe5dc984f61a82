import Core
import JSON

extension SQLiteFunctionStore {
  func functions() async throws -> [DeployedFunction] {
    try await readers.read { database in
      let aliases = try database.functionAliases()
      return try database.rows(
        """
        SELECT functions.name, functions.version, functions.created, functions.updated, definition, number
        FROM functions JOIN function_versions ON function = number AND function_versions.version = functions.version ORDER BY functions.name
        """
      ) { row in
        let (name, version, number) = (row.text(0), row.int(1), row.int(5))
        let named = aliases[number] ?? [:]
        let others = try database.definitions(Set(named.values.flatMap(\.versions)).subtracting([version]), of: number, name: name)
        return DeployedFunction(
          definition: try FunctionDefinition(name: name, value: JSONValue(parsing: row.bytes(4))), version: version,
          created: Timestamp(milliseconds: row.int(2)), updated: Timestamp(milliseconds: row.int(3)), live: named[FunctionAlias.live],
          aliases: named.filter { $0.key != FunctionAlias.live }, others: others)
      }
    }
  }

  func deploy(_ definition: FunctionDefinition, _ options: DeployOptions, at now: Timestamp) async throws -> (DeployedFunction, created: Bool) {
    let (deployed, created, prunedArchive) = try await writer.write { transaction -> (DeployedFunction, Bool, Bool) in
      let database = transaction.database
      let existing = try database.function(definition.name)
      try options.expected.requireFunction(version: existing?.version)
      guard let existing else {
        let number = try transaction.addFunction(definition.name, at: now)
        try database.addVersion(1, of: number, definition, author: options.author, at: now)
        try transaction.keepSchedules(definition, of: number, at: now)
        return (DeployedFunction(definition: definition, version: 1, created: now, updated: now), true, false)
      }
      let version = existing.lastVersion + 1
      try database.run("UPDATE functions SET last_version = ? WHERE number = ?", .int(version), .int(existing.number))
      try database.addVersion(version, of: existing.number, definition, author: options.author, at: now)
      if options.share > 0 {
        try transaction.setLive(
          VersionSplit(existing.version, giving: options.share, to: version), of: existing.number, name: definition.name, at: now)
      }
      let prunedArchive = try database.pruneVersions(of: existing.number)
      guard var deployed = try database.deployed(definition.name) else { throw RoostError(.internal, "The function vanished while it was deployed.") }
      deployed.deployed = version
      return (deployed, false, prunedArchive)
    }
    if prunedArchive { try await removeUnusedFolders() }
    return (deployed, created)
  }
}

extension WriteTransaction {
  /// Its first version is 1; it hears of what comes after this commit.
  fileprivate func addFunction(_ name: String, at now: Timestamp) throws -> Int64 {
    let count = try database.first("SELECT count(*) FROM functions") { $0.int(0) } ?? 0
    guard count < Limits.functionsMax else { throw RoostError(.conflict, "A project has at most \(Limits.functionsMax) functions.") }
    let number = try nextNumber("last_function_number")
    try database.run(
      "INSERT INTO functions (number, name, version, created, updated, last_version) VALUES (?, ?, 1, ?, ?, 1)", .int(number), .text(name),
      .int(now.milliseconds), .int(now.milliseconds))
    try database.run("INSERT INTO function_cursors (function, cursor) VALUES (?, ?)", .int(number), .int(lastSequence))
    return number
  }
}

/// A function's row.
struct FunctionRow {
  let number: Int64
  let version: Int64
  let lastVersion: Int64
}

extension Database {
  func function(_ name: String) throws -> FunctionRow? {
    try first("SELECT number, version, last_version FROM functions WHERE name = ?", .text(name)) {
      FunctionRow(number: $0.int(0), version: $0.int(1), lastVersion: $0.int(2))
    }
  }

  /// Throws `function_not_found`.
  func requireFunction(_ name: String) throws -> FunctionRow {
    guard let row = try function(name) else { throw RoostError(.functionNotFound, "There is no function '\(name.prefix(80))'.") }
    return row
  }

  fileprivate func deployed(_ name: String) throws -> DeployedFunction? {
    try first(
      """
      SELECT functions.version, functions.created, functions.updated, definition, number
      FROM functions JOIN function_versions ON function = number AND function_versions.version = functions.version WHERE functions.name = ?
      """, .text(name)
    ) { row in
      DeployedFunction(
        definition: try FunctionDefinition(name: name, value: JSONValue(parsing: row.bytes(3))), version: row.int(0),
        created: Timestamp(milliseconds: row.int(1)), updated: Timestamp(milliseconds: row.int(2)), live: try split(FunctionAlias.live, of: row.int(4)))
    }
  }

  fileprivate func addVersion(_ version: Int64, of function: Int64, _ definition: FunctionDefinition, author: [UInt8]?, at now: Timestamp) throws {
    let (size, checksum) =
      definition.archive.map { ($0.size, $0.checksum) }
      ?? (Int64(definition.source.utf8.count), hexadecimal(SHA256Digest.hash(Array(definition.source.utf8))))
    try run(
      "INSERT INTO function_versions (function, version, definition, created, author, size, checksum, archive) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      .int(function), .int(version), .utf8(definition.stored), .int(now.milliseconds), SQLValue(utf8: author), .int(size), .text(checksum),
      SQLValue(definition.archive?.folder))
  }

  fileprivate func definitions(_ versions: Set<Int64>, of function: Int64, name: String) throws -> [Int64: FunctionDefinition] {
    var definitions: [Int64: FunctionDefinition] = [:]
    for version in versions { definitions[version] = try definition(version, of: function, name: name) }
    return definitions
  }

  func definition(_ version: Int64, of function: Int64, name: String) throws -> FunctionDefinition? {
    try first("SELECT definition FROM function_versions WHERE function = ? AND version = ?", .int(function), .int(version)) { row in
      try FunctionDefinition(name: name, value: JSONValue(parsing: row.bytes(0)))
    }
  }

  /// Keeps the newest, and all that take events or have a name. True if one with an archive went.
  fileprivate func pruneVersions(of function: Int64) throws -> Bool {
    let used = try versionsInUse(of: function)
    let old = try rows("SELECT version, archive IS NOT NULL FROM function_versions WHERE function = ? ORDER BY version DESC", .int(function)) {
      (version: $0.int(0), isArchive: $0.bool(1))
    }
    var archives = 0
    var prunedArchive = false
    for (position, one) in old.enumerated() {
      if one.isArchive { archives += 1 }
      guard position >= Limits.functionVersionsKept || one.isArchive && archives > Limits.functionArchiveVersionsKept else { continue }
      guard used[one.version] == nil else { continue }
      try run("DELETE FROM function_versions WHERE function = ? AND version = ?", .int(function), .int(one.version))
      prunedArchive = prunedArchive || one.isArchive
    }
    return prunedArchive
  }
}

extension FunctionDefinition {
  /// The manifest with the source: what `init(name:value:)` reads again.
  fileprivate var stored: [UInt8] {
    guard case .object(var object) = manifest else { return manifest.bytes() }
    if archive == nil { object["source"] = .string(source) }
    return object.bytes()
  }
}
