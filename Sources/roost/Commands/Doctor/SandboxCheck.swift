import Core
import Functions

/// What runs functions, and how well it is shut in: probed by starting one worker of each runtime.
enum SandboxCheck {
  static func run(_ environment: ProcessEnvironment) async -> [DoctorFinding] {
    let searchPath = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    func find(_ name: String, _ variable: String) -> String? {
      environment[variable].flatMap(FunctionsConfiguration.resolve) ?? FunctionsConfiguration.locate(name, searchPath: searchPath)
    }
    let bubblewrap = FunctionsConfiguration.locate("bwrap", searchPath: searchPath)
    var configuration = FunctionsConfiguration(denoPath: find("deno", "ROOST_DENO"), bubblewrapPath: bubblewrap)
    configuration.nodePath = find("node", "ROOST_NODE")
    configuration.pythonPath =
      environment["ROOST_PYTHON"].flatMap(FunctionsConfiguration.resolve) ?? FunctionsConfiguration.locatePython(searchPath: searchPath)
    configuration.lambdaLayerPath = environment["ROOST_LAMBDA_LAYER"]
    return await javascript(configuration) + [await python(configuration), await command(configuration), await lambda(configuration)]
  }

  private static func javascript(_ configuration: FunctionsConfiguration) async -> [DoctorFinding] {
    let advice = "Install Deno (deno.com, or `pip install deno`) into the PATH, or name it in ROOST_DENO."
    let name = configuration.denoPath == nil ? "node" : "deno"
    guard let path = configuration.denoPath ?? configuration.nodePath else {
      return [
        .warn("deno", "not found, nor Node: functions in JavaScript cannot run", mend: advice),
        .warn("sandbox", "not tried without Deno or Node", mend: "Install Deno first."),
      ]
    }
    let probe = await FunctionsService.probe(configuration)
    let text = "\(probe.runtime ?? "version unknown") (\(path))"
    let runtime: DoctorFinding = name == "deno" ? .ok("deno", text) : .warn("deno", "not found: \(text) runs JavaScript instead", mend: advice)
    let reason = probe.reason.map { ": \($0)" } ?? ""
    switch probe.level {
    case .full: return [runtime, .ok("sandbox", "full: functions run in namespaces of their own")]
    case .reduced:
      let mend =
        configuration.bubblewrapPath == nil
        ? "Install bubblewrap: apt-get install bubblewrap"
        : "Let ordinary users make namespaces (sysctl kernel.unprivileged_userns_clone=1; in containers, allow them)."
      return [runtime, .warn("sandbox", "reduced" + reason, mend: mend)]
    case .none:
      return [
        .fail(name, "no worker starts (\(path))" + reason, mend: "Try `\(path) --version`."),
        .fail("sandbox", "none" + reason, mend: "Mend \(name == "deno" ? "Deno" : "Node") first."),
      ]
    }
  }

  private static func python(_ configuration: FunctionsConfiguration) async -> DoctorFinding {
    guard let path = configuration.pythonPath else {
      return .warn("python", "not found: functions in Python cannot run", mend: "Install it: apt-get install python3; or name it in ROOST_PYTHON.")
    }
    let probe = await FunctionsService.probe(configuration, .python)
    guard probe.level == .full else {
      return .warn("python", "does not run" + (probe.reason.map { ": \($0)" } ?? ""), mend: "Python functions need the full sandbox, or --allow-unsandboxed.")
    }
    return .ok("python", "\(probe.runtime ?? "version unknown") (\(path))")
  }

  private static func command(_ configuration: FunctionsConfiguration) async -> DoctorFinding {
    let probe = await FunctionsService.probe(configuration, .command)
    guard probe.level == .full else {
      return .warn("command", "commands do not run" + (probe.reason.map { ": \($0)" } ?? ""), mend: "Commands need the full sandbox.")
    }
    return .ok("command", "commands run in the sandbox")
  }

  private static func lambda(_ configuration: FunctionsConfiguration) async -> DoctorFinding {
    let probe = await FunctionsService.probe(configuration, .lambda)
    guard probe.level == .full else {
      return .warn(
        "lambda", "Lambda functions do not run" + (probe.reason.map { ": \($0)" } ?? ""),
        mend: configuration.lambdaLayerPath.map { "Lambda functions need the full sandbox, and \($0) as it is named in ROOST_LAMBDA_LAYER." }
          ?? "Lambda functions need the full sandbox.")
    }
    return .ok("lambda", "Lambda functions run in the sandbox" + (configuration.lambdaLayerPath.map { ", with \($0) as /opt" } ?? ""))
  }
}
