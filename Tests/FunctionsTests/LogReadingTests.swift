import Core
import JSON
import TestKit
import Testing

@testable import Functions

@Suite("One reading of the log for many functions")
struct LogReadingTests {
  /// Long readings are sorted by collection first; whoever gets an event must not depend on that.
  @Test(arguments: [1, 7, 8, 9, 200] as [Int])
  func `each function gets what its triggers take, and nothing else`(_ count: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var chance = SeededRandom(seed: seed)
    let triggers: [JSONValue] = [
      ["type": "document", "collection": "a", "events": ["written"]], ["type": "document", "collection": "b", "events": ["created"]],
      ["type": "document", "collection": "users", "events": ["created"]], ["type": "user", "events": ["created", "deleted"]],
      ["type": "event", "name": "order.*"], ["type": "file", "bucket": "a", "events": ["created"]], ["type": "http"],
      ["type": "schedule", "cron": "@hourly"],
    ]
    let readers = try (0..<20).map { number in
      let chosen = (0..<Int.random(in: 0...3, using: &chance)).map { _ in triggers.randomElement(using: &chance) ?? .null }
      return LogReading.Reader(
        function: "f\(number)", generation: 1, triggers: try chosen.enumerated().map { try Trigger($0.element, pointer: "/triggers/\($0.offset)") })
    }
    let kinds: [LogEvent.Kind] = [.document, .document, .document, .file, .event, .function, .schedule]
    let events = (0..<count).map { number in
      LogEvent(
        sequence: Int64(number + 1), time: Timestamp(milliseconds: 0), kind: kinds.randomElement(using: &chance) ?? .document,
        action: [.created, .updated, .deleted].randomElement(using: &chance) ?? .created,
        container: ["a", "b", "users", "f3", "order.paid"].randomElement(using: &chance) ?? "a", subject: "x", before: Array("{}".utf8),
        after: Array("{}".utf8),
        auth: nil, depth: 0)
    }
    let wanted = LogReading(after: 0, limit: count, logChanges: 1, readers: readers).wanted(events)
    for (reader, got) in zip(readers, wanted) {
      let expected = events.compactMap { $0.delivered(to: reader.function, by: reader.triggers) }
      #expect(got.map(\.sequence) == expected.map(\.sequence) && got.map(\.type) == expected.map(\.type), "seed \(seed): \(reader.function)")
    }
  }
}
