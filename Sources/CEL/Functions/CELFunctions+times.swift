extension CELFunctions {
  /// The parts of a timestamp, in UTC or in the time zone that is named, and the whole of a duration in a unit.
  static let times: [CELFunction] = [
    part("getFullYear") { time, _ in time.year },
    part("getMonth") { time, _ in time.month - 1 },
    part("getDate") { time, _ in time.day },
    part("getDayOfMonth") { time, _ in time.day - 1 },
    part("getDayOfWeek") { time, _ in time.weekday },
    part("getDayOfYear") { time, _ in time.dayOfYear },
    part("getHours", of: { $0.seconds / 3600 }) { time, _ in time.hour },
    part("getMinutes", of: { $0.seconds / 60 }) { time, _ in time.minute },
    part("getSeconds", of: { $0.seconds }) { time, _ in time.second },
    // Of a duration only what is past the last whole second.
    part("getMilliseconds", of: { Int64($0.nanoseconds / 1_000_000) }) { _, nanoseconds in Int(nanoseconds / 1_000_000) },
  ]

  private static func part(
    _ name: String, of duration: (@Sendable (CELDuration) -> Int64)? = nil, _ part: @escaping @Sendable (CELCivilTime, Int32) -> Int
  ) -> CELFunction {
    var overloads: [CELFunction.Overload] = [.method(.timestamp, gives: .int), .method(.timestamp, .string, gives: .int)]
    if duration != nil { overloads.append(.method(.duration, gives: .int)) }
    return CELFunction(
      name, overloads,
      .many { (arguments, frame) throws(CELFault) in
        switch arguments[0] {
        case .timestamp(let time):
          let offset = try arguments.count > 1 ? offset(arguments[1], at: time, &frame) : 0
          return .int(Int64(part(CELCivilTime(seconds: time.seconds + Int64(offset)), time.nanoseconds)))
        case .duration(let value):
          guard let duration, arguments.count == 1 else { throw frame.mismatch(arguments[0]) }
          return .int(duration(value))
        default: throw frame.mismatch(arguments[0])
        }
      })
  }

  private static func offset(_ zone: CELValue, at time: CELTimestamp, _ frame: inout CELFrame) throws(CELFault) -> Int {
    guard case .string(let name) = zone else { throw frame.mismatch(zone) }
    guard let zone = CELTimeZone(name) else {
      frame.detail = .text("there is no time zone '\(String(name.prefix(40)))'")
      throw CELFault(.badArgument)
    }
    return zone.offset(at: time.seconds)
  }
}
