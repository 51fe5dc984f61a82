import Core
import Glibc

/// How the functions of a server run.
package struct FunctionsConfiguration: Sendable {
  /// The Deno executable. Without it JavaScript is run by Node, or not at all.
  package var denoPath: String?
  /// The Node executable, for machines without Deno.
  package var nodePath: String?
  /// The Python 3 executable, without symbolic links. Without it no function of the runtime `python` runs.
  package var pythonPath: String?
  /// The bubblewrap executable. Without it the sandbox is `reduced`.
  package var bubblewrapPath: String?
  /// A folder that functions of the `lambda` runtime see as `/opt`, as AWS shows layers: `python/`, `nodejs/node_modules/`, `bin/`, `lib/`.
  package var lambdaLayerPath: String?
  /// Refuse to run any function unless the sandbox is `full`.
  package var requireSandbox = false
  /// Run programs that only namespaces would shut in also where there are none. For machines whose functions all have one author.
  package var allowUnsandboxed = false
  /// Worker processes of all functions together.
  package var maxWorkers = 32
  /// How long `drain()` waits for what runs.
  package var drainTime = Duration.seconds(30)
  /// What all functions together may use in a day.
  package var usageLimits = UsageLimits()
  /// Variables for programs that install dependencies: pip's and npm's own, proxies, certificates.
  package var installEnvironment: [(name: String, value: String)] = []
  /// Of the data folder, for the sandboxes; `nil` leaves what an earlier server may have left behind.
  package var mark: WorkerMark?
  /// The folder of the folders of archives.
  var archivesPath = "/nonexistent"
  /// What a module may do while it is loaded, before its first event.
  var moduleLoadTime = FunctionsLimits.moduleLoadTimeMax

  package init(denoPath: String?, bubblewrapPath: String?, requireSandbox: Bool = false, maxWorkers: Int = 32, drainTime: Duration = .seconds(30)) {
    precondition(maxWorkers > 0, "A server without workers runs no functions.")
    self.denoPath = denoPath
    self.bubblewrapPath = bubblewrapPath
    self.requireSandbox = requireSandbox
    self.maxWorkers = maxWorkers
    self.drainTime = drainTime
  }

  /// The executable of that name in a search path like `PATH`, without symbolic links; `nil` if there is none.
  package static func locate(_ name: String, searchPath: String) -> String? {
    for folder in searchPath.split(separator: ":") where folder.hasPrefix("/") {
      if let path = resolve(folder + "/" + name) { return path }
    }
    return nil
  }

  /// Python 3: the system's own before whatever else the search path has, which may be a script that looks for one.
  package static func locatePython(searchPath: String) -> String? { locate("python3", searchPath: "/usr/bin:" + searchPath) }

  /// The file behind a path, if it can be executed.
  package static func resolve(_ path: String) -> String? {
    guard access(path, X_OK) == 0, let real = realpath(path, nil) else { return nil }
    defer { free(real) }
    return String(cString: real)
  }
}
