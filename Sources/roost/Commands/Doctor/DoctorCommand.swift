import ArgumentParser
import Glibc
import JSON

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check this machine and a data folder, and say what to mend.",
    discussion: """
      Changes nothing, and may run beside a server. Each line is ok, warn (it works, but not as well as it could) or fail. Exit status 1 \
      if something fails.
      With --json: {"status", "checks": [{"check", "status", "finding", "mend"}]}.

      Example:
        roost doctor --data ./roost_data
      """)

  @Option(help: ArgumentHelp("The data folder (ROOST_DATA; default ./roost_data).", valueName: "folder"))
  var data: String?

  @Option(help: ArgumentHelp("Where the server is to listen (ROOST_LISTEN; default 127.0.0.1:8090).", valueName: "address"))
  var listen: String?

  @OptionGroup var output: OutputOptions

  func run() async throws {
    let environment = ProcessEnvironment()
    let folder = data ?? environment["ROOST_DATA"] ?? "./roost_data"
    let (host, port) = try ServeSettings.address(listen ?? environment["ROOST_LISTEN"] ?? "127.0.0.1:8090")

    var findings = LibraryChecks.run() + MachineChecks.run()
    findings.append(MachineChecks.trust(environment))
    findings += await SandboxCheck.run(environment)
    findings += FolderChecks.run(folder)
    findings.append(await PortCheck.run(host: host, port: port))

    let worst = findings.map(\.status).max() ?? .ok
    if output.json {
      Terminal.line((["status": .string(worst.rawValue), "checks": .array(findings.map(\.value))] as JSONValue).text)
    } else {
      findings.forEach { Terminal.line($0.text) }
    }
    if worst == .fail { throw ExitCode(1) }
  }
}
