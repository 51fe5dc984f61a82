import Glibc
import Synchronization
import Testing

@testable import Functions

/// What the server does with a program that installs packages, whatever that program does. The tests from outside have the real ones.
@Suite(.enabled(if: FunctionsConfiguration.locate("bwrap", searchPath: "/usr/bin:/bin:/usr/local/bin") != nil, "there is no bubblewrap"))
struct InstallProcessTests {
  private func outcome(_ script: String, timeMax: Duration = .seconds(60), isOver: @escaping @Sendable () -> Bool = { false }) throws -> InstallProcess.Outcome
  {
    let bubblewrap = try #require(FunctionsConfiguration.locate("bwrap", searchPath: "/usr/bin:/bin:/usr/local/bin"))
    var template = Array("/tmp/roost-install-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    defer { for path in ["\(folder)/\(InstallPlan.scratch)", folder] { rmdir(path) } }
    var process = InstallProcess(
      bubblewrap: bubblewrap, plan: InstallPlan(arguments: ["/bin/sh", "-c", script], environment: [("PATH", "/usr/bin:/bin")], shown: []), folder: folder,
      isOver: isOver)
    process.timeMax = timeMax
    return process.run()
  }

  @Test func `what it prints is its log, and its exit code its word`() throws {
    let outcome = try outcome("echo one; echo two >&2; exit 3")
    #expect(outcome.status == 3)
    #expect(outcome.fault == nil)
    #expect(outcome.log.contains("one\n") && outcome.log.contains("two\n"))
  }

  @Test func `one that waits for ever is ended at its time, with what it said until then`() throws {
    let begin = ContinuousClock.now
    let outcome = try outcome("echo waiting; exec sleep 600", timeMax: .seconds(1))
    #expect(outcome.fault == "it took longer than 1 s")
    #expect(outcome.log == "waiting\n")
    #expect(ContinuousClock.now - begin < .seconds(20))
  }

  @Test func `one that waits for ever is ended when the server stops`() throws {
    let outcome = try outcome("exec sleep 600", isOver: { true })
    #expect(outcome.fault == "the server stops")
  }

  @Test func `a file past its bound ends it, and is named`() throws {
    let outcome = try outcome("exec /usr/bin/truncate -s 257M big")
    #expect(outcome.fault == "one of its files was larger than 256 MB" || outcome.log.contains("File too large"), "\(outcome)")
  }

  @Test func `its memory has a bound`() throws {
    // dd takes a buffer of one block.
    #expect(try outcome("exec /usr/bin/dd if=/dev/zero of=/dev/null bs=64M count=1").status == 0)
    let outcome = try outcome("exec /usr/bin/dd if=/dev/zero of=/dev/null bs=1200M count=1")
    #expect(outcome.status != 0 && outcome.log.contains("memory"), "\(outcome)")
  }
}
