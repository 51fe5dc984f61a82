import JSON

/// Which version of a function takes an event: one, or one of two by their weights.
///
/// The choice is made by the event's subject, so that all events of a document, and all attempts at one event, meet the same version for as long as
/// the split stands: order for each document holds, and nobody sees two versions take turns on one thing. When the newer version's weight
/// grows, the subjects that it had stay with it.
package struct VersionSplit: Sendable, Equatable {
  package struct Share: Sendable, Equatable {
    package let version: Int64
    /// Above 0, at most 1.
    package let weight: Double
  }

  /// Ascending by version; the weights add up to 1.
  package let shares: [Share]

  package init(_ version: Int64) {
    shares = [Share(version: version, weight: 1)]
  }

  /// The old version with a share taken from it for the new one. A share of 1 takes all, a share of 0 nothing.
  package init(_ old: Int64, giving share: Double, to new: Int64) {
    shares =
      share >= 1 || old == new
      ? [Share(version: new, weight: 1)]
      : share <= 0
        ? [Share(version: old, weight: 1)]
        : [Share(version: old, weight: 1 - share), Share(version: new, weight: share)].sorted { $0.version < $1.version }
  }

  /// Reads `{"version": 3}` or `{"versions": {"3": 0.9, "4": 0.1}}`. Throws `validation_failed`.
  package init(configured value: JSONValue) throws {
    var reader = try ConfigurationReader(value, of: "alias")
    let version = try reader.int("version", in: 1...Int64.max)
    let weights = try reader.object("versions")
    try reader.refuseUnknown(besides: ["name", "updatedAt"])
    switch (version, weights) {
    case (let version?, nil): self.init(version)
    case (nil, let weights?): self.init(shares: try Self.shares(weights))
    default:
      throw RoostError(
        .validationFailed, "An alias names one version, or two with their weights.",
        fields: [FieldError("/version", "expected {\"version\": 3} or {\"versions\": {\"3\": 0.9, \"4\": 0.1}}")])
    }
  }

  private init(shares: [Share]) {
    self.shares = shares
  }

  private static func shares(_ weights: JSONObject) throws -> [Share] {
    func refusal(_ pointer: String, _ text: String) -> RoostError {
      RoostError(.validationFailed, "`versions` gives one or two versions their weights.", fields: [FieldError(pointer, text)])
    }
    var shares: [Share] = []
    for (name, value) in weights {
      let pointer = "/versions/\(name.pointerSegment)"
      guard let version = Int64(name), version > 0, String(version) == name else { throw refusal(pointer, "expected a version's number") }
      guard let weight = value.doubleValue, weight > 0, weight <= 1 else { throw refusal(pointer, "expected a number above 0, at most 1") }
      shares.append(Share(version: version, weight: weight))
    }
    guard (1...Limits.functionSplitVersionsMax).contains(shares.count) else { throw refusal("/versions", "expected one or two versions") }
    let sum = shares.reduce(0) { $0 + $1.weight }
    // Decimal fractions such as 0.9 and 0.1 are not exact in binary.
    guard abs(sum - 1) < 1e-9 else { throw refusal("/versions", "expected weights that add up to 1, not \(sum)") }
    return shares.sorted { $0.version < $1.version }
  }

  /// What the store keeps.
  package init?(stored bytes: [UInt8]) {
    guard let weights = (try? JSONValue(parsing: bytes))?.objectValue, let shares = try? Self.shares(weights) else { return nil }
    self.shares = shares
  }

  /// `{"3": 0.9, "4": 0.1}`
  package var value: JSONValue {
    var object = JSONObject()
    for share in shares { object[String(share.version)] = .double(share.weight) }
    return .object(object)
  }

  package var versions: [Int64] { shares.map(\.version) }

  /// The version with the greater weight, of equals the older: its triggers and limits are the function's.
  package var main: Int64 {
    shares.dropFirst().reduce(shares[0]) { $1.weight > $0.weight ? $1 : $0 }.version
  }

  /// - Parameter function: makes functions split the same subjects differently.
  package func version(for subject: String, of function: String) -> Int64 {
    guard shares.count > 1 else { return shares[0].version }
    let place = Self.place(of: subject, function)
    var sum = 0.0
    for share in shares {
      sum += share.weight
      if place < sum { return share.version }
    }
    return shares[shares.count - 1].version
  }

  /// From 0 to below 1, evenly, and the same on every machine: FNV-1a, with the end of MurmurHash3 for its high bits.
  private static func place(of subject: String, _ function: String) -> Double {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in [function, subject] {
      for byte in part.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
      hash = (hash ^ 0xff) &* 0x100_0000_01b3
    }
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    hash ^= hash >> 33
    return Double(hash >> 11) / Double(UInt64(1) << 53)
  }
}
