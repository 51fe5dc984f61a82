import Core
import HTTPServer
import Testing

@testable import API

@Suite("Reading requests")
struct RequestReadingTests {
  @Test("Query parameters are decoded")
  func query() throws {
    let values = try QueryParameters("filter=a%20%3D%3D%20%22b%22&sort=-n&x=a+b&empty").only(["filter", "sort", "x", "empty"])
    #expect(values == ["filter": #"a == "b""#, "sort": "-n", "x": "a b", "empty": ""])
  }

  @Test("An unknown, a repeated or a broken parameter is refused", arguments: ["filte=1", "filter=1&filter=2", "filter=%", "filter=%ff"])
  func badQuery(text: String) {
    #expect(throws: RoostError.self) { try QueryParameters(text).only(["filter"]) }
  }

  @Test("Limits are whole numbers from 1 to 1000", arguments: ["0", "1001", "-1", "x", "", "1.5", "99999999999999999999"])
  func badLimit(text: String) {
    #expect(throws: RoostError.self) { try QueryParameters.limit(text) }
  }

  @Test(
    "One range of a file of 100 bytes",
    arguments: [
      ("bytes=0-9", 0..<10), ("bytes=90-", 90..<100), ("bytes=-10", 90..<100), ("bytes=-200", 0..<100), ("bytes=95-200", 95..<100),
      ("bytes=0-99999999999999999999", 0..<100), ("bytes=0-0", 0..<1),
      ("bytes= 1 - 2 ", 1..<3), ("lines=0-1", nil), ("bytes=5-4", nil), ("bytes=a-b", nil), ("bytes=0-1,3-4", nil), ("bytes=-", nil),
      ("bytes=", nil),
    ] as [(String, Range<Int64>?)])
  func ranges(header: String, expected: Range<Int64>?) throws {
    #expect(try ByteRange.parse(header, size: 100) == expected)
  }

  @Test("A range outside the file is refused", arguments: ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-"])
  func outside(header: String) {
    #expect(throws: Refusal.self) { try ByteRange.parse(header, size: 100) }
  }

  @Test(
    "Entity tags become conditions",
    arguments: [
      ("If-Match", "*", VersionCondition.exists), ("If-Match", "\"3\"", .oneOf([3])), ("If-Match", "\"3\", \"4\"", .oneOf([3, 4])),
      ("If-Match", "W/\"3\"", .oneOf([])),
      ("If-None-Match", "*", .isMissing), ("If-None-Match", "W/\"3\"", .noneOf([3])), ("X-Other", "1", .none),
    ])
  func tags(name: String, value: String, expected: VersionCondition) throws {
    var headers = HTTPHeaders()
    headers.add(name, value)
    #expect(try EntityTags.versionCondition(headers) == expected)
  }

  @Test("A tag without quotes is refused", arguments: ["3", "\"3", "\"", "W/3"])
  func badTag(value: String) {
    #expect(throws: RoostError.self) { try EntityTags.versionCondition(["If-Match": value]) }
  }

  @Test("HTTP times are written and read")
  func times() {
    #expect(HTTPTime.text(Timestamp(milliseconds: 784_111_777_000)) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPTime.parse("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
    #expect(HTTPTime.parse("yesterday") == nil)
    #expect(HTTPTime.parse("Sun, 06 Nov 1994 99:49:37 GMT") == nil)
  }

  @Test("Every error code has a status, and only internal is 500")
  func statuses() {
    for code in ErrorCode.allCases {
      let status = Problem.status(of: code)
      #expect((400...599).contains(status))
      #expect((status == 500) == (code == .internal))
    }
  }

  @Test("Files that a browser would run are downloads")
  func dangerous() throws {
    let bucket = Bucket(
      configuration: try BucketConfiguration(name: "b", value: [:]), created: Timestamp(milliseconds: 0),
      updated: Timestamp(milliseconds: 0))
    func headers(_ type: String, _ path: String = "x") -> HTTPHeaders {
      let now = Timestamp(milliseconds: 0)
      let file = StoredFile(
        bucket: "b", path: path, size: 1, digest: [1], contentType: type, created: now, updated: now, owner: nil, contentID: "c")
      return FileHeaders.make(for: file, bucket: bucket, asDownload: false)
    }
    for type in [
      "text/html", "image/svg+xml", "application/xhtml+xml", "text/xml", "text/javascript", "TEXT/HTML; charset=utf-8", "made/up",
    ] {
      #expect(headers(type)["Content-Disposition"]?.hasPrefix("attachment") == true, "\(type)")
    }
    #expect(headers("image/png")["Content-Disposition"] == nil)
    #expect(headers("image/png")["X-Content-Type-Options"] == "nosniff")
    #expect(headers("image/png")["Content-Security-Policy"]?.contains("sandbox") == true)
    #expect(
      headers("text/html", "a/ö\"x.html")["Content-Disposition"] == "attachment; filename=\"___x.html\"; filename*=UTF-8''%C3%B6%22x.html")
  }
}
