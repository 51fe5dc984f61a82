import CEL
import JSON

/// A deployed function: a small program and what makes it run. Each deploy is a new version.
package struct FunctionDefinition: Sendable {
  package let name: String
  package let runtime: FunctionRuntimeKind
  /// Empty where there is an archive, and for a function whose program is elsewhere.
  package let source: String
  package let archive: FunctionArchive?
  /// The file of the archive that a worker begins with; for a source, the name of its file, if that is known.
  package let entry: String?
  /// For functions of the `lambda` runtime.
  package let lambda: LambdaSettings?
  /// Where a function of runtime `remote` lives; `nil` for the others.
  package let remote: RemoteEndpoint?
  package let triggers: [Trigger]
  /// Functions that get what this one returns as their event, each when a delivery succeeded.
  package let then: [String]
  package let timeout: Duration
  package let memoryBytesMax: Int64
  package let concurrency: Int
  /// Workers that are there before anybody needs them.
  package let minInstances: Int
  package let attemptsMax: Int
  package let backoff: Duration
  /// An event that is older than this gets no second attempt; `nil` where only their number counts.
  package let retryAgeMax: Duration?
  /// `env`; with the secrets in it where workers get it.
  package internal(set) var environment: [String: String]
  /// Which servers it may connect to; `nil` for none.
  package let network: NetworkPermission?
  /// Normalised, without the source: what GET answers.
  package let manifest: JSONValue

  /// Throws `validation_failed`, `expression_invalid` or `not_implemented`. The source is checked by the runtime.
  /// - Parameter uploaded: the archive that comes with it; else it is read from `value`, as the store keeps it.
  package init(name: String, value: JSONValue, archive uploaded: (FunctionArchive, entry: String?)? = nil) throws {
    try Names.requireName(name, of: "function")
    var reader = try ConfigurationReader(value, of: "function")
    if let stated = try reader.string("name"), stated != name {
      throw RoostError(
        .validationFailed, "The body names another function than the path.", fields: [FieldError("/name", "expected \"\(name)\"")])
    }
    let runtimeName = try reader.string("runtime") ?? FunctionRuntimeKind.javascript.rawValue
    guard let runtime = FunctionRuntimeKind(rawValue: runtimeName) else {
      let known = FunctionRuntimeKind.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw RoostError(
        .validationFailed, "There is no runtime '\(runtimeName.prefix(40))'.", fields: [FieldError("/runtime", "expected one of \(known)")])
    }
    self.runtime = runtime
    remote = runtime == .remote ? try RemoteEndpoint(&reader) : nil
    let stored = try reader.value("archive")
    archive = try uploaded?.0 ?? stored.map { try FunctionArchive(stored: $0, runtime: runtime) }
    let statedEntry = try reader.string("entry")
    entry = uploaded?.entry ?? statedEntry
    let source = try reader.string("source") ?? ""
    guard source.isEmpty != (archive == nil) || remote != nil && archive == nil else {
      throw RoostError(
        .validationFailed, archive == nil ? "A function has a source." : "A function has a source or an archive, not both.",
        fields: [FieldError("/source", archive == nil ? "expected the program text" : "expected none beside an archive")])
    }
    guard source.utf8.count <= Limits.functionSourceBytesMax else {
      throw RoostError(.payloadTooLarge, "The source is larger than \(Limits.functionSourceBytesMax) bytes.")
    }
    guard source.isEmpty || remote == nil || remote?.kind == .openwhisk else {
      throw RoostError(.validationFailed, "A remote function has no source here.", fields: [FieldError("/source", "expected none")])
    }
    guard archive == nil || runtime.hasWorkers else {
      throw RoostError(.validationFailed, "A remote function has no archive here.", fields: [FieldError("/archive", "expected none")])
    }
    self.source = source
    lambda = runtime == .lambda ? try LambdaSettings(&reader, source: source) : nil
    triggers = try (reader.array("triggers") ?? []).enumerated().map { position, trigger in
      try Trigger(trigger, pointer: "/triggers/\(position)")
    }
    then = try Self.next(reader.array("then") ?? [])
    timeout = try reader.duration("timeout", most: Limits.functionTimeoutMax) ?? Limits.functionTimeoutDefault
    memoryBytesMax = try reader.byteCount("memory", in: (32 << 20)...(4 << 30)) ?? Int64(Limits.functionMemoryBytesDefault)
    concurrency = Int(
      try reader.int("concurrency", in: 1...Int64(Limits.functionConcurrencyMax)) ?? Int64(Limits.functionConcurrencyDefault))
    minInstances = Int(try reader.int("minInstances", in: 0...Int64(runtime.hasWorkers ? concurrency : 0)) ?? 0)
    if let remote { try remote.refuse(minInstances: minInstances, then: then) }
    var retry = try ConfigurationReader(.object(reader.object("retry") ?? [:]), of: "retry policy", at: "/retry")
    attemptsMax = Int(try retry.int("attempts", in: 1...Int64(Limits.functionAttemptsMax)) ?? Int64(Limits.functionAttemptsDefault))
    backoff = try retry.duration("backoff", most: .seconds(3600)) ?? .seconds(1)
    retryAgeMax = try retry.duration("maxAge", most: Limits.functionRetryAgeMax)
    try retry.refuseUnknown()
    environment = try Self.environment(reader.object("env") ?? [:])
    network = try NetworkPermission(reader.value("network"))
    guard network == nil || runtime.hasWorkers else {
      throw RoostError(.validationFailed, "A remote function has its own network.", fields: [FieldError("/network", "expected none")])
    }
    // What the server adds to its answers may come back.
    try reader.refuseUnknown(besides: ["createdAt", "updatedAt", "version", "live", "deployed", "install", "instances"])
    self.name = name
    var retries: JSONObject = ["attempts": .int(Int64(attemptsMax)), "backoff": .string(backoff.configured)]
    if let retryAgeMax { retries["maxAge"] = .string(retryAgeMax.configured) }
    var manifest: JSONObject = [
      "name": .string(name), "runtime": .string(runtime.rawValue), "triggers": .array(triggers.map(\.value)), "then": .array(then.map(JSONValue.string)),
      "timeout": .string(timeout.configured), "memory": .int(memoryBytesMax), "concurrency": .int(Int64(concurrency)),
      "retry": .object(retries),
      "env": .object(JSONObject(environment)),
    ]
    if let lambda {
      manifest["handler"] = .string(lambda.handler)
      if let language = lambda.language { manifest["language"] = .string(language.rawValue) }
    }
    if minInstances > 0 { manifest["minInstances"] = .int(Int64(minInstances)) }
    if let network { manifest["network"] = network.value }
    if let archive { manifest["archive"] = archive.value }
    if let entry { manifest["entry"] = .string(entry) }
    for (name, value) in remote?.members ?? [] { manifest[name] = value }
    self.manifest = .object(manifest)
  }

  /// Those for changes of documents, with their places in the manifest.
  package var documentTriggers: [(position: Int, trigger: DocumentTrigger)] {
    triggers.enumerated().compactMap { position, trigger in
      guard case .document(let trigger) = trigger else { return nil }
      return (position, trigger)
    }
  }

  /// Those that are asked before a write, with their places in the manifest.
  package var beforeTriggers: [(position: Int, trigger: BeforeTrigger)] {
    triggers.enumerated().compactMap { position, trigger in
      guard case .before(let trigger) = trigger else { return nil }
      return (position, trigger)
    }
  }

  /// Those for calls, with their places in the manifest.
  package var httpTriggers: [(position: Int, trigger: HTTPTrigger)] {
    triggers.enumerated().compactMap { position, trigger in
      guard case .http(let trigger) = trigger else { return nil }
      return (position, trigger)
    }
  }

  /// The buckets of its triggers, with these triggers' places in the manifest.
  package var buckets: [(position: Int, name: String)] {
    triggers.enumerated().compactMap { position, trigger in if case .file(let trigger) = trigger { (position, trigger.bucket) } else { nil } }
  }

  package var schedules: [ScheduleTrigger] {
    triggers.compactMap { if case .schedule(let trigger) = $0 { trigger } else { nil } }
  }

  private static func next(_ names: [JSONValue]) throws -> [String] {
    let next = names.compactMap(\.stringValue)
    guard next.count == names.count, next.count <= Limits.nextFunctionsMax, Set(next).count == next.count, next.allSatisfy(Names.isValidName) else {
      throw RoostError(
        .validationFailed, "`then` names the functions that come next.",
        fields: [FieldError("/then", "expected at most \(Limits.nextFunctionsMax) names of functions, each once")])
    }
    return next
  }

  /// What errors call a source. JavaScript in .js or .mjs has no types.
  /// Asked of what comes in, and not of what the store has from before this rule. Throws `validation_failed`.
  package func requireSourceName() throws {
    guard archive == nil, let name = entry else { return }
    let endings: [FunctionRuntimeKind: [String]] = [.javascript: [".js", ".mjs", ".ts", ".mts"], .python: [".py"]]
    guard let endings = endings[runtime] else {
      throw RoostError(.validationFailed, "Only an archive has an `entry` in this runtime.", fields: [FieldError("/entry", "expected none beside a source")])
    }
    guard name.utf8.count <= 128, name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"/\\\"'`$:".utf8.contains($0) }), endings.contains(where: name.hasSuffix)
    else {
      throw RoostError(
        .validationFailed, "`entry` of a source is the name of its file.",
        fields: [FieldError("/entry", "expected a name like \"hello\(endings[0])\", ending in \(endings.joined(separator: ", ")), without a folder or a space")]
      )
    }
  }

  private static func environment(_ object: JSONObject) throws -> [String: String] {
    var environment: [String: String] = [:]
    for (name, value) in object {
      guard let text = value.stringValue, !text.utf8.contains(0), !name.isEmpty,
        name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "=") }),
        !name.hasPrefix("ROOST_")
      else {
        throw RoostError(
          .validationFailed, "`env` holds names and strings.",
          fields: [FieldError("/env/\(name.pointerSegment)", "expected a string; names starting with ROOST_ are ours")])
      }
      environment[name] = text
    }
    return environment
  }
}

extension JSONObject {
  fileprivate init(_ strings: [String: String]) {
    self.init()
    for (name, value) in strings.sorted(by: { $0.key < $1.key }) { self[name] = .string(value) }
  }
}
