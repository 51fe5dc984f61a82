import Core
import Glibc

extension WorkerRuntime {
  /// The same with a function's own folder to read: at `/function` in the sandbox (for Lambda functions where they expect it), in its place without one.
  /// - Parameter place: where the sandbox finds the folder, if not where it lies.
  func showing(folder: String?, from place: String? = nil) -> WorkerRuntime {
    guard let folder else { return self }
    // Node's worker finds its folder in the sandbox, and has no such permissions.
    let isDeno = kind == .javascript && shutsIn
    func reading(_ program: Program, _ place: String) -> Program {
      isDeno ? Program(path: program.path, arguments: Self.denoArguments(program.arguments, folder: folder, place: place)) : program
    }
    var places = [FunctionArchive.place]
    if kind == .lambda { places.append(LambdaProgram.folder) }
    var runtime = self
    runtime.program = reading(program, folder)
    runtime.sandboxed = reading(sandboxed, FunctionArchive.place)
    runtime.shown += places.map { (place ?? folder, $0) }
    runtime.temporary = temporary.filter { !places.contains($0) }
    if kind == .command { runtime.temporary.append(CommandScript.desk) }
    return runtime
  }

  /// Deno reads this folder and nothing else. Its `deno.json` and `node_modules` count, if it has them: nothing is fetched, as there is no network.
  private static func denoArguments(_ arguments: [String], folder: String, place: String) -> [String] {
    var arguments = arguments
    if access(folder + "/node_modules", R_OK) == 0, let position = arguments.firstIndex(of: "--no-npm") {
      arguments[position] = "--node-modules-dir=manual"
    }
    if let config = ["deno.json", "deno.jsonc"].first(where: { access("\(folder)/\($0)", R_OK) == 0 }), let position = arguments.firstIndex(of: "--no-config") {
      arguments[position] = "--config=\(place)/\(config)"
    }
    arguments.insert("--allow-read=\(place)", at: 1)
    return arguments
  }
}
