import Glibc
import JSON

/// How fast the JSON room is, one core: `swift run -c release JSONBenchmark [part of a name [rounds]]`.
/// With rounds it only runs them, for a tool that counts instructions.
@main enum JSONBenchmark {
  static let document = Array(
    (#"{"title":"A walk along the river","author":"0192f8a2-7c1b-7e55-9d6c-2f4b8a1c3d5e","published":true,"rating":4.5,"#
      + #""views":12873,"tags":["travel","nature","été"],"place":{"name":"Wörthersee","lat":46.6247,"lon":14.1467},"#
      + #""summary":"Three hours of easy going, \"mostly\" flat, with two places to swim.","editor":null}"#).utf8)
  static let patch = Array(#"{"views":12874,"place":{"name":"Drau"},"editor":null}"#.utf8)

  static func main() throws {
    print("a document of \(document.count) bytes")
    try measureDocument()
    if CommandLine.arguments.count == 1 { measureHostile() }
  }

  static func measureDocument() throws {
    let document = document
    let value = try JSONValue(parsing: document)
    try measure("only validate", bytes: document.count) {
      try JSONText.validateObject(document)
      return 1
    }
    var out: [UInt8] = []
    try measure("validate and splice four fields", bytes: document.count) {
      try JSONText.validateObject(document)
      splice(document, into: &out)
      return out.count
    }
    measure("only splice four fields", bytes: document.count) {
      splice(document, into: &out)
      return out.count
    }
    try measure("parse to values", bytes: document.count) { try JSONValue(parsing: document).objectValue?.count ?? 0 }
    measure("write values", bytes: document.count) { value.bytes().count }
    measure("find the last member", bytes: document.count) { JSONText.member("editor", of: document)?.lowerBound ?? 0 }
    measure("remove two members", bytes: document.count) { JSONText.removingMembers(["title", "id"], from: document).count }
    measure("remove no member", bytes: document.count) { JSONText.removingMembers(["version", "id"], from: document).count }
    let projection = JSONProjection(["title", "place.name", "tags"])
    measure("keep three paths", bytes: document.count) { projection.apply(to: document).count }
    try measure("merge a patch of \(patch.count) bytes", bytes: document.count) { try JSONText.mergePatch(patch, onto: document).count }
    measure("compact", bytes: document.count) { JSONText.compact(document).count }
  }

  static func splice(_ document: [UInt8], into out: inout [UInt8]) {
    var writer = JSONWriter(reusing: &out)
    writer.beginObject()
    writer.key("id")
    writer.string("0192f8a2-7c1b-7e55-9d6c-2f4b8a1c3d5e")
    writer.key("version")
    writer.int(7)
    writer.key("createdAt")
    writer.string("2026-11-21T10:00:00.000Z")
    writer.key("updatedAt")
    writer.string("2026-11-21T10:00:00.000Z")
    writer.rawMembers(of: document)
    writer.endObject()
    out = writer.take()
  }

  static func measureHostile() {
    print("hostile texts of about 1 MiB")
    let many = Array(("{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}").utf8)
    hostile("100,000 keys", many)
    measure("merge 100,000 keys onto themselves", bytes: many.count) { (try? JSONText.mergePatch(many, onto: many).count) ?? 0 }
    let texts: [(String, String)] = [
      ("open arrays", String(repeating: "[", count: 1 << 20)),
      ("escapes", "\"" + String(repeating: "\\u00e9", count: 170_000) + "\""),
      ("one long number", "0." + String(repeating: "1", count: 1 << 20)),
      ("a number too large", String(repeating: "1", count: 1 << 20)),
      ("numbers near the limit", "[" + String(repeating: "1e308,", count: 170_000) + "0]"),
      ("long numbers", "[" + String(repeating: String(repeating: "1", count: 300) + ".5,", count: 3_400) + "0]"),
      ("two-byte characters", "\"" + String(repeating: "é", count: 1 << 19) + "\""),
      ("four-byte characters", "\"" + String(repeating: "😀", count: 1 << 18) + "\""),
      ("plain text", "\"" + String(repeating: "plain text ", count: 95_000) + "\""),
    ]
    for (name, text) in texts { hostile(name, Array(text.utf8)) }
  }

  static func hostile(_ name: String, _ bytes: [UInt8]) {
    measure("validate \(name)", bytes: bytes.count) { (try? JSONText.validate(bytes)) == nil ? 0 : 1 }
    measure("parse \(name)", bytes: bytes.count) { (try? JSONValue(parsing: bytes)) == nil ? 0 : 1 }
  }
}
