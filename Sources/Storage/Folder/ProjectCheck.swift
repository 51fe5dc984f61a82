import Core
import Glibc

/// Looks at a project's database without changing it, with or without a server running on it. For `roost doctor`.
package enum ProjectCheck {
  /// Where a project's database lies in a data folder.
  package static func databasePath(in folder: String, project name: String = "default") -> String { "\(folder)/projects/\(name)/roost.db" }

  /// What is wrong with the database, nothing where all is well. Reads the whole file: some seconds a gigabyte. Blocks.
  package static func problems(of path: String) -> [String] {
    do {
      let database = try Database.open(path: path, role: .scanner)
      let newest = MigrationRunner.builtIn.map(\.number).max() ?? 0
      if let applied = try database.first("SELECT max(number) FROM migrations", row: { $0.int(0) }), applied > newest {
        return ["It was written by a newer version of Roost (step \(applied); this one knows \(newest))."]
      }
      // At most five findings: they tell that the file is damaged, not how to mend it.
      return try database.rows("PRAGMA quick_check(5)", row: { $0.text(0) }).filter { $0 != "ok" }
    } catch {
      return [String(describing: error)]
    }
  }
}
