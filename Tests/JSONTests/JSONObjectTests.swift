import Testing

@testable import JSON

@Suite struct JSONObjectTests {
  @Test("members keep the order in which they came, the last of a name counts")
  func order() {
    var object: JSONObject = ["b": 1, "a": 2, "b": 3]
    #expect(object.keys == ["b", "a"] && object["b"] == 3)
    object["c"] = 4
    object["b"] = 5
    object["a"] = nil
    #expect(object.text == #"{"b":5,"c":4}"#)
    object["n"] = JSONValue.null
    #expect(object["n"] == .some(.null) && object.count == 3 && object.contains("n"))
    #expect(object.remove("zz") == nil && object.remove("c") == 4)
    object["l", default: []] = ["x"]
    #expect(object.map(\.key) == ["b", "n", "l"] && object.values == [5, nil, ["x"]])
    #expect(!object.isEmpty && JSONObject().isEmpty)
  }

  @Test("order does not count in equality and hash, content does")
  func equality() {
    let a: JSONObject = ["x": 1, "y": [2]]
    #expect(a == ["y": [2], "x": 1] && a.hashValue == (["y": [2], "x": 1] as JSONObject).hashValue)
    #expect(a != ["x": 1] && a != ["x": 1, "y": [3]] && a != ["x": 1, "z": [2]])
  }

  @Test("canonically equivalent names are different names", arguments: [0, 30])
  func names(others: Int) throws {
    var object = JSONObject((0..<others).map { ("k\($0)", .int(Int64($0))) })
    object["é"] = 1
    object["e\u{301}"] = 2
    #expect(object["é"] == 1 && object["e\u{301}"] == 2 && object.count == others + 2)
    #expect(try JSONValue(parsing: object.bytes()) == .object(object))
  }

  @Test("an object of any size does what a list of pairs does", arguments: SeededChance.seeds)
  func model(seed: UInt64) {
    var chance = SeededChance(seed: seed)
    var object = JSONObject()
    var model: [(key: String, value: JSONValue)] = []
    for step in 0..<800 {
      let key = "k\(chance.below(step < 400 ? 40 : 12))"
      switch chance.below(8) {
      case 0...3:
        object[key] = .int(Int64(step))
        if let index = model.firstIndex(where: { $0.key == key }) {
          model[index].value = .int(Int64(step))
        } else {
          model.append((key, .int(Int64(step))))
        }
      case 4, 5:
        object.remove(key)
        model.removeAll { $0.key == key }
      case 6:
        object.removeAll { $0.key.hasSuffix("7") }
        model.removeAll { $0.key.hasSuffix("7") }
      default: break
      }
      #expect(object[key] == model.first { $0.key == key }?.value)
      #expect(object.elementsEqual(model) { $0 == $1 })
    }
  }
}
