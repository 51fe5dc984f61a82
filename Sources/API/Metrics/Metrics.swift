import Core
import HTTPServer
import JSON

/// `GET /metrics`, for admins and API keys: what Prometheus reads.
enum Metrics {
  static let route = Route.admin(.get, "/metrics") { call in
    var text = PrometheusText()
    addRequests(call.environment.requests.sums(), to: &text)
    // The engine may be ending: then the rest is still worth telling.
    let sequence = try await call.project.log.lastSequence()
    if let measure = try? await call.environment.functions.measure() { addFunctions(measure, sequence: sequence, to: &text) }
    let size = try await call.project.log.databaseSize()
    text.add("roost_log_sequence", "counter", "The newest event of the log.", [([], Double(sequence))])
    text.add("roost_live_queries", "gauge", "Live queries that are open.", [([], Double(call.environment.live.count))])
    text.add("roost_log_tails", "gauge", "Connections that follow logs of functions.", [([], Double(call.environment.functions.tails.watchers))])
    text.add(
      "roost_database_bytes", "gauge", "The database on the disk: the main file, of it the free pages, the write-ahead log.",
      [([("part", "main")], Double(size.main)), ([("part", "free")], Double(size.free)), ([("part", "wal")], Double(size.log))])
    return HTTPResponse(status: 200, headers: ["Content-Type": PrometheusText.mediaType, "Cache-Control": "no-store"], body: Array(text.text.utf8))
  }

  private static func addRequests(_ sums: [(kind: String, counters: RequestMetrics.Counters)], to text: inout PrometheusText) {
    text.add(
      "roost_http_requests_total", "counter", "Requests by the first segment of their address and by status.",
      sums.flatMap { kind, counters in
        counters.statuses.sorted { $0.key < $1.key }.map { ([("route", kind), ("code", String($0.key))], Double($0.value)) }
      })
    text.add(
      "roost_http_request_duration_seconds", "From the request's head to the answer's last byte.", sums.map { ([("route", $0.kind)], $0.counters.durations) })
  }

  private static func addFunctions(_ measure: FunctionsMeasure, sequence: Int64, to text: inout PrometheusText) {
    let functions = measure.functions
    func series(_ value: (FunctionsMeasure.Function) -> Double) -> [(labels: [(String, String)], value: Double)] {
      functions.map { ([("function", $0.name)], value($0)) }
    }
    text.add(
      "roost_function_invocations_total", "counter", "Runs by how they ended.",
      functions.flatMap { function in
        function.runs.byStatus.sorted { $0.key.rawValue < $1.key.rawValue }.map {
          ([("function", function.name), ("status", $0.key.rawValue)], Double($0.value))
        }
      })
    text.add("roost_function_duration_seconds", "How long runs took.", functions.map { ([("function", $0.name)], $0.runs.durations) })
    text.add("roost_function_cold_starts_total", "counter", "Runs for which a worker was started.", series { Double($0.runs.coldStarts) })
    text.add("roost_function_dead_letters_total", "counter", "Events that were given up.", series { Double($0.runs.deadLetters) })
    text.add(
      "roost_function_queue", "gauge", "Deliveries and calls by what they do.",
      functions.flatMap { function in
        [("running", function.running), ("waiting", function.waiting), ("parked", function.parked), ("calls", function.calls)].map {
          ([("function", function.name), ("state", $0)], Double($1))
        }
      })
    text.add("roost_function_lag_events", "gauge", "Events of the log that were not looked at yet.", series { Double(max(0, sequence - $0.passed)) })
    text.add("roost_workers", "gauge", "Worker processes.", [([], Double(measure.workers))])
  }
}
