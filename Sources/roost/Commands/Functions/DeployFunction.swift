import ArgumentParser
import JSON
import RoostClient

/// `roost functions deploy`.
struct DeployFunction: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "deploy", abstract: "Deploy a function: a file with what makes it run.",
    discussion: """
      A file's name is the function's: functions/on-order.js deploys 'on-order'. What makes it run comes from flags, from --manifest, \
      or from a JSON file of the same name beside it (functions/on-order.json); a function that is there already keeps what it has. Flags change what \
      they name: --on the triggers for documents, --http the one for calls, --env the variables that it names.
      A folder deploys every .js, .mjs, .ts, .py and .sh file in it that has such a JSON file; or, with an index.js, main.ts, main.py … in it, one function \
      of the folder's name, described by its function.json. Whatever else lies in that folder goes with it (not: hidden files, node_modules, \
      __pycache__, and what .roostignore names), and its requirements.txt or package.json is installed. A .zip or .tar.gz is deployed as it is.
      A bad deploy is refused, and the version before goes on serving.

      Examples:
        roost functions deploy functions/on-order.js --on created,updated --collection orders --where 'total > 100' --timeout 10s
        roost functions deploy on-order --source build/bundle.js --on orders:created --env CURRENCY=EUR
        roost functions deploy functions/hello.js --http --access true
        roost functions deploy functions/on-order.js --manifest manifest.json
        roost functions deploy functions/
        roost functions deploy functions/resize --traffic 0.1
      """)

  @Argument(help: "A file, a folder, or with --source the function's name.")
  var path: String

  @Option(help: ArgumentHelp("The file with the program, where the argument is the name.", valueName: "file"))
  var source: String?

  @Option(help: ArgumentHelp("A JSON file like the API's: triggers, timeout, memory, retry, env.", valueName: "file"))
  var manifest: String?

  @Option(help: ArgumentHelp("The new version's share of the events, from 0 to 1; the version before goes on with the rest.", valueName: "share"))
  var traffic: Double?

  @OptionGroup var settings: FunctionSettings
  @OptionGroup var server: ServerOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    if manifest != nil && settings.areGiven { throw ValidationError("Give either --manifest or the flags that it would hold.") }
  }

  func run() async throws {
    let sources = try FunctionSource.find(path, source: source)
    guard sources.count == 1 || (manifest == nil && !settings.areGiven) else {
      throw CommandError.use("\(path) has several functions; these flags are for one.", advice: "Describe each in a JSON file beside it.")
    }
    let given = try manifest.map { try FunctionSource.manifest($0) }
    let deployed = try await server.call { client in
      var deployed: [JSONValue] = []
      for source in sources {
        let definition = try await definition(of: source, given: given, client)
        let function = try await deploy(source, definition, client)
        if !output.json { Terminal.note(Self.sentence(function)) }
        deployed.append(function)
      }
      return deployed
    }
    guard output.json else { return }
    if sources.count == 1, let only = deployed.first { return Terminal.line(only.text) }
    var printer = ListPrinter(output, [])
    printer.add(deployed)
    printer.end(empty: "")
  }

  private func definition(of source: FunctionSource, given: JSONObject?, _ client: RoostClient) async throws -> JSONValue? {
    var described = given ?? source.manifest
    if described == nil { described = try await current(source.name, client) }
    // The server finds the function.json in an archive.
    let isNew = described == nil
    if isNew, settings.areGiven || source.archive != nil { described = [:] }
    if settings.areGiven { described = try settings.changing(described ?? [:]) }
    guard var definition = described, !isNew || source.archive != nil || definition["triggers"]?.arrayValue?.isEmpty == false else {
      throw CommandError.use(
        "'\(source.name)' is new, and nothing says what makes it run.",
        advice: "Add e.g. --on created --collection orders, or a \(source.name).json beside it with {\"triggers\": […]}.")
    }
    // What is deployed now may have been an archive.
    definition["archive"] = nil
    if given == nil, source.manifest == nil { definition["entry"] = nil }
    if isNew, source.archive != nil, !settings.areGiven { return nil }
    definition["source"] = source.archive == nil ? .string(source.text) : nil
    if definition["runtime"] == nil { definition["runtime"] = source.runtime.map { .string($0) } }
    if let file = source.file, ["javascript", "python"].contains(definition["runtime"]?.stringValue ?? "javascript"), definition["entry"] == nil {
      definition["entry"] = .string(file)
    }
    return .object(definition)
  }

  private func deploy(_ source: FunctionSource, _ definition: JSONValue?, _ client: RoostClient) async throws -> JSONValue {
    guard let archive = source.archive else { return try await client.deployFunction(definition ?? [:], name: source.name, traffic: traffic) }
    if !output.json { Terminal.note("Sending '\(source.name)', \((archive.count + 1023) >> 10) KB …") }
    let function = try await client.deployFunction(archive: archive, manifest: definition, name: source.name, traffic: traffic)
    if !output.json, let log = function["install"]?["log"]?.stringValue { Terminal.note(Printable.lines(log)) }
    return function
  }

  /// What is deployed, without its program.
  private func current(_ name: String, _ client: RoostClient) async throws -> JSONObject? {
    do {
      return try await client.function(name).objectValue
    } catch let error as RoostClientError where error.status == 404 {
      return nil
    }
  }

  private static func sentence(_ function: JSONValue) -> String {
    let triggers = (function["triggers"]?.arrayValue ?? []).map(FunctionSettings.sentence)
    let runs = triggers.isEmpty ? "nothing makes it run yet" : "runs on " + triggers.joined(separator: "; ")
    let version = function["deployed"]?.intValue ?? function["version"]?.intValue ?? 0
    return "Deployed '\(function["name"]?.stringValue ?? "")', version \(version): \(runs)."
  }
}
