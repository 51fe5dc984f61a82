import Core
import JSON
import TestKit
import Testing

@testable import Functions

@Suite("What becomes of an invocation", .serialized)
struct FunctionOutcomeTests {
  @Test("A function that returns has succeeded, with its output as log lines and its costs")
  func success() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy(
        """
        export default async (event, { log, env, attempt }) => {
          console.log("hello %s", event.subject, { n: 1 });
          log.warn("careful"); console.error("bad"); console.debug("ünï🐔");
          log.info(env.GREETING, attempt, event.type, event.id, event.data.after.title, event.source, event.specversion);
        };
        """, env: ["GREETING": "good morning"])
      lab.backend.commit("1", after: #"{"title":"First"}"#)
      let run = try await lab.invocations(1)[0]
      #expect(run.status == .succeeded && run.error == nil && run.isCold && run.attempt == 1 && run.version == 1)
      #expect(run.eventSequence == 1 && run.eventType == "roost.document.created" && run.eventSubject == "posts/1")
      #expect(run.duration > .zero && run.cpu.map { $0 >= .zero } == true)
      #expect(run.memoryBytesPeak.map { $0 > 1 << 20 && $0 < 128 << 20 } == true)
      let logs = lab.backend.state.logs
      #expect(logs.map(\.message) == ["hello posts/1 { n: 1 }", "careful", "bad", "ünï🐔", "good morning 1 roost.document.created 1 First /p/default 1.0"])
      #expect(logs.map(\.level) == ["info", "warn", "error", "debug", "info"])
      #expect(logs.allSatisfy { $0.invocation == run.id })
      #expect(logs.map(\.id) == logs.map(\.id).sorted())
      #expect(await lab.backend.reaches { $0.cursors["f"] == 1 })
    }
  }

  @Test(
    "A function that fails says why",
    arguments: [
      ("export default () => { throw new TypeError('no luck'); };", "TypeError: no luck"),
      ("export default async () => { await Promise.reject(new Error('rejected')); };", "rejected"),
      ("export default () => { throw 'a string'; };", "a string"),
      ("export default () => { throw null; };", "null"),
      ("export default () => { const a = {}; a.a = a; throw a; };", "Circular"),
      ("export default () => { Promise.reject(new Error('unhandled')); return new Promise((resolve) => setTimeout(resolve, 1000)); };", "unhandled"),
      ("export default () => { setTimeout(() => { throw new Error('later'); }, 1); return new Promise((resolve) => setTimeout(resolve, 1000)); };", "later"),
      ("export default () => new Promise(() => {});", "never comes"),
      ("export default () => { const f = () => f() + 1; f(); };", "Maximum call stack"),
      ("export default () => { throw new Error('x'.repeat(5_000_000)); };", "xxx"),
    ])
  func failure(source: String, says: String) async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome(source)
      #expect(run.status == .failed)
      #expect(run.error?.contains(says) == true, "\(run.error ?? "")")
      #expect(run.error.map { $0.utf8.count <= 8 << 10 } == true)
      #expect(run.error?.contains("blob:") == false && run.error?.contains("data:application") == false)
    }
  }

  @Test("An endless loop ends at the timeout")
  func endlessLoop() async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome("export default () => { console.log('before'); while (true) {} };", timeout: "300ms")
      #expect(run.status == .timeout && run.error == "The function did not finish within 300 ms.")
      #expect(run.duration >= .milliseconds(300) && run.duration < .seconds(5))
      #expect(run.cpu.map { $0 > .milliseconds(50) } == true)
      #expect(lab.backend.state.messages == ["before"])
    }
  }

  @Test("A function that will not be asked to end is made to")
  func deafToSignals() async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome(
        "export default () => { Deno.addSignalListener('SIGTERM', () => {}); return new Promise((resolve) => setTimeout(resolve, 60_000)); };", timeout: "300ms"
      )
      #expect(run.status == .timeout && run.duration < .seconds(5))
    }
  }

  @Test(
    "Endless allocation ends at the memory limit",
    arguments: [
      "export default () => { const all = []; while (true) all.push(new Array(100_000).fill(Math.random())); };",
      "export default () => { const all = []; while (true) all.push(new Uint8Array(10_000_000).fill(1)); };",
      "export default async () => { const all = []; while (true) { all.push('x'.repeat(1 << 20) + all.length); await 0; } };",
    ])
  func endlessAllocation(source: String) async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome(source, memory: "96MB")
      #expect(run.status == .memoryLimit, "\(run.error ?? "")")
      #expect(run.memoryBytesPeak.map { $0 < 1 << 30 } ?? true)
    }
  }

  @Test("A worker that ends itself has crashed")
  func exit() async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome("export default () => { Deno.exit(3); };")
      #expect(run.status == .crashed && run.error?.contains("exit code 3") == true, "\(run.error ?? "")")
    }
  }

  @Test(
    "100 MB of output hurt nobody, and the end of what is kept says so",
    arguments: [
      "for (let n = 0; n < 100_000; n++) console.log('line', n, 'x'.repeat(1000));", "console.log('x'.repeat(100_000_000));",
      "for (let n = 0; n < 100; n++) Deno.stdout.writeSync(new Uint8Array(1_000_000).fill(120));",
      "for (let n = 0; n < 100; n++) process.stderr.write('y'.repeat(1_000_000));",
    ])
  func flood(printing: String) async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome("export default () => { console.log('before'); \(printing) };", timeout: "20s", memory: "512MB")
      #expect(run.status == .succeeded, "\(run.error ?? "")")
      let lines = lab.backend.state.messages
      #expect(lines.first == "before" && lines.count <= Limits.logLinesPerInvocationMax + 1)
      #expect(lines.reduce(0) { $0 + $1.utf8.count } <= Limits.logBytesPerInvocationMax + 100)
      if !printing.hasPrefix("console.log('x'") { #expect(lines.last?.hasPrefix("… output truncated at ") == true) }
    }
  }

  @Test("Raw output on standard error is captured, and a flood of it ends the worker")
  func rawFlood() async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome(
        """
        import fs from "node:fs";
        export default () => { fs.writeSync(2, "raw line\\n"); for (let n = 0; n < 200; n++) fs.writeSync(2, "z".repeat(1_000_000)); };
        """, timeout: "20s")
      #expect(run.status == .crashed && run.error?.contains("printed more than") == true, "\(run.status) \(run.error ?? "")")
      #expect(lab.backend.state.messages.first == "raw line")
    }
  }

  @Test(
    "A worker that breaks the protocol is ended, and the record says so",
    arguments: [
      #"fs.writeSync(1, "garbage");"#, #"fs.writeSync(1, new Uint8Array([0, 0, 0, 2, 123, 125]));"#,
      #"fs.writeSync(1, new Uint8Array([255, 255, 255, 255, 1]));"#,
      #"const send = (text) => fs.writeSync(1, new Uint8Array([0, 0, 0, text.length, ...new TextEncoder().encode(text)])); send('{"type":"result","id":99}');"#,
      #"const send = (text) => fs.writeSync(1, new Uint8Array([0, 0, 0, text.length, ...new TextEncoder().encode(text)])); send('{"type":"ready","runtime":""}');"#,
    ])
  func garbage(act: String) async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome("import fs from 'node:fs'; export default () => { \(act) while (true) {} };", timeout: "8s")
      #expect(run.status == .crashed && run.error?.contains("broke its protocol") == true, "\(run.status) \(run.error ?? "")")
    }
  }

  @Test("A worker that answers twice is ended; its successor goes on")
  func twice() async throws {
    try await FunctionsLab.run { lab in
      try await lab.deploy(
        #"""
        import fs from "node:fs";
        export default (event) => {
          if (event.subject !== "posts/1") return;
          const text = '{"type":"result","id":1}';
          const frame = new Uint8Array([0, 0, 0, text.length, ...new TextEncoder().encode(text)]);
          fs.writeSync(1, new Uint8Array([...frame, ...frame]));
        };
        """#)
      lab.backend.commit("1")
      #expect(try await lab.invocations(1)[0].status == .succeeded)
      lab.backend.commit("2")
      let second = try await lab.invocations(2)[1]
      #expect(second.status == .succeeded && second.isCold)
    }
  }

  @Test(
    "Nothing of the machine is within reach",
    arguments: [
      "await Deno.readTextFile('/etc/passwd')", "Deno.readDirSync('/')", "await Deno.writeTextFile('/tmp/x', 'x')", "Deno.env.get('PATH')",
      "Deno.env.toObject()",
      "await fetch('http://127.0.0.1:8080/')", "await fetch('https://example.com/')", "await Deno.connect({ port: 22 })", "Deno.listen({ port: 0 })",
      "new Deno.Command('ls').outputSync()", "await import('file:///etc/passwd')", "await import('https://example.com/x.js')",
      "Deno.dlopen('/usr/lib/libc.so.6', {})",
      "(await import('node:fs')).readFileSync('/etc/passwd')", "(await import('node:child_process')).execSync('ls')", "Deno.kill(2)",
      "await import('./other.js')",
    ])
  func refused(act: String) async throws {
    try await FunctionsLab.run { lab in
      let run = try await lab.outcome("export default async () => { \(act); };", timeout: "5s")
      #expect(run.status == .failed, "\(act): \(run.status)")
    }
  }
}
