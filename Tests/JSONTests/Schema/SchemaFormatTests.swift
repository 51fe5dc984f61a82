import Testing

@testable import JSON

@Suite("Formats that are asserted") struct SchemaFormatTests {
  static let rows: [(format: String, valid: [String], invalid: [String])] = [
    (
      "date", ["2026-01-31", "2024-02-29", "2000-02-29", "0000-01-01"],
      ["2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "26-01-01", "2026-1-1", "2026-01-01 ", "", "2026/01/01", "２０２６-01-01"]
    ),
    (
      "time", ["00:00:00Z", "23:59:59.999999999999+23:59", "12:00:00z", "23:59:60Z", "00:29:60+00:30", "18:59:60.5-05:00"],
      ["24:00:00Z", "12:60:00Z", "12:00:61Z", "12:00:00", "12:00Z", "12:00:00.Z", "12:00:60Z", "12:00:00+24:00", "12:00:00+0100", "12:00:00Zx", "1:00:00Z", ""]
    ),
    (
      "date-time", ["2026-01-31T09:30:00Z", "2026-01-31t09:30:00.5+01:00", "2016-12-31T23:59:60Z"],
      ["2026-01-31 09:30:00Z", "2026-01-31T09:30:00", "2026-01-31", "T09:30:00Z", "2026-02-30T09:30:00Z", "2026-01-31T"]
    ),
    (
      "duration", ["P1Y", "P1Y2M3DT4H5M6S", "PT0S", "P4W", "P1M2D", "PT5M", "P1DT12H", "P00010D"],
      ["", "P", "PT", "1D", "P1", "PT1D", "P1YT", "P1Y2D", "PT1H2S", "P2D1Y", "P1W2D", "P1WT1H", "P1.5D", "-P1D", "P1D ", "PD", "p1d", "PT1Y"]
    ),
    (
      "email",
      ["a@example.org", "first.last+tag@sub.example.org", "\"a b\"@example.org", "\"a\\\"b\"@x", "a@[127.0.0.1]", "a@[IPv6:::1]", "!#$%&'*+-/=?^_`{|}~@x"],
      [
        "", "a", "@x", "a@", "a b@x", ".a@x", "a.@x", "a..b@x", "a@-x", "a@x-", "a@x..y", "a@x_y", "a@[1.2.3]", "a@[127.0.0.1", "\"a\"b\"@x", "é@x", "a@x\n",
        "a@b@c", "\"a\\\"@x", "\(String(repeating: "a", count: 65))@x", "a@\(String(repeating: "a", count: 64))",
      ]
    ),
    (
      "uuid", ["123e4567-e89b-12d3-a456-426614174000", "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF"],
      [
        "", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "{123e4567-e89b-12d3-a456-426614174000}",
        "123e4567-e89b-12d3-a456-4266141740000",
      ]
    ),
    (
      "uri",
      [
        "http://a", "https://u:p@host:80/p/a;x=1?q=/?#f?/", "urn:isbn:123", "mailto:a@b", "http://[::1]:8080/", "http://[v1.a:b]/", "a:", "file:///x",
        "http://a/%C3%A9",
        "http://", "http://a:",
      ],
      [
        "", "a", "/a", "//a", "1a:b", "a b:c", "http://a b", "http://a/é", "http://a/%", "http://a/%4", "http://a/%zz", "http://[::1", "http://[::1]x",
        "http://a:b",
        "http://a/[", "http://a/<>", "http://a#b#c", "http://a\\b", ":a", "http://[v.a]", "http://[:::1]",
      ]
    ),
    (
      "ipv4", ["0.0.0.0", "255.255.255.255", "127.0.0.1"],
      ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.", "1..2.3", "1.2.3.4 ", "0x1.2.3.4", "+1.2.3.4", "１.2.3.4"]
    ),
    (
      "ipv6",
      ["::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "2001:DB8::a:b", "::ffff:1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1::1.2.3.4"],
      [
        "", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1%eth0", "[::1]",
        "1.2.3.4",
        "1:2:3:4:5:6:7:8::", "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.256", ":::1",
      ]
    ),
    (
      "regex", ["", "a|b", "^[a-z\\]]{2,3}$", "(?=a)b", "(?<!a)\\1", "(?<n>a)\\k<n>", "\\p{L}\\u{1F600}\\cA", "[]", "[^]", "a{,2}", "\\/\\-"],
      ["(", ")", "[a", "*", "a**", "a{2,1}", "\\", "\\a", "\\Z", "(?P<n>a)", "(?i)a", "[b-a]", "\\u12", "\\p{", "\\k", "^*", "|+", "(?"]
    ),
  ]

  @Test("are those of their RFCs", arguments: rows.indices)
  func formats(_ index: Int) throws {
    let row = SchemaFormatTests.rows[index]
    let schema = try JSONSchema(["format": .string(row.format)])
    for text in row.valid { #expect(schema.validate(.string(text)).isEmpty, "\(text) is a \(row.format)") }
    for text in row.invalid { #expect(!schema.validate(.string(text)).isEmpty, "\(text) is no \(row.format)") }
    #expect(schema.validate(7).isEmpty)
  }

  @Test("stay annotations where they are not in the list", arguments: ["hostname", "idn-email", "iri", "json-pointer", "uri-reference", "uri-template", "x"])
  func annotations(_ format: String) throws { #expect(try JSONSchema(["format": .string(format)]).validate("\u{0}").isEmpty) }
}
