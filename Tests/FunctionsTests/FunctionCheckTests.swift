import Core
import TestKit
import Testing

@testable import Functions

@Suite("Deploying is refused with the interpreter's own message", .serialized)
struct FunctionCheckTests {
  @Test(
    arguments: [
      ("export default async (event => {}", "SyntaxError"), ("const x: = 1; export default () => {};", "f.ts:1:"),
      ("export const other = 1;", "no default export"),
      ("export default 12;", "no default export"), ("console.log('no export');", "no default export"),
      ("throw new Error('at the top');", "at the top"), ("export default () => {}; null.x;", "null"),
      ("import './other.js'; export default () => {};", "relative"),
      ("import 'https://example.com/x.js'; export default () => {};", "example.com"), ("import 'file:///etc/passwd'; export default () => {};", "read access"),
      ("await new Promise(() => {}); export default () => {};", "never resolved"), ("Deno.exit(0); export default () => {};", "exit code 0"),
    ])
  func refused(source: String, says: String) async throws {
    try await FunctionsLab.run { lab in
      let definition = try FunctionsLab.definition(source)
      do {
        try await lab.service.check(definition)
        Issue.record("was taken: \(source)")
      } catch let error as RoostError {
        #expect(error.code == .deployRefused)
        #expect(error.message.contains(says), "\(error.message)")
        #expect(!error.message.contains("blob:") && !error.message.contains("data:application"), "\(error.message)")
      }
    }
  }

  @Test("Errors call a source by the name of its file, whose ending says whether it may have types")
  func fileNames() async throws {
    try await FunctionsLab.run { lab in
      for (source, entry, says) in [
        ("const x: number = 1; export default () => {};", "sum.js", "sum.js:1:"), ("const x: = 1; export default () => {};", "sum.ts", "sum.ts:1:"),
        ("export default () => {};\nlet a b;", "of.mjs", "of.mjs:2:"),
      ] {
        do {
          try await lab.service.check(FunctionsLab.definition(source, entry: entry))
          Issue.record("was taken: \(source)")
        } catch let error as RoostError {
          #expect(error.message.contains(says) && !error.message.contains("data:"), "\(error.message)")
        }
      }
      // Types that are JavaScript by themselves: two comparisons.
      let both = "const f = (x) => x, n = 1;\nexport default () => { console.log(f<n>(2)); };"
      for (entry, printed) in [("a.js", "false"), ("a.ts", "2")] {
        try await lab.deploy(both, name: String(entry.suffix(2)), entry: entry)
        lab.backend.commit(entry)
        #expect(await lab.backend.reaches { $0.logs.contains { $0.message == printed } }, "\(entry): \(lab.backend.state.logs.map(\.message))")
      }
      for wrong in ["", "a", "../a.js", "a.py", "a b.js", "a$1.js", String(repeating: "a", count: 130) + ".js"] {
        #expect(throws: RoostError.self, "\(wrong)") { try FunctionsLab.definition("export default () => {};", entry: wrong).requireSourceName() }
      }
    }
  }

  @Test(
    "What is right is taken: JavaScript and TypeScript, and Node's own modules",
    arguments: [
      "export default async function (event, { db }) {}", "export default (event) => {};", "const handler = async () => {};\nexport { handler as default };",
      "interface Post { id: string }\nenum Kind { A }\nexport default async (event: any, { db }: any): Promise<void> => { const post: Post = event.data.after; };",
      "import { createHash } from 'node:crypto';\nexport default () => createHash('sha256').update('x').digest('hex');",
    ])
  func taken(source: String) async throws {
    try await FunctionsLab.run { lab in try await lab.service.check(FunctionsLab.definition(source)) }
  }

  @Test("A module that never finishes loading is refused when its time is over")
  func endless() async throws {
    var configuration = try FunctionsLab.machine()
    configuration.moduleLoadTime = .milliseconds(300)
    try await FunctionsLab.run(configuration: configuration) { lab in
      do {
        try await lab.service.check(FunctionsLab.definition("while (true) {}"))
        Issue.record("was taken")
      } catch let error as RoostError {
        #expect(error.code == .deployRefused && error.message.contains("within 300 ms"), "\(error)")
      }
    }
  }

  @Test("Without an interpreter functions are unavailable, and the reason is given")
  func noInterpreter() async throws {
    let configuration = FunctionsConfiguration(denoPath: nil, bubblewrapPath: nil)
    try await FunctionsLab.run(configuration: configuration) { lab in
      await #expect(throws: RoostError.self) { try await lab.service.check(FunctionsLab.definition("export default () => {};")) }
      #expect(lab.service.sandboxLevel == SandboxLevel.none)
      #expect(lab.notices.all.contains { $0.contains("Deno") })
    }
  }

  @Test("Without bubblewrap functions run in a reduced sandbox, and the operator is told")
  func reduced() async throws {
    var configuration = try FunctionsLab.machine()
    configuration.bubblewrapPath = nil
    try await FunctionsLab.run(configuration: configuration) { lab in
      let run = try await lab.outcome("export default () => { Deno.readTextFileSync('/etc/passwd'); };")
      #expect(run.status == .failed && run.error?.contains("read access") == true, "\(run.error ?? "")")
      #expect(lab.service.sandboxLevel == .reduced)
      #expect(lab.notices.all.contains { $0.contains("reduced") })
    }
  }

  @Test("Where a full sandbox is required and there is none, nothing runs")
  func required() async throws {
    var configuration = try FunctionsLab.machine()
    configuration.bubblewrapPath = "/usr/bin/false"
    configuration.requireSandbox = true
    await #expect(throws: SandboxUnavailable.self) {
      try await FunctionsLab.run(configuration: configuration) { lab in
        _ = try? await lab.service.check(FunctionsLab.definition("export default () => {};"))
      }
    }
  }

  @Test("The probe says what this machine offers")
  func probe() async throws {
    let full = await FunctionsService.probe(try FunctionsLab.machine())
    #expect(full.level == .full && full.runtime?.hasPrefix("deno ") == true && full.reason == nil, "\(full)")
    let none = await FunctionsService.probe(FunctionsConfiguration(denoPath: "/usr/bin/false", bubblewrapPath: nil))
    #expect(none.level == .none && none.reason != nil)
  }
}
