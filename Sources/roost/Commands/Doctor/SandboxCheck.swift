import Functions

/// What runs functions, and how well it is shut in: probed by starting one worker.
enum SandboxCheck {
  static func run(_ environment: ProcessEnvironment) async -> [DoctorFinding] {
    let searchPath = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    let deno =
      environment["ROOST_DENO"].flatMap(FunctionsConfiguration.resolve) ?? FunctionsConfiguration.locate("deno", searchPath: searchPath)
    let bubblewrap = FunctionsConfiguration.locate("bwrap", searchPath: searchPath)
    guard let deno else {
      return [
        .warn(
          "deno", "not found: functions cannot run",
          mend: "Install Deno (deno.com, or `pip install deno`) into the PATH, or name it in ROOST_DENO."),
        .warn("sandbox", "not tried without Deno", mend: "Install Deno first."),
      ]
    }
    let probe = await FunctionsService.probe(FunctionsConfiguration(denoPath: deno, bubblewrapPath: bubblewrap))
    let runtime = DoctorFinding.ok("deno", "\(probe.runtime ?? "version unknown") (\(deno))")
    let reason = probe.reason.map { ": \($0)" } ?? ""
    switch probe.level {
    case .full: return [runtime, .ok("sandbox", "full: functions run in namespaces of their own")]
    case .reduced:
      let mend =
        bubblewrap == nil
        ? "Install bubblewrap: apt-get install bubblewrap"
        : "Let ordinary users make namespaces (sysctl kernel.unprivileged_userns_clone=1; in containers, allow them)."
      return [runtime, .warn("sandbox", "reduced" + reason, mend: mend)]
    case .none:
      return [
        .fail("deno", "no worker starts (\(deno))" + reason, mend: "Try `\(deno) --version`."),
        .fail("sandbox", "none" + reason, mend: "Mend Deno first."),
      ]
    }
  }
}
