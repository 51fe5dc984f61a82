import JSON

/// Runs a function at the times that a cron expression names.
package struct ScheduleTrigger: Sendable {
  package let schedule: CronSchedule
  package let value: JSONValue

  package init(_ value: JSONValue, pointer: String) throws {
    var reader = try ConfigurationReader(value, of: "trigger", at: pointer)
    _ = try reader.string("type")
    let cron = try reader.required("cron", "a cron expression like \"0 3 * * *\"")
    let timeZone = try reader.string("timeZone") ?? "UTC"
    try reader.refuseUnknown(besides: [])
    guard CronSchedule.isTimeZone(timeZone) else {
      throw RoostError(
        .validationFailed, "There is no time zone '\(timeZone.prefix(64))'.",
        fields: [FieldError(pointer + "/timeZone", "expected a name of the IANA database like \"Europe/Berlin\", or \"UTC\"")])
    }
    do {
      schedule = try CronSchedule(cron, timeZone: timeZone)
    } catch {
      throw RoostError(.validationFailed, "The schedule is not valid: \(error.message).", fields: [FieldError(pointer + "/cron", error.message)])
    }
    self.value = ["type": "schedule", "cron": .string(cron), "timeZone": .string(timeZone)]
  }

  /// Tells it from a function's other schedules, and stays the same from one version to the next.
  package var key: String { schedule.text + " " + schedule.timeZone }

  package func matches(_ event: LogEvent) -> Bool { event.kind == .schedule && event.subject == key }

  /// What the event of a due time says, as JSON.
  package func data(due: Timestamp) -> [UInt8] {
    JSONValue.object(["scheduledTime": .string(due.text), "cron": .string(schedule.text), "timeZone": .string(schedule.timeZone)]).bytes()
  }
}

/// How far a schedule's due times were dealt with.
package struct ScheduleMark: Sendable, Equatable {
  package let mark: Timestamp
  /// The event of the last one; 0 if there was none.
  package let sequence: Int64

  package init(mark: Timestamp, sequence: Int64) {
    self.mark = mark
    self.sequence = sequence
  }
}

extension DeployedFunction {
  /// ``value`` with `nextRun`, where it has a schedule.
  package func value(at now: Timestamp) -> JSONValue {
    guard !definition.schedules.isEmpty, case .object(var object) = value else { return value }
    object["nextRun"] = definition.schedules.compactMap { $0.schedule.next(after: now) }.min().map { .string($0.text) } ?? .null
    return .object(object)
  }
}
