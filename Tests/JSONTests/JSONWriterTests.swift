import Testing

@testable import JSON

@Suite struct JSONWriterTests {
  @Test("the writer puts commas and escapes strings")
  func writesADocument() {
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("id")
    writer.string("a\"\\\u{1}\u{1F}\n\u{7F}é")
    writer.key("list")
    writer.beginArray()
    writer.int(1)
    writer.beginObject()
    writer.endObject()
    writer.null()
    writer.bool(true)
    writer.double(-0.5)
    writer.endArray()
    writer.rawMembers(of: Array(#" { "x" : 1 } "#.utf8))
    writer.rawMembers(of: Array("{ }".utf8))
    writer.key("raw")
    writer.raw("[2]")
    writer.endObject()
    #expect(
      String(decoding: writer.take(), as: UTF8.self)
        == #"{"id":"a\"\\\u0001\u001f\n"# + "\u{7F}é" + #"","list":[1,{},null,true,-0.5],"x" : 1,"raw":[2]}"#)
    #expect(writer.bytes.isEmpty)
  }
}
