import CEL
import Glibc

/// Runs the cases that `scripts/cel-conformance` writes to its standard input, one a line, and exits with 1 if fewer than 99 % of
/// those in scope pass. With `--markdown` it prints the tables of the documentation.
@main enum Conformance {
  static func main() throws {
    var report = ConformanceReport()
    while let line = readLine() { report.run(try ConformanceCase(Array(line.utf8))) }
    print(CommandLine.arguments.contains("--markdown") ? report.markdown : report.text)
    exit(report.passesBar ? 0 : 1)
  }
}
