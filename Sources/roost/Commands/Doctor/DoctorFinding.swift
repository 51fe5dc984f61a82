import JSON

/// One line of `roost doctor`.
struct DoctorFinding {
  enum Status: String, Comparable {
    case ok, warn, fail

    private var rank: Int { self == .ok ? 0 : self == .warn ? 1 : 2 }

    static func < (left: Status, right: Status) -> Bool { left.rank < right.rank }
  }

  let check: String
  let status: Status
  let finding: String
  let mend: String?

  static func ok(_ check: String, _ finding: String) -> DoctorFinding {
    DoctorFinding(check: check, status: .ok, finding: finding, mend: nil)
  }

  static func warn(_ check: String, _ finding: String, mend: String) -> DoctorFinding {
    DoctorFinding(check: check, status: .warn, finding: finding, mend: mend)
  }

  static func fail(_ check: String, _ finding: String, mend: String) -> DoctorFinding {
    DoctorFinding(check: check, status: .fail, finding: finding, mend: mend)
  }

  var text: String {
    let checkWidth = 12
    let room = String(repeating: " ", count: max(1, checkWidth - check.count))
    let head = status.rawValue + String(repeating: " ", count: 6 - status.rawValue.count) + check + room
    return head + Printable.line(finding)
      + (mend.map { "\n" + String(repeating: " ", count: 6 + checkWidth) + "→ " + Printable.line($0) } ?? "")
  }

  var value: JSONValue {
    ["check": .string(check), "status": .string(status.rawValue), "finding": .string(finding), "mend": mend.map(JSONValue.string) ?? .null]
  }
}
