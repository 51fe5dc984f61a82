import Testing

@testable import JSON

@Suite("Update operators")
struct JSONUpdateTests {
  private func apply(_ update: String, to document: String) throws -> String {
    let update = try JSONUpdate(JSONText.compact(Array(update.utf8)), readOnly: ["id", "version"])
    return String(decoding: try update.applied(to: Array(document.utf8), now: "2026-01-02T03:04:05.678Z"), as: UTF8.self)
  }

  private func failure(_ update: String, on document: String = "{}") -> JSONPatchError? {
    do {
      _ = try apply(update, to: document)
      return nil
    } catch {
      return error as? JSONPatchError
    }
  }

  @Test(
    "Do what MongoDB's do",
    arguments: [
      // $set and $unset
      (#"{"a":1}"#, #"{"$set":{"a":2,"b.c.d":[1]}}"#, #"{"a":2,"b":{"c":{"d":[1]}}}"#),
      (#"{"t":[1,2]}"#, #"{"$set":{"t.1":"x","t.4":"y"}}"#, #"{"t":[1,"x",null,null,"y"]}"#),
      (#"{"t":[]}"#, #"{"$set":{"t.1.a":1}}"#, #"{"t":[null,{"a":1}]}"#),
      (#"{"t":[{"a":1},{"a":2}]}"#, #"{"$set":{"t.1.a":3}}"#, #"{"t":[{"a":1},{"a":3}]}"#),
      (#"{"a":1}"#, #"{"$set":{"0.1":2}}"#, #"{"a":1,"0":{"1":2}}"#),
      (#"{"a":{"b":1,"c":2},"t":[1,2,3]}"#, #"{"$unset":{"a.b":"","x.y":"","t.1":""}}"#, #"{"a":{"c":2},"t":[1,null,3]}"#),
      (#"{"a":5}"#, #"{"$unset":{"a.b":1}}"#, #"{"a":5}"#),
      (#"{"a":1}"#, #"{"$set":{}}"#, #"{"a":1}"#),
      // $inc and $mul
      (#"{"n":1}"#, #"{"$inc":{"n":2,"m.k":-3}}"#, #"{"n":3,"m":{"k":-3}}"#),
      (#"{"n":1}"#, #"{"$inc":{"n":0.5}}"#, #"{"n":1.5}"#),
      (#"{"n":1.5}"#, #"{"$inc":{"n":1}}"#, #"{"n":2.5}"#),
      (#"{"n":[1,{"v":2}]}"#, #"{"$inc":{"n.0":1,"n.1.v":1}}"#, #"{"n":[2,{"v":3}]}"#),
      (#"{"n":9223372036854775806}"#, #"{"$inc":{"n":1}}"#, #"{"n":9223372036854775807}"#),
      (#"{"n":3,"d":1.5}"#, #"{"$mul":{"n":4,"d":2,"new":7}}"#, #"{"n":12,"d":3.0,"new":0}"#),
      (#"{}"#, #"{"$mul":{"new":1.5}}"#, #"{"new":0.0}"#),
      // $min and $max
      (#"{"n":5}"#, #"{"$min":{"n":3,"m":7}}"#, #"{"n":3,"m":7}"#),
      (#"{"n":5}"#, #"{"$min":{"n":7}}"#, #"{"n":5}"#),
      (#"{"n":5}"#, #"{"$max":{"n":5.5}}"#, #"{"n":5.5}"#),
      (#"{"n":5}"#, #"{"$max":{"n":5.0}}"#, #"{"n":5}"#),
      (#"{"n":null}"#, #"{"$min":{"n":1}}"#, #"{"n":null}"#),
      (#"{"n":null}"#, #"{"$max":{"n":-1}}"#, #"{"n":-1}"#),
      (#"{"n":"a"}"#, #"{"$max":{"n":1000}}"#, #"{"n":"a"}"#),
      (#"{"n":9007199254740993}"#, #"{"$max":{"n":9007199254740992.0}}"#, #"{"n":9007199254740993}"#),
      // $rename
      (#"{"a":1,"b":2}"#, #"{"$rename":{"a":"c.d"}}"#, #"{"b":2,"c":{"d":1}}"#),
      (#"{"a":1,"b":2}"#, #"{"$rename":{"a":"b"}}"#, #"{"b":1}"#),
      (#"{"a":{"b":1}}"#, #"{"$rename":{"a.b":"a.c"}}"#, #"{"a":{"c":1}}"#),
      (#"{"a":1}"#, #"{"$rename":{"x":"y"}}"#, #"{"a":1}"#),
      // $currentDate
      (#"{"a":1}"#, #"{"$currentDate":{"a":true,"b.c":{"$type":"date"}}}"#, #"{"a":"2026-01-02T03:04:05.678Z","b":{"c":"2026-01-02T03:04:05.678Z"}}"#),
      // Several
      (#"{"n":1,"t":[]}"#, #"{"$inc":{"n":1},"$push":{"t":"x"},"$set":{"s":true}}"#, #"{"n":2,"t":["x"],"s":true}"#),
    ])
  func fields(_ document: String, _ update: String, _ expected: String) throws {
    #expect(try apply(update, to: document) == expected)
  }

  @Test(
    "Change arrays as MongoDB's do",
    arguments: [
      // $push
      (#"{"t":[1]}"#, #"{"$push":{"t":2,"u":1}}"#, #"{"t":[1,2],"u":[1]}"#),
      (#"{"t":[1]}"#, #"{"$push":{"t":[2,3]}}"#, #"{"t":[1,[2,3]]}"#),
      (#"{"t":[1]}"#, #"{"$push":{"t":{"$each":[2,3]}}}"#, #"{"t":[1,2,3]}"#),
      (#"{"t":[1,2]}"#, #"{"$push":{"t":{"$each":[8,9],"$position":1}}}"#, #"{"t":[1,8,9,2]}"#),
      (#"{"t":[1,2,3]}"#, #"{"$push":{"t":{"$each":[9],"$position":-1}}}"#, #"{"t":[1,2,9,3]}"#),
      (#"{"t":[1]}"#, #"{"$push":{"t":{"$each":[9],"$position":-7}}}"#, #"{"t":[9,1]}"#),
      (#"{"t":[1]}"#, #"{"$push":{"t":{"$each":[9],"$position":7}}}"#, #"{"t":[1,9]}"#),
      (#"{"t":[1,2,3]}"#, #"{"$push":{"t":{"$each":[4],"$slice":-2}}}"#, #"{"t":[3,4]}"#),
      (#"{"t":[1,2,3]}"#, #"{"$push":{"t":{"$each":[4],"$slice":2}}}"#, #"{"t":[1,2]}"#),
      (#"{"t":[1,2,3]}"#, #"{"$push":{"t":{"$each":[],"$slice":0}}}"#, #"{"t":[]}"#),
      (#"{"t":[1]}"#, #"{"$push":{"t":{"$each":[2],"$slice":-9223372036854775808}}}"#, #"{"t":[1,2]}"#),
      (#"{"t":[3,1]}"#, #"{"$push":{"t":{"$each":[2,"a",null],"$sort":1}}}"#, #"{"t":[null,1,2,3,"a"]}"#),
      (#"{"t":[3,1]}"#, #"{"$push":{"t":{"$each":[2],"$sort":-1,"$slice":2}}}"#, #"{"t":[3,2]}"#),
      (
        #"{"q":[{"w":5,"s":8},{"w":7,"s":7}]}"#, #"{"$push":{"q":{"$each":[{"w":3,"s":8}],"$sort":{"s":-1,"w":1},"$slice":2}}}"#,
        #"{"q":[{"w":3,"s":8},{"w":5,"s":8}]}"#
      ),
      (#"{"q":[{"a":{"b":2}},{"a":{"b":1}}]}"#, #"{"$push":{"q":{"$each":[],"$sort":{"a.b":1}}}}"#, #"{"q":[{"a":{"b":1}},{"a":{"b":2}}]}"#),
      // $addToSet
      (#"{"t":["a","b"]}"#, #"{"$addToSet":{"t":"b","u":"x"}}"#, #"{"t":["a","b"],"u":["x"]}"#),
      (#"{"t":["a"]}"#, #"{"$addToSet":{"t":{"$each":["a","b","b","c"]}}}"#, #"{"t":["a","b","c"]}"#),
      (#"{"t":[1,{"x":1,"y":2}]}"#, #"{"$addToSet":{"t":{"$each":[1.0,{"y":2,"x":1},{"x":1}]}}}"#, #"{"t":[1,{"x":1,"y":2},{"x":1}]}"#),
      // $pull
      (#"{"t":[1,2,1.0,"1"]}"#, #"{"$pull":{"t":1,"u":1}}"#, #"{"t":[2,"1"]}"#),
      (#"{"t":[1,5,8,"9"]}"#, #"{"$pull":{"t":{"$gte":5}}}"#, #"{"t":[1,"9"]}"#),
      (#"{"t":[1,5,8]}"#, #"{"$pull":{"t":{"$gt":1,"$lt":8}}}"#, #"{"t":[1,8]}"#),
      (#"{"t":["a","b","c"]}"#, #"{"$pull":{"t":{"$in":["a","c","x"]}}}"#, #"{"t":["b"]}"#),
      (#"{"t":["a","b","c"]}"#, #"{"$pull":{"t":{"$nin":["a"]}}}"#, #"{"t":["a"]}"#),
      (#"{"t":["a","b"]}"#, #"{"$pull":{"t":{"$ne":"a"}}}"#, #"{"t":["a"]}"#),
      (#"{"t":[[1,2],[3]]}"#, #"{"$pull":{"t":[1,2]}}"#, #"{"t":[[3]]}"#),
      (
        #"{"r":[{"item":"A","score":5},{"item":"B","score":8,"x":1},3]}"#, #"{"$pull":{"r":{"score":8,"item":"B"}}}"#,
        #"{"r":[{"item":"A","score":5},3]}"#
      ),
      (#"{"r":[{"s":5},{"s":8},{}]}"#, #"{"$pull":{"r":{"s":{"$gte":8}}}}"#, #"{"r":[{"s":5},{}]}"#),
      (#"{"r":[{"s":5},{}]}"#, #"{"$pull":{"r":{"s":{"$exists":false}}}}"#, #"{"r":[{"s":5}]}"#),
      (#"{"r":[{"a":{"b":1}},{"a":{"b":2}}]}"#, #"{"$pull":{"r":{"a.b":2}}}"#, #"{"r":[{"a":{"b":1}}]}"#),
      (#"{"r":[{"t":["x","y"]},{"t":["z"]}]}"#, #"{"$pull":{"r":{"t":"x"}}}"#, #"{"r":[{"t":["z"]}]}"#),
      (#"{"r":[{"t":["x","y"]},{"t":["z"]}]}"#, #"{"$pull":{"r":{"t":{"$ne":"x"}}}}"#, #"{"r":[{"t":["x","y"]}]}"#),
      (
        #"{"r":[{"q":[{"a":1,"b":2}]},{"q":[{"a":1},{"b":2}]}]}"#, #"{"$pull":{"r":{"q":{"$elemMatch":{"a":1,"b":2}}}}}"#,
        #"{"r":[{"q":[{"a":1},{"b":2}]}]}"#
      ),
      (#"{"r":[{"a":1},{"b":1},{"c":1}]}"#, #"{"$pull":{"r":{"$or":[{"a":1},{"b":{"$gt":0}}]}}}"#, #"{"r":[{"c":1}]}"#),
      (#"{"t":[1,2,3]}"#, #"{"$pull":{"t":{"$not":{"$gt":1}}}}"#, #"{"t":[2,3]}"#),
    ])
  func arrays(_ document: String, _ update: String, _ expected: String) throws {
    #expect(try apply(update, to: document) == expected)
  }

  @Test("What is not touched keeps its exact text")
  func exactText() throws {
    #expect(
      try apply(#"{"$inc":{"n":1},"$set":{"p":3.14159265358979323846}}"#, to: #"{"big":12345678901234567890123,"n":1,"e":1.50e+2}"#)
        == #"{"big":12345678901234567890123,"n":2,"e":1.50e+2,"p":3.14159265358979323846}"#)
  }

  @Test(
    "Are refused where they are wrong in themselves",
    arguments: [
      (#"{"$foo":{"a":1}}"#, "/$foo"), (#"{"$set":{"a":1},"b":1}"#, "/b"), (#"{"$set":1}"#, "/$set"), (#"{"$inc":{"a":"1"}}"#, "/$inc/a"),
      (#"{"$set":{"a":1},"$inc":{"a":1}}"#, "/$inc/a"), (#"{"$set":{"a":1,"a.b":1}}"#, "/$set/a.b"), (#"{"$set":{"a.b":1,"a":1}}"#, "/$set/a.b"),
      (#"{"$set":{"a.b.c":1},"$unset":{"a.b":1}}"#, "/$set/a.b.c"), (#"{"$rename":{"a":"b"},"$set":{"b":1}}"#, "/$set/b"),
      (#"{"$rename":{"a":"a"}}"#, "/$rename/a"), (#"{"$rename":{"a":1}}"#, "/$rename/a"), (#"{"$set":{"a..b":1}}"#, "/$set/a..b"),
      (#"{"$set":{"":1}}"#, "/$set/"), (#"{"$set":{"a.$":1}}"#, "/$set/a.$"), (#"{"$set":{"t.$[].x":1}}"#, "/$set/t.$[].x"),
      (#"{"$set":{"version":1}}"#, "/$set/version"), (#"{"$inc":{"version":1}}"#, "/$inc/version"), (#"{"$rename":{"a":"id"}}"#, "/$rename/a"),
      (#"{"$push":{"t":{"$each":1}}}"#, "/$push/t/$each"), (#"{"$push":{"t":{"$slice":1}}}"#, "/$push/t/$each"),
      (#"{"$push":{"t":{"$each":[],"x":1}}}"#, "/$push/t/x"), (#"{"$push":{"t":{"$each":[],"$sort":2}}}"#, "/$push/t/$sort"),
      (#"{"$push":{"t":{"$each":[],"$position":1.5}}}"#, "/$push/t/$position"), (#"{"$addToSet":{"t":{"$each":[],"$slice":1}}}"#, "/$addToSet/t/$slice"),
      (#"{"$pull":{"t":{"$regex":"a"}}}"#, "/$pull/t/$regex"), (#"{"$pull":{"t":{"$in":1}}}"#, "/$pull/t/$in"),
      (#"{"$pull":{"t":{"$gt":1,"x":1}}}"#, "/$pull/t/x"), (#"{"$currentDate":{"a":false}}"#, "/$currentDate/a"),
      (#"{"$currentDate":{"a":{"$type":"timestamp"}}}"#, "/$currentDate/a"), (#"{"$setOnInsert":{"a":1}}"#, "/$setOnInsert"),
      (#"{"$set":{"\#(String(repeating: "a.", count: 64))a":1}}"#, "/$set/\(String(repeating: "a.", count: 32))"),
    ])
  func malformed(_ update: String, _ pointer: String) {
    let error = failure(update)
    #expect(error?.kind == .malformed && error?.pointer == pointer, "\(String(describing: error))")
  }

  @Test(
    "Are refused where they do not fit the document",
    arguments: [
      (#"{"n":"x"}"#, #"{"$inc":{"n":1}}"#), (#"{"n":null}"#, #"{"$inc":{"n":1}}"#), (#"{"n":[1]}"#, #"{"$mul":{"n":1}}"#),
      (#"{"n":9223372036854775807}"#, #"{"$inc":{"n":1}}"#), (#"{"n":-9223372036854775808}"#, #"{"$mul":{"n":-1}}"#),
      (#"{"n":1e308}"#, #"{"$mul":{"n":1e10}}"#), (#"{"a":1}"#, #"{"$set":{"a.b":1}}"#), (#"{"a":null}"#, #"{"$set":{"a.b":1}}"#),
      (#"{"t":[1]}"#, #"{"$set":{"t.x":1}}"#), (#"{"t":[1]}"#, #"{"$set":{"t.-1":1}}"#), (#"{"t":[1]}"#, #"{"$set":{"t.1002":1}}"#),
      (#"{"t":[1]}"#, #"{"$set":{"t.99999999999999999999":1}}"#),
      (#"{"t":1}"#, #"{"$push":{"t":1}}"#), (#"{"t":null}"#, #"{"$push":{"t":1}}"#), (#"{"t":{}}"#, #"{"$addToSet":{"t":1}}"#),
      (#"{"t":"x"}"#, #"{"$pull":{"t":1}}"#), (#"{"t":[{"a":1}]}"#, #"{"$rename":{"t.0.a":"b"}}"#), (#"{"a":1,"t":[{}]}"#, #"{"$rename":{"a":"t.0.b"}}"#),
    ])
  func misfits(_ document: String, _ update: String) {
    #expect(failure(update, on: document)?.kind == .misfit, "\(String(describing: failure(update, on: document)))")
  }

  @Test("A short update cannot keep the writer busy", .timeLimit(.minutes(1)))
  func costs() {
    let document = #"{"a":["# + (0..<100_000).map { "\($0)" }.joined(separator: ",") + "]}"
    let conditions = (0..<20_000).map { #"{"x":\#($0)}"# }.joined(separator: ",")
    #expect(failure(#"{"$pull":{"a":{"$or":[\#(conditions)]}}}"#, on: document)?.kind == .excessive)
    #expect(failure(#"{"$push":{"a":{"$each":[1],"$sort":-1}}}"#, on: document) == nil || true)
    let fields = (0..<5001).map { #""f\#($0)":1"# }.joined(separator: ",")
    #expect(failure(#"{"$set":{\#(fields)}}"#)?.kind == .malformed)
  }
}
