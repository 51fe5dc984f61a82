import Core
import JSON

extension SQLiteFunctionStore {
  func versions(of function: String, limit: Int, before version: Int64?) async throws -> [FunctionVersion] {
    try await readers.read { database in
      let number = try database.requireFunction(function).number
      let uses = try database.versionsInUse(of: number)
      return try database.rows(
        "SELECT \(FunctionVersion.columns) FROM function_versions WHERE function = ? AND version < ? ORDER BY version DESC LIMIT ?", .int(number),
        .int(version ?? .max), .int(Int64(limit))
      ) { FunctionVersion(row: $0, uses: uses) }
    }
  }

  func version(_ number: Int64, of function: String) async throws -> (version: FunctionVersion, definition: FunctionDefinition)? {
    try await readers.read { database in
      let row = try database.requireFunction(function)
      let uses = try database.versionsInUse(of: row.number)
      guard let definition = try database.definition(number, of: row.number, name: function) else { return nil }
      return try database.first(
        "SELECT \(FunctionVersion.columns) FROM function_versions WHERE function = ? AND version = ?", .int(row.number), .int(number)
      ) { (FunctionVersion(row: $0, uses: uses), definition) }
    }
  }

  func deleteVersion(_ number: Int64, of function: String) async throws {
    try await writer.write { transaction in
      let database = transaction.database
      let row = try database.requireFunction(function)
      if let uses = try database.versionsInUse(of: row.number)[number] {
        let names = uses.map { $0 == "current" || $0 == FunctionAlias.live ? $0 : "alias '\($0)'" }.joined(separator: ", ")
        throw RoostError(.conflict, "Version \(number) of '\(function)' is in use (\(names)); what is in use is not deleted.")
      }
      try database.run("DELETE FROM function_versions WHERE function = ? AND version = ?", .int(row.number), .int(number))
      guard database.changedRows > 0 else { throw RoostError.versionNotFound(number, of: function) }
    }
    try await removeUnusedFolders()
  }

  func aliases(of function: String) async throws -> [FunctionAlias] {
    try await readers.read { database in
      let row = try database.requireFunction(function)
      let stored = try database.aliases(of: row.number)
      let updated = try database.first("SELECT updated FROM functions WHERE number = ?", .int(row.number)) { Timestamp(milliseconds: $0.int(0)) }
      let live =
        stored.first { $0.name == FunctionAlias.live }
        ?? FunctionAlias(name: FunctionAlias.live, split: VersionSplit(row.version), updated: updated ?? Timestamp(milliseconds: 0))
      return [live] + stored.filter { $0.name != FunctionAlias.live }
    }
  }

  func setAlias(_ name: String, of function: String, to split: VersionSplit, expected: VersionCondition, at now: Timestamp) async throws -> (
    alias: FunctionAlias, created: Bool
  ) {
    try await writer.write { transaction in
      let database = transaction.database
      let row = try database.requireFunction(function)
      try expected.requireFunction(version: row.version)
      for version in split.versions {
        let exists = try database.first("SELECT 1 FROM function_versions WHERE function = ? AND version = ?", .int(row.number), .int(version)) { _ in true }
        guard exists != nil else { throw RoostError.versionNotFound(version, of: function) }
      }
      let alias = FunctionAlias(name: name, split: split, updated: now)
      guard name != FunctionAlias.live else {
        try transaction.setLive(split, of: row.number, name: function, at: now)
        return (alias, created: false)
      }
      let names = try database.aliases(of: row.number).map(\.name).filter { $0 != FunctionAlias.live }
      guard names.contains(name) || names.count < Limits.functionAliasesMax else {
        throw RoostError(.conflict, "A function has at most \(Limits.functionAliasesMax) aliases.")
      }
      try database.put(alias, of: row.number)
      return (alias, created: !names.contains(name))
    }
  }

  func deleteAlias(_ name: String, of function: String, at now: Timestamp) async throws {
    try await writer.write { transaction in
      let database = transaction.database
      let row = try database.requireFunction(function)
      if name == FunctionAlias.live { return try transaction.setLive(VersionSplit(row.version), of: row.number, name: function, at: now) }
      try database.run("DELETE FROM function_aliases WHERE function = ? AND name = ?", .int(row.number), .text(name))
      guard database.changedRows > 0 else { throw RoostError(.notFound, "The function '\(function)' has no alias '\(name)'.") }
    }
  }
}

extension WriteTransaction {
  /// Who takes events from this commit on; schedules are the current version's.
  func setLive(_ split: VersionSplit, of function: Int64, name: String, at now: Timestamp) throws {
    try database.setLive(split, of: function, at: now)
    if let definition = try database.definition(split.main, of: function, name: name) { try keepSchedules(definition, of: function, at: now) }
  }
}

extension Database {
  /// Of all functions that have any, by their numbers.
  func functionAliases() throws -> [Int64: [String: VersionSplit]] {
    var aliases: [Int64: [String: VersionSplit]] = [:]
    let rows = try rows("SELECT function, name, versions FROM function_aliases") { ($0.int(0), $0.text(1), VersionSplit(stored: $0.bytes(2))) }
    for (function, name, split) in rows { aliases[function, default: [:]][name] = split }
    return aliases
  }

  fileprivate func aliases(of function: Int64) throws -> [FunctionAlias] {
    try rows("SELECT name, versions, updated FROM function_aliases WHERE function = ? ORDER BY name", .int(function)) { row in
      VersionSplit(stored: row.bytes(1)).map { FunctionAlias(name: row.text(0), split: $0, updated: Timestamp(milliseconds: row.int(2))) }
    }.compactMap { $0 }
  }

  func split(_ alias: String, of function: Int64) throws -> VersionSplit? {
    try aliases(of: function).first { $0.name == alias }?.split
  }

  /// What each version that is in use is used for.
  func versionsInUse(of function: Int64) throws -> [Int64: [String]] {
    var uses: [Int64: [String]] = [:]
    if let current = try first("SELECT version FROM functions WHERE number = ?", .int(function), row: { $0.int(0) }) { uses[current] = ["current"] }
    for alias in try aliases(of: function) {
      for version in alias.split.versions { uses[version, default: []].append(alias.name) }
    }
    return uses
  }

  /// Who takes events from this commit on, and so which version is current.
  fileprivate func setLive(_ split: VersionSplit, of function: Int64, at now: Timestamp) throws {
    try run("UPDATE functions SET version = ?, updated = ? WHERE number = ?", .int(split.main), .int(now.milliseconds), .int(function))
    if split.shares.count > 1 {
      try put(FunctionAlias(name: FunctionAlias.live, split: split, updated: now), of: function)
    } else {
      try run("DELETE FROM function_aliases WHERE function = ? AND name = ?", .int(function), .text(FunctionAlias.live))
    }
  }

  fileprivate func put(_ alias: FunctionAlias, of function: Int64) throws {
    try run(
      "INSERT OR REPLACE INTO function_aliases (function, name, versions, updated) VALUES (?, ?, ?, ?)", .int(function), .text(alias.name),
      .utf8(alias.split.value.bytes()), .int(alias.updated.milliseconds))
  }
}

extension FunctionVersion {
  fileprivate static let columns = "version, created, author, size, checksum, archive IS NOT NULL"

  fileprivate init(row: Statement, uses: [Int64: [String]]) {
    self.init(
      version: row.int(0), created: Timestamp(milliseconds: row.int(1)), author: row.optionalBytes(2), size: row.int(3),
      checksum: row.optionalText(4), isArchive: row.bool(5), uses: uses[row.int(0)] ?? [])
  }
}
