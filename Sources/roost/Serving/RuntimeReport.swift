import Core
import Functions
import JSON

/// What /healthz says about the runtimes of functions: `{"python": {"sandbox": "full", "version": "python 3.11.2"}}`.
enum RuntimeReport {
  static func value(_ probes: [FunctionRuntimeKind: FunctionsProbe]) -> JSONObject {
    var report = JSONObject()
    for (kind, probe) in probes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      var one: JSONObject = ["sandbox": .string(probe.level.rawValue)]
      one["version"] = probe.runtime.map { .string($0) }
      one["reason"] = probe.reason.map { .string($0) }
      report[kind.rawValue] = .object(one)
    }
    return report
  }
}
