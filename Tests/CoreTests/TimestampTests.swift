import Core
import Testing

@Suite("Times as RFC 3339")
struct TimestampTests {
  @Test(
    "A moment is written in UTC with milliseconds",
    arguments: [
      (0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_123, "2023-11-14T22:13:20.123Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
      (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (-1, "1969-12-31T23:59:59.999Z"), (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
    ] as [(Int64, String)])
  func text(milliseconds: Int64, expected: String) {
    #expect(Timestamp(milliseconds: milliseconds).text == expected)
  }

  @Test("Differences are durations")
  func differences() {
    #expect(Timestamp(milliseconds: 1500) - Timestamp(milliseconds: 500) == .seconds(1))
    #expect(Timestamp(milliseconds: 0) + .milliseconds(7) == Timestamp(milliseconds: 7))
  }
}
