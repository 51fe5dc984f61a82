import Core
import JSON

/// What an import has done so far.
struct ImportTally: Sendable {
  private(set) var created = 0
  private(set) var replaced = 0
  private(set) var unchanged = 0
  private(set) var failed = 0
  private var errors: [JSONValue] = []
  private var errorBytes = 0

  var documents: Int { created + replaced + unchanged + failed }

  mutating func add(_ outcome: ImportOutcome, line: Int) {
    switch outcome {
    case .created: created += 1
    case .replaced: replaced += 1
    case .unchanged: unchanged += 1
    case .failed(let error):
      failed += 1
      guard errors.count < Limits.importErrorsMax, errorBytes < Limits.importErrorBytesMax else { return }
      let value = Self.value(error, line: line)
      errorBytes += value.bytes().count
      errors.append(value)
    }
  }

  private static func value(_ error: RoostError, line: Int) -> JSONValue {
    var value: JSONObject = ["line": .int(Int64(line)), "code": .string(error.code.rawValue), "detail": .string(error.message)]
    if !error.fields.isEmpty {
      value["errors"] = .array(error.fields.map { ["pointer": .string($0.pointer), "detail": .string($0.detail)] })
    }
    return .object(value)
  }

  /// The answer.
  func value(isStopped: Bool) -> JSONValue {
    [
      "documents": .int(Int64(documents)), "created": .int(Int64(created)), "replaced": .int(Int64(replaced)), "unchanged": .int(Int64(unchanged)),
      "failed": .int(Int64(failed)), "stopped": .bool(isStopped), "errors": .array(errors), "errorsTruncated": .bool(errors.count < failed),
    ]
  }
}
