import ArgumentParser
import JSON

/// What makes a function run and within which limits, as flags.
struct FunctionSettings: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Run after documents were created, updated, deleted or written (all three): --on created,updated, or with the collection --on orders:created. May be repeated.",
      valueName: "events"))
  var on: [String] = []

  @Option(help: ArgumentHelp("The collection whose documents make it run.", valueName: "name"))
  var collection: String?

  @Option(
    name: .customLong("where"), help: ArgumentHelp("Only for documents for which this CEL expression is true.", valueName: "expression"))
  var condition: String?

  @Option(help: ArgumentHelp("How long one run may take, e.g. 10s.", valueName: "duration"))
  var timeout: String?

  @Option(help: ArgumentHelp("How much memory it may take, e.g. 128MB.", valueName: "size"))
  var memory: String?

  @Option(help: ArgumentHelp("How many runs at the same time.", valueName: "count"))
  var concurrency: Int?

  @Option(help: ArgumentHelp("How many tries before an event becomes a dead letter.", valueName: "count"))
  var attempts: Int?

  @Option(help: ArgumentHelp("The first wait before another try, e.g. 1s.", valueName: "duration"))
  var backoff: String?

  @Option(help: ArgumentHelp("How old an event may be when it is tried again, e.g. 24h, or none.", valueName: "duration"))
  var maxAge: String?

  @Option(help: ArgumentHelp("A string for the function's `env`. May be repeated.", valueName: "name=value"))
  var env: [String] = []

  @OptionGroup var called: HTTPTriggerOptions

  var areGiven: Bool {
    called.areGiven || !on.isEmpty || collection != nil || condition != nil || timeout != nil || memory != nil || concurrency != nil || attempts != nil
      || backoff != nil || maxAge != nil
      || !env.isEmpty
  }

  func validate() throws {
    if areGiven { _ = try changing([:]) }
  }

  /// That manifest, without the source, with what the flags say.
  func changing(_ manifest: JSONObject) throws -> JSONObject {
    var manifest = manifest
    let triggers = manifest["triggers"]?.arrayValue ?? []
    func isCall(_ trigger: JSONValue) -> Bool { trigger["type"] == "http" }
    func isDocuments(_ trigger: JSONValue) -> Bool { (trigger["type"] ?? "document") == "document" }
    let calls = triggers.filter(isCall)
    let changedCall = try called.trigger(changing: calls.count == 1 ? calls[0] : [:])
    let changedDocuments = try documentTriggers()
    if changedCall != nil || !changedDocuments.isEmpty {
      manifest["triggers"] = .array(
        (changedDocuments.isEmpty ? triggers.filter(isDocuments) : changedDocuments) + triggers.filter { !isCall($0) && !isDocuments($0) }
          + (changedCall.map { [$0] } ?? calls))
    }
    if let timeout { manifest["timeout"] = .string(timeout) }
    if let memory { manifest["memory"] = .string(memory) }
    if let concurrency { manifest["concurrency"] = .int(Int64(concurrency)) }
    var retry = manifest["retry"]?.objectValue ?? [:]
    if let attempts { retry["attempts"] = .int(Int64(attempts)) }
    if let backoff { retry["backoff"] = .string(backoff) }
    if let maxAge { retry["maxAge"] = maxAge == "none" ? nil : .string(maxAge) }
    if !retry.isEmpty { manifest["retry"] = .object(retry) }
    if !env.isEmpty {
      var environment = manifest["env"]?.objectValue ?? [:]
      for (name, value) in try self.environment() { environment[name] = value }
      manifest["env"] = .object(environment)
    }
    return manifest
  }

  private func documentTriggers() throws -> [JSONValue] {
    if on.isEmpty, condition != nil { throw ValidationError("--where says when a trigger runs; add --on.") }
    return on.isEmpty && collection != nil ? [try trigger("created")] : try on.map(trigger)
  }

  /// `created,updated` or `orders:created`.
  private func trigger(_ text: String) throws -> JSONValue {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let events = parts.last, let collection = parts.count == 2 ? String(parts[0]) : collection, !collection.isEmpty else {
      throw ValidationError("--on \(text) names no collection: add --collection orders, or write --on orders:\(text).")
    }
    let names = events.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    for name in names where !["created", "updated", "deleted", "written"].contains(name) {
      throw ValidationError("--on has '\(name)'; expected one of created, updated, deleted, written.")
    }
    var trigger: JSONObject = ["type": "document", "events": .array(names.map(JSONValue.string)), "collection": .string(collection)]
    trigger["where"] = condition.map(JSONValue.string)
    return .object(trigger)
  }

  private func environment() throws -> JSONObject {
    var environment = JSONObject()
    for pair in env {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else { throw ValidationError("--env is '\(pair.prefix(80))'; expected NAME=VALUE.") }
      environment[String(parts[0])] = .string(String(parts[1]))
    }
    return environment
  }

  /// Behind "runs on": `orders created, updated where total > 100`, `@hourly`, `files created in photos`.
  static func sentence(_ trigger: JSONValue) -> String {
    func text(_ name: String) -> String { trigger[name]?.stringValue ?? "" }
    let events = (trigger["events"]?.arrayValue ?? []).compactMap(\.stringValue).joined(separator: ", ")
    let condition = text("where").isEmpty ? "" : " where \(text("where"))"
    switch text("type") {
    case "http": return HTTPTriggerOptions.sentence(trigger)
    case "before": return "\(text("collection")) before \(events)\(condition)"
    case "file": return "files \(events) in \(text("bucket"))\(condition)"
    case "user": return "users \(events)\(condition)"
    case "event": return "events \(text("name"))\(condition)"
    case "schedule": return [text("cron"), text("timeZone")].filter { !$0.isEmpty }.joined(separator: " ")
    default: return "\(text("collection")) \(events)\(condition)"
    }
  }
}
