/// What became of the cases, by file.
struct ConformanceReport {
  private struct Row {
    var passed = 0
    var failed = 0
    var leftOut: [String: Int] = [:]
  }

  private var rows: [String: Row] = [:]
  private var failures: [(test: ConformanceCase, reason: String)] = []

  mutating func run(_ test: ConformanceCase) {
    if let reason = test.leftOut {
      rows[test.file, default: Row()].leftOut[reason, default: 0] += 1
    } else if let reason = test.run() {
      rows[test.file, default: Row()].failed += 1
      failures.append((test, reason))
    } else {
      rows[test.file, default: Row()].passed += 1
    }
  }

  var passed: Int { rows.values.reduce(0) { $0 + $1.passed } }
  var inScope: Int { rows.values.reduce(0) { $0 + $1.passed + $1.failed } }
  var passesBar: Bool { inScope > 0 && passed * 100 >= inScope * 99 }

  /// The tables of docs/api/cel-conformance.md.
  var markdown: String {
    var lines = ["| file | passed | failed | left out |", "| --- | ---: | ---: | --- |"]
    for (file, row) in rows.sorted(by: { $0.key < $1.key }) {
      let leftOut = row.leftOut.sorted { $0.key < $1.key }.map { "\($0.value): \($0.key)" }.joined(separator: ", ")
      lines.append("| \(file) | \(row.passed) | \(row.failed) | \(leftOut) |")
    }
    let leftOut = rows.values.reduce(0) { $0 + $1.leftOut.values.reduce(0, +) }
    lines.append("| **all** | **\(passed)** | **\(inScope - passed)** | \(leftOut) |")
    lines += ["", "| failing case | expression | outcome |", "| --- | --- | --- |"]
    lines += failures.map { "| \($0.test.file)/\($0.test.name) | `\($0.test.expression)` | \($0.reason) |" }
    return lines.joined(separator: "\n")
  }

  var text: String {
    var lines = failures.map { "FAILED \($0.test.file)/\($0.test.name): \($0.test.expression)\n       \($0.reason)" }
    for (file, row) in rows.sorted(by: { $0.key < $1.key }) {
      lines.append("\(file): \(row.passed) passed, \(row.failed) failed, \(row.leftOut.values.reduce(0, +)) left out")
    }
    return (lines + [summary]).joined(separator: "\n")
  }

  private var summary: String {
    let percent = inScope == 0 ? 0 : Int(Double(passed) / Double(inScope) * 10_000)
    return "\(passed) of \(inScope) cases in scope pass, \(percent / 100).\(percent % 100 < 10 ? "0" : "")\(percent % 100) %"
  }
}
