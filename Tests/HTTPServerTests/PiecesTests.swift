import NIOCore
import Synchronization
import Testing

@testable import HTTPServer

@Suite("The pieces, dry")
struct PiecesTests {
  @Test(
    "Dates are IMF-fixdate",
    arguments: [
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
    ])
  func date(second: Int64, text: String) {
    #expect(String(decoding: HTTPDate.text(second: second), as: UTF8.self) == text)
  }

  @Test("Log times are RFC 3339 with milliseconds")
  func logTime() {
    var bytes: [UInt8] = []
    var time = LogTime(milliseconds: 0)
    time.move(to: 1_763_684_608_007)
    time.append(to: &bytes)
    #expect(String(decoding: bytes, as: UTF8.self) == "2025-11-21T00:23:28.007Z")
  }

  @Test("Request ids do not repeat, and may come back as a caller's")
  func requestIds() {
    var ids = RequestIds(seed: .max - 5)
    var seen: Set<String> = []
    for _ in 0..<10_000 { seen.insert(ids.next()) }
    #expect(seen.count == 10_000)
    #expect(seen.allSatisfy { $0.utf8.count == 13 && RequestIds.isAcceptable($0) })
  }

  struct Target: Sendable {
    var text: String
    var path: String?
    var query: String?
  }

  @Test(
    "Targets",
    arguments: [
      Target(text: "/", path: "/"), Target(text: "/a/b", path: "/a/b"), Target(text: "/a?b=c?d", path: "/a", query: "b=c?d"),
      Target(text: "/?", path: "/", query: ""), Target(text: "//a", path: "//a"), Target(text: "*", path: "*"),
      Target(text: "http://h/a?b", path: "/a", query: "b"), Target(text: "HTTPS://h:1", path: "/"),
      Target(text: "http://h?b", path: "/", query: "b"), Target(text: "/ä", path: "/ä"),
      Target(text: ""), Target(text: "a"), Target(text: "*a"), Target(text: "http://"), Target(text: "http:///a"),
      Target(text: "ftp://h/a"), Target(text: "?a"),
    ])
  func target(_ target: Target) {
    let parsed = RequestTarget(target.text)
    #expect(parsed?.path == target.path)
    #expect(parsed?.query == target.query)
  }

  @Test("A streamed answer holds to its length")
  func streamedAnswer() {
    var answer = StreamedAnswer(framing: .length(5), isBodiless: false)
    #expect(answer.add(0) == .nothing)
    #expect(answer.add(3) == .plain)
    #expect(!answer.isWhole)
    #expect(answer.add(3) == .tooLong)
    #expect(answer.add(2) == .plain)
    #expect(answer.isWhole)
    var chunked = StreamedAnswer(framing: .chunked, isBodiless: false)
    #expect(chunked.isWhole)
    #expect(chunked.add(1) == .chunk)
    var bodiless = StreamedAnswer(framing: .length(5), isBodiless: true)
    #expect(bodiless.isWhole)
    #expect(bodiless.add(5) == .nothing)
  }

  @Test("An intake wants more only while somebody takes it, and holds one read for whoever will")
  func intakeDemand() {
    var intake = BodyIntake(announced: nil, isEmpty: false)
    #expect(intake.wantsMore)
    #expect(!intake.isAwaited)
    _ = intake.arrived(ByteBuffer(bytes: [1, 2]))
    #expect(!intake.wantsMore)
    let chunks = Mutex<[[UInt8]?]>([])
    let take: BodyIntake.Next = { result in chunks.withLock { $0.append(try? result.get()) } }
    perform(intake.next(take))
    #expect(chunks.withLock { $0 } == [[1, 2]])
    #expect(intake.wantsMore)
    #expect(!intake.isAwaited)
    perform(intake.next(take))
    #expect(intake.isAwaited)
    perform(intake.arrived(ByteBuffer(bytes: [3])))
    #expect(chunks.withLock { $0 } == [[1, 2], [3]])
    _ = intake.arrived(ByteBuffer(bytes: [4]))
    #expect(!intake.wantsMore)
    perform(intake.ended())
    perform(intake.next(take))
    perform(intake.next(take))
    perform(intake.next(take))
    #expect(chunks.withLock { $0 } == [[1, 2], [3], [4], nil, nil])
    #expect(!intake.wantsMore)
  }

  @Test("A failure reaches the reader after what had arrived")
  func intakeFailure() {
    var intake = BodyIntake(announced: 5, isEmpty: false)
    _ = intake.arrived(ByteBuffer(bytes: [1]))
    #expect(intake.bytesToCome == 4)
    _ = intake.failed(.incomplete)
    let seen = Mutex<[String]>([])
    let take: BodyIntake.Next = { result in seen.withLock { $0.append("\(result)") } }
    perform(intake.next(take))
    perform(intake.next(take))
    #expect(seen.withLock { $0.count } == 2)
    #expect(seen.withLock { $0[0] }.contains("success"))
    #expect(seen.withLock { $0[1] }.contains("incomplete"))
    #expect(intake.isFailed)
  }

  @Test("What is thrown away has a limit")
  func intakeDiscard() {
    var intake = BodyIntake(announced: nil, isEmpty: false)
    _ = intake.discard(bytesMax: 3)
    guard case .nothing = intake.arrived(ByteBuffer(bytes: [1, 2, 3])) else { return #expect(Bool(false), "Three fit.") }
    guard case .tooMuchToDiscard = intake.arrived(ByteBuffer(bytes: [4])) else {
      return #expect(Bool(false), "The fourth does not.")
    }
  }

  private func perform(_ action: BodyIntake.Action) {
    switch action {
    case .nothing, .tooMuchToDiscard: break
    case .collected(let then, let result): then(result)
    case .next(let next, let result): next(result)
    }
  }
}
