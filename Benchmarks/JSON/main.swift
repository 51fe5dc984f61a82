// How fast the JSON room is, one core. `swift run -c release JSONBenchmark`

import Glibc
import JSON

let document = Array(
  #"{"title":"A walk along the river","author":"0192f8a2-7c1b-7e55-9d6c-2f4b8a1c3d5e","published":true,"rating":4.5,"#.utf8)
  + Array(#""views":12873,"tags":["travel","nature","été"],"place":{"name":"Wörthersee","lat":46.6247,"lon":14.1467},"#.utf8)
  + Array(#""summary":"Three hours of easy going, \"mostly\" flat, with two places to swim.","editor":null}"#.utf8)
let patch = Array(#"{"views":12874,"place":{"name":"Drau"},"editor":null}"#.utf8)
let value = try JSONValue(parsing: document)

/// The processor time of this process: what other processes do on the machine counts less than with a wall clock.
func processorNanoseconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Runs `body` for about a fifth of a second several times and prints the best rate.
func measure(_ name: String, bytes: Int, _ body: () throws -> Int) rethrows {
  if CommandLine.arguments.count > 1, !name.contains(CommandLine.arguments[1]) { return }
  var best = Double.infinity
  var sum = 0
  var rounds = 1
  for _ in 0..<6 {
    let start = processorNanoseconds()
    for _ in 0..<rounds { sum &+= try body() }
    let each = (processorNanoseconds() - start) / Double(rounds)
    best = min(best, each)
    rounds = max(1, Int(2e8 / each))
  }
  let padded = name + String(repeating: " ", count: max(1, 44 - name.count))
  print("\(padded)\(Int(1e9 / best)) /s   \(Int(best)) ns   \(Int(Double(bytes) * 1e3 / best)) MB/s   [\(sum & 1)]")
}

print("a document of \(document.count) bytes")
measure("validate", bytes: document.count) {
  try! JSONText.validateObject(document)
  return 1
}
var out: [UInt8] = []
out.reserveCapacity(1024)
measure("validate and splice four fields", bytes: document.count) {
  try! JSONText.validateObject(document)
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
  return out.count
}
measure("parse to values", bytes: document.count) { try! JSONValue(parsing: document).objectValue?.count ?? 0 }
measure("write values", bytes: document.count) { value.bytes().count }
measure("find the last member", bytes: document.count) { JSONText.member("editor", of: document)?.lowerBound ?? 0 }
measure("remove two members", bytes: document.count) { JSONText.removingMembers(["title", "id"], from: document).count }
measure("keep three paths", bytes: document.count) { JSONText.keepingMembers(["title", "place.name", "tags"], of: document).count }
measure("merge a patch of \(patch.count) bytes", bytes: document.count) { try! JSONText.mergePatch(patch, onto: document).count }
measure("compact", bytes: document.count) { JSONText.compact(document).count }

print("hostile texts of about 1 MiB")
func hostile(_ name: String, _ text: String) {
  let bytes = Array(text.utf8)
  measure("validate \(name)", bytes: bytes.count) { (try? JSONText.validate(bytes)) == nil ? 0 : 1 }
  measure("parse \(name)", bytes: bytes.count) { (try? JSONValue(parsing: bytes)) == nil ? 0 : 1 }
}
let many = "{" + (0..<100_000).map { "\"\($0)\":0" }.joined(separator: ",") + "}"
hostile("100,000 keys", many)
measure("merge 100,000 keys onto themselves", bytes: many.utf8.count) { try! JSONText.mergePatch(Array(many.utf8), onto: Array(many.utf8)).count }
hostile("open arrays", String(repeating: "[", count: 1 << 20))
hostile("escapes", "\"" + String(repeating: "\\u00e9", count: 170_000) + "\"")
hostile("one long number", "0." + String(repeating: "1", count: 1 << 20))
hostile("a number too large", String(repeating: "1", count: 1 << 20))
hostile("numbers near the limit", "[" + String(repeating: "1e308,", count: 170_000) + "0]")
hostile("long numbers", "[" + String(repeating: String(repeating: "1", count: 300) + ".5,", count: 3_400) + "0]")
hostile("two-byte characters", "\"" + String(repeating: "é", count: 1 << 19) + "\"")
hostile("four-byte characters", "\"" + String(repeating: "😀", count: 1 << 18) + "\"")
hostile("plain text", "\"" + String(repeating: "plain text ", count: 95_000) + "\"")
