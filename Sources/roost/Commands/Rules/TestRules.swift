import AppFile
import ArgumentParser
import Core
import JSON

/// `roost rules test`: runs the cases of a `roost.yaml` on its rules.
struct TestRules: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "test", abstract: "Run the rule tests of a roost.yaml; local, no server.",
    discussion: """
      The file has `collections:`, by name, each as the API takes it (rules, fieldRules, schema, indexes), and `tests:`, a list of cases:

        collections:
          posts:
            rules: {read: "published || author == auth.id"}
        tests:
          - name: a stranger does not see drafts
            collection: posts
            operation: read            # read, create, update or delete
            auth: null                 # a stranger; or {id: u1, roles: [editor]}
            document: {published: false, author: u1}
            expect: deny               # or allow

      `document` is what is there (read, update, delete); `incoming` the whole document after a create or an update. `documents` is \
      what lookup() finds: {teams: {t1: {owner: u1}}}. `request` is {method, ip, time, headers, query}. Besides `expect`, a read may \
      name the fields that stay `hidden: [email]`, a write those that are `denied: [role]`.

      Exit status: 0 all as expected, 1 a test failed, 64 the file is not valid or there is nothing to run.
      With --json: {"passed", "failed", "tests": [{"name", "line", "collection", "operation", "passed", "expected", "allowed", "rule", \
      "pointer", "decidedBy", "hiddenFields", "deniedFields", "error"}]}.

      Examples:
        roost rules test
        roost rules test examples/shop.yaml --filter "team member"
      """)

  @Argument(help: ArgumentHelp("The file, or - for standard input.", valueName: "file"))
  var file: String = "roost.yaml"

  @Option(help: ArgumentHelp("Only the tests whose name or collection contains this text, in any case.", valueName: "text"))
  var filter: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    let app = try readFile()
    let tests = app.tests.filter(isWanted)
    guard !tests.isEmpty else {
      throw CommandError.use(
        app.tests.isEmpty ? "\(name) has no tests." : "None of the \(app.tests.count) tests in \(name) has '\(filter ?? "")' in its name.",
        advice: app.tests.isEmpty ? "`roost rules test --help` shows how one looks." : nil)
    }
    let now = SystemClock().now()
    let results = tests.map { RuleTestResult($0, in: app, at: now) }
    let failed = results.count { !$0.passed }
    if output.json {
      Terminal.line(
        (["passed": .int(Int64(results.count - failed)), "failed": .int(Int64(failed)), "tests": .array(results.map(\.value))] as JSONValue).text)
    } else {
      for result in results { Terminal.line(result.text(file: name)) }
      let count = "\(results.count) test\(results.count == 1 ? "" : "s")"
      Terminal.line(failed == 0 ? "\n\(count), all as expected." : "\n\(count): \(results.count - failed) as expected, \(failed) not.")
    }
    if failed > 0 { throw ExitCode(1) }
  }

  private var name: String { file == "-" ? "standard input" : file }

  private func readFile() throws -> AppFile {
    let bytes: [UInt8]
    do {
      bytes = try InputBytes.read(file, bytesMax: AppFileLimits.bytesMax)
    } catch let error as CommandError {
      // A file that is not there is wrong use, not a test that failed.
      throw CommandError.use(error.message, advice: error.advice)
    }
    do {
      return try AppFile(bytes)
    } catch {
      throw CommandError.use("\(name)\(error.line.map { ":\($0)" } ?? ""): \(error.message)")
    }
  }

  private func isWanted(_ test: RuleTest) -> Bool {
    guard let filter else { return true }
    return test.name.lowercased().contains(filter.lowercased()) || test.collection.lowercased().contains(filter.lowercased())
  }
}
