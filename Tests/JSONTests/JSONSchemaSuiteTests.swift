import Glibc
import Testing

@testable import JSON

private enum SchemaSuite {
  static let folder = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined() + "/.tools/suites/json-schema/tests/draft2020-12"
  static let isThere = access(folder, R_OK) == 0
}

/// json-schema.org's own suite, which `scripts/fetch-suites` fetches into `.tools/suites` (scripts/setup --test calls it); skipped
/// where that was not done. Nothing of it is in this tree.
@Suite("The official suite of JSON Schema 2020-12", .enabled(if: SchemaSuite.isThere, "scripts/fetch-suites was not called"))
struct JSONSchemaSuiteTests {
  static let folder = SchemaSuite.folder

  /// What needs another document, another dialect, or `format` as an annotation: docs/api/json-schema.md.
  static let skippedFiles: Set<String> = ["refRemote.json", "vocabulary.json", "format.json"]
  static let skippedGroups: Set<String> = [
    "defs.json: validate definition against metaschema",
    "ref.json: remote ref, containing refs itself",
    "dynamicRef.json: strict-tree schema, guards against misspelled properties",
    "dynamicRef.json: tests for implementation dynamic anchor and reference link",
    "dynamicRef.json: $ref and $dynamicAnchor are independent of order - $defs first",
    "dynamicRef.json: $ref and $dynamicAnchor are independent of order - $ref first",
    "dynamicRef.json: $ref to $dynamicRef finds detached $dynamicAnchor",
  ]
  static let formats = ["date-time", "date", "time", "duration", "email", "uuid", "uri", "ipv4", "ipv6", "regex", "ecmascript-regex"]
  static let optional = ["anchor", "bignum", "dynamicRef", "ecmascript-regex", "float-overflow", "id", "no-schema", "non-bmp-regex", "refOfUnknownKeyword"]

  @Test("passes in every required case that needs no other document")
  func required() throws {
    let files = try names(in: JSONSchemaSuiteTests.folder).filter { $0.hasSuffix(".json") && !JSONSchemaSuiteTests.skippedFiles.contains($0) }
    #expect(try run(files) >= 1050)
  }

  @Test("passes in the cases of the formats that are asserted")
  func formats() throws { #expect(try run(JSONSchemaSuiteTests.formats.map { "optional/format/\($0).json" }) >= 270) }

  @Test("passes in most of its optional parts")
  func optional() throws { #expect(try run(JSONSchemaSuiteTests.optional.map { "optional/\($0).json" }) >= 110) }

  /// How many cases ran.
  private func run(_ files: [String]) throws -> Int {
    var count = 0
    for file in files {
      for group in try JSONValue(parsing: SuiteFile.contents(of: "\(JSONSchemaSuiteTests.folder)/\(file)")).arrayValue ?? [] {
        let name = "\(file): \(group["description"]?.stringValue ?? "")"
        guard !JSONSchemaSuiteTests.skippedGroups.contains(name), let schema = group["schema"], let tests = group["tests"]?.arrayValue else { continue }
        count += tests.count
        do {
          let compiled = try JSONSchema(testing: schema)
          for test in tests {
            let failures = compiled.validate(try #require(test["data"]))
            #expect(failures.isEmpty == test["valid"]?.boolValue, "\(name): \(test["description"]?.stringValue ?? ""): \(failures)")
          }
        } catch {
          Issue.record("\(name): \(error)")
        }
      }
    }
    return count
  }

  private func names(in folder: String) throws -> [String] {
    let listing = try #require(opendir(folder))
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      names.append(withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.sorted()
  }
}
