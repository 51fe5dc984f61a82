import JSON
import TestKit
import Testing

@testable import Core

@Suite("Which version takes an event")
struct VersionSplitTests {
  @Test("Weights are kept, whatever the subjects", arguments: [0.01, 0.1, 0.5, 0.9])
  func weights(_ weight: Double) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var chance = SeededRandom(seed: seed)
    let split = VersionSplit(3, giving: weight, to: 4)
    let subjects = (0..<20_000).map { _ in "things/\(UInt64.random(in: 0...UInt64.max, using: &chance))" }
    let newer = subjects.count { split.version(for: $0, of: "f") == 4 }
    // Six standard deviations of the binomial distribution.
    let deviation = 6 * (Double(subjects.count) * weight * (1 - weight)).squareRoot()
    #expect(abs(Double(newer) - Double(subjects.count) * weight) < deviation, "seed \(seed): \(newer)")
    let numbered = (0..<20_000).count { split.version(for: "things/\($0)", of: "f") == 4 }
    #expect(abs(Double(numbered) - 20_000 * weight) < deviation, "\(numbered) of numbered subjects")
  }

  @Test("A subject stays with its version, and what the newer one had it keeps when its weight grows")
  func stability() {
    let small = VersionSplit(3, giving: 0.1, to: 4)
    let large = VersionSplit(3, giving: 0.4, to: 4)
    for number in 0..<2000 {
      let subject = "things/\(number)"
      let version = small.version(for: subject, of: "f")
      #expect(version == small.version(for: subject, of: "f"))
      if version == 4 { #expect(large.version(for: subject, of: "f") == 4) }
    }
    // Another function splits otherwise, so that a subject is not unlucky everywhere.
    #expect((0..<2000).contains { small.version(for: "things/\($0)", of: "f") != small.version(for: "things/\($0)", of: "g") })
  }

  @Test("The place of a subject is the same on every machine and in every version of the server")
  func known() {
    let split = VersionSplit(1, giving: 0.5, to: 2)
    #expect((0..<16).map { split.version(for: "orders/\($0)", of: "invoice") } == Self.places)
  }

  private static let places: [Int64] = [1, 2, 2, 1, 1, 1, 1, 2, 1, 1, 2, 2, 1, 1, 2, 2]

  @Test("The main version is the weightier, of equals the older")
  func main() {
    #expect(VersionSplit(3, giving: 0.1, to: 4).main == 3)
    #expect(VersionSplit(3, giving: 0.6, to: 4).main == 4)
    #expect(VersionSplit(4, giving: 0.5, to: 3).main == 3)
    #expect(VersionSplit(3, giving: 1, to: 4) == VersionSplit(4))
    #expect(VersionSplit(3, giving: 0, to: 4) == VersionSplit(3))
  }

  @Test("What is read is what was written")
  func reading() throws {
    #expect(try VersionSplit(configured: ["version": 3]) == VersionSplit(3))
    let split = try VersionSplit(configured: ["versions": ["3": 0.9, "12": 0.1]])
    #expect(split.versions == [3, 12] && split.main == 3)
    #expect(VersionSplit(stored: split.value.bytes()) == split)
    #expect(VersionSplit(stored: VersionSplit(7).value.bytes()) == VersionSplit(7))
  }

  @Test(
    "Anything else is refused",
    arguments: [
      #"{}"#, #"{"version": 0}"#, #"{"version": "3"}"#, #"{"version": 3, "versions": {"3": 1}}"#, #"{"versions": {}}"#, #"{"versions": {"3": 0.9}}"#,
      #"{"versions": {"3": 0.9, "4": 0.2}}"#, #"{"versions": {"3": 1, "4": 0}}"#, #"{"versions": {"3": 1.5, "4": -0.5}}"#, #"{"versions": {"03": 1}}"#,
      #"{"versions": {"a": 1}}"#, #"{"versions": {"1": 0.2, "2": 0.3, "3": 0.5}}"#, #"{"versions": {"3": "1"}}"#, #"{"version": 1, "weight": 1}"#,
      #"{"versions": {"-1": 1}}"#, #"{"versions": [1]}"#,
    ])
  func refusals(_ text: String) throws {
    let value = try JSONValue(parsing: Array(text.utf8))
    #expect(throws: RoostError.self) { try VersionSplit(configured: value) }
  }
}
