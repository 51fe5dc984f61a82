import CEL
import Core
import JSON
import TestKit
import Testing

@Suite("CSV")
struct CSVTests {
  private func records(_ text: [UInt8], most: Int = 1000, size: () -> Int = { 1 << 20 }) -> [CSVRecord] {
    var reader = CSVReader(recordBytesMax: most)
    var records: [CSVRecord] = []
    var rest = text[...]
    while !rest.isEmpty {
      let chunk = rest.prefix(size())
      rest = rest.dropFirst(chunk.count)
      records += reader.records(in: Array(chunk))
    }
    return records + reader.end()
  }

  private func cells(_ record: CSVRecord) -> [String] { (0..<record.cells).map { String(decoding: record[$0], as: UTF8.self) } }

  @Test(
    "Records are read as RFC 4180 has them",
    arguments: [
      ("aaa,bbb\r\nccc,ddd", [["aaa", "bbb"], ["ccc", "ddd"]]), (#""a""b","c,d""# + "\n", [[#"a"b"#, "c,d"]]), ("\"a\r\nb\",\n", [["a\r\nb", ""]]),
      (",\n,,", [["", ""], ["", "", ""]]), ("\u{feff}a\n\n\r\nb\n", [["a"], ["b"]]), ("a\rb,c\r\n", [["a\rb", "c"]]), ("\"\"", [[""]]), ("", []),
      (" a , b ", [[" a ", " b "]]),
    ])
  func read(text: String, expected: [[String]]) {
    #expect(records(Array(text.utf8)).map(cells) == expected)
  }

  @Test(
    "What breaks the rules is told with the line where its record begins, and the next line is read again",
    arguments: [
      ("a\nb\"c,d\ne", 2, CSVFault.quoteInside), ("a\n\"b\"c\ne", 2, .textAfterQuote), ("\"x\n\ny\"\nb\"\ne", 4, .quoteInside),
      ("a\ne\n\"open\n\n", 3, .unclosedQuote),
    ])
  func broken(text: String, line: Int, fault: CSVFault) {
    let found = records(Array(text.utf8))
    let broken = found.filter { $0.fault != nil }
    #expect(broken.map(\.line) == [line] && broken.first?.fault == fault)
    #expect(found.contains { cells($0) == ["e"] })
  }

  @Test("A record without end is told once and keeps no memory")
  func endless() {
    let found = records(Array(("a\n\"" + String(repeating: "x", count: 5000) + "\"\nb\n").utf8), most: 100)
    #expect(found.map(\.fault) == [nil, .tooLong])
  }

  @Test("Where the chunks end makes no difference, and never fails")
  func chopped() {
    var chance = SeededRandom(seed: UInt64.random(in: 0...UInt64.max))
    let seed = chance.seed
    for _ in 0..<500 {
      let text = (0..<Int.random(in: 0...60, using: &chance)).map { _ in Array("\n\r,,\"\"\u{feff}ab".utf8).randomElement(using: &chance) ?? 0 }
      let whole = records(text, most: 30)
      for _ in 0..<4 {
        let chopped = records(text, most: 30) { Int.random(in: 1...9, using: &chance) }
        #expect(chopped == whole, "seed \(seed)")
      }
    }
  }

  @Test(
    "A cell without a type is what it looks like",
    arguments: [
      ("1", "1"), ("-1.50", "-1.50"), ("007", #""007""#), ("+1", #""+1""#), ("true", "true"), ("FALSE", "false"), ("null", "null"), ("Null", #""Null""#),
      (#""[1,{""a"":2}]""#, #"[1,{"a":2}]"#), ("[1", #""[1""#), (#""""text""""#, #""text""#), (" 1", #"" 1""#), (#""""#, #""""#), ("1e999", #""1e999""#),
      ("-", #""-""#),
    ])
  func inferred(cell: String, json: String) throws {
    let found = records(Array("a,b\n\(cell),".utf8))
    let columns = try CSVColumns(header: found[0], .dyn, unknown: .inferred)
    #expect(String(decoding: try columns.document(found[1]), as: UTF8.self) == #"{"a":\#(json)}"#)
  }

  @Test("A typed cell that does not fit is told with its field")
  func typed() throws {
    let type = CELType.object(["n": .number, "b": .bool, "t": .string, "l": .list(.dyn), "o": .object(["x": .number], open: true)], open: true)
    let found = records(Array("n,b,t,l,o.x\n1,True,2,[],3\nx,y,z,w,v\n".utf8))
    let columns = try CSVColumns(header: found[0], type, unknown: .inferred)
    #expect(String(decoding: try columns.document(found[1]), as: UTF8.self) == #"{"n":1,"b":true,"t":"2","l":[],"o":{"x":3}}"#)
    do {
      _ = try columns.document(found[2])
      Issue.record("it fitted")
    } catch let error as RoostError {
      #expect(error.fields.map(\.pointer) == ["/n", "/b", "/l", "/o/x"])
    }
  }

  @Test(
    "What is written is read back as it was",
    arguments: [CELType.dyn, .object(["s": .string, "o": .object(["p": .string], open: true), "n": .number], open: true)])
  func roundTrip(type: CELType) throws {
    var chance = SeededRandom(seed: UInt64.random(in: 0...UInt64.max))
    let seed = chance.seed
    let texts = ["", "a", "1", "true", "TRUE", "null", "[1]", "\"", "\"x\"", ",", "\r\n", "\n", "=1", "ü", "\u{0}", "{", "{}", "-", " "]
    func text() -> JSONValue { .string(texts.randomElement(using: &chance) ?? "") }
    func value() -> JSONValue {
      switch Int.random(in: 0..<6, using: &chance) {
      case 0: .int(Int64.random(in: Int64.min...Int64.max, using: &chance))
      case 1: .double(Double.random(in: -1...1, using: &chance))
      case 2: .bool(Bool.random(using: &chance))
      case 3: .null
      case 4: [text(), .null]
      default: text()
      }
    }
    for _ in 0..<200 {
      let documents = (0..<3).map { _ in
        var object: JSONObject = ["s": text(), "n": .int(1), "any": value(), "o": ["p": text(), "q": value()], "x.y": value(), "back\\slash": value()]
        for name in object.keys where Bool.random(using: &chance) { object[name] = nil }
        if Bool.random(using: &chance) { object["o"] = [:] }
        return JSONValue.object(object)
      }
      var columns = CSVColumns(type)
      for document in documents { try columns.addFields(of: document.bytes()) }
      guard columns.columns.count > 1 else { continue }
      var csv = columns.header(isSafe: false)
      for document in documents { #expect(columns.appendRow(document.bytes(), isSafe: false, to: &csv)) }
      let found = records(csv)
      let read = try CSVColumns(header: found[0], type, unknown: .inferred)
      let back = try found.dropFirst().map { try JSONValue(parsing: try read.document($0)) }
      #expect(back == documents, "seed \(seed): \(String(decoding: csv, as: UTF8.self))")
    }
  }
}
