import ArgumentParser
import JSON
import Testing

@testable import roost

@Suite struct FunctionSettingsTests {
  private func manifest(_ arguments: String...) throws -> JSONValue { .object(try FunctionSettings.parse(arguments).manifest()) }

  @Test("flags become the API's manifest")
  func manifest() throws {
    #expect(
      try manifest("--on", "created,updated", "--collection", "orders", "--where", "total > 100", "--timeout", "10s", "--attempts", "3", "--env", "A=b=c")
        == [
          "triggers": [["type": "document", "events": ["created", "updated"], "collection": "orders", "where": "total > 100"]], "timeout": "10s",
          "retry": ["attempts": 3], "env": ["A": "b=c"],
        ])
  }

  @Test("a trigger may name its own collection, and there may be several")
  func several() throws {
    let triggers = try manifest("--on", "orders:created", "--on", "users:deleted")["triggers"]
    #expect(triggers?[0]?["collection"] == "orders" && triggers?[1]?["collection"] == "users" && triggers?[1]?["events"] == ["deleted"])
  }

  @Test(
    "what cannot be meant is refused",
    arguments: [
      ["--on", "created"], ["--on", "orders:made"], ["--on", ":created"], ["--where", "a"], ["--timeout", "1s"], ["--on", "orders:created", "--env", "A"],
      ["--on", "orders:created", "--env", "=b"], ["--on", "orders:"],
    ])
  func refused(arguments: [String]) {
    #expect(throws: (any Error).self) { try FunctionSettings.parse(arguments) }
  }

  @Test("nothing given is nothing said")
  func nothing() throws {
    #expect(try !FunctionSettings.parse([]).areGiven)
  }
}
