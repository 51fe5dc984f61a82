import Core
import Glibc

extension FunctionsService {
  package func instances(of function: String) -> Int { status.view.instances[function] ?? 0 }

  package func install(_ definition: FunctionDefinition, in folder: String) async throws -> String? {
    guard let plan = try InstallPlan(definition, folder: folder, configuration: configuration) else { return nil }
    guard let bubblewrap = configuration.bubblewrapPath else {
      throw RoostError(.deployRefused, "Dependencies are installed in a sandbox only, and this server has no bubblewrap. Put them into the archive.")
    }
    let installation = InstallProcess(bubblewrap: bubblewrap, plan: plan, folder: folder, isOver: { [self] in isOver })
    let outcome = await withCheckedContinuation { continuation in
      WorkerThread.start(name: "install") { continuation.resume(returning: installation.run()) }
    }
    if outcome.fault != nil, isOver { throw RoostError(.unavailable, "The server is stopping.") }
    guard outcome.fault == nil, outcome.status == 0 else {
      let why = outcome.fault ?? "exit code \(outcome.status)"
      throw RoostError(.deployRefused, "The dependencies could not be installed (\(why)):\n" + outcome.log.suffix(FunctionsLimits.errorBytesMax))
    }
    return outcome.log
  }
}
