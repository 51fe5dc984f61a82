import CEL
import Core
import HTTPServer
import JSON

/// `POST /v1/schedules/next` {cron, timeZone, after, count}: when a schedule would run, before it is deployed.
enum NextRuns {
  private static let countMax: Int64 = 100

  static let route = Route.admin(.post, "/v1/schedules/next") { call in
    var reader = try ConfigurationReader(call.value(), of: "request")
    let after = try reader.string("after").map(moment) ?? call.now
    let count = try reader.int("count", in: 1...countMax) ?? 5
    let trigger = try ScheduleTrigger(
      ["cron": .string(reader.required("cron", "a cron expression like \"0 3 * * *\"")), "timeZone": reader.value("timeZone") ?? .null], pointer: "")
    try reader.refuseUnknown(besides: [])
    try Functions.requireZone(of: trigger, "/timeZone")
    var runs: [JSONValue] = []
    var last = after
    while runs.count < count, let next = trigger.schedule.next(after: last) {
      runs.append(.string(next.text))
      last = next
    }
    return .json(200, ["runs": .array(runs)])
  }

  private static func moment(_ text: String) throws -> Timestamp {
    // Times are written with years of four digits, and a due time may be decades ahead.
    guard let moment = CELTimestamp(text: text), moment.seconds < 250_000_000_000 else {
      throw RoostError(.validationFailed, "`after` is not a time.", fields: [FieldError("/after", "expected a time like \"2026-11-21T10:00:00Z\"")])
    }
    return Timestamp(milliseconds: moment.milliseconds)
  }
}
