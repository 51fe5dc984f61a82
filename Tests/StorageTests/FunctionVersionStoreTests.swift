import Core
import JSON
import TestKit
import Testing

@testable import Storage

@Suite("Versions of functions at rest")
struct FunctionVersionStoreTests {
  private func definition(_ number: Int) throws -> FunctionDefinition {
    try FunctionDefinition(name: "f", value: ["source": .string("export default () => \(number)")])
  }

  private func store(versions: Int) async throws -> TestStorage {
    let store = try await TestStorage()
    for number in 0..<versions {
      _ = try await store.project.functions.deploy(
        definition(number + 1), DeployOptions(author: Array(#"{"type":"admin","id":"a"}"#.utf8)), at: store.clock.now())
    }
    return store
  }

  private func refusal(_ code: ErrorCode, _ work: () async throws -> Void) async {
    do {
      try await work()
      Issue.record("expected \(code)")
    } catch {
      #expect((error as? RoostError)?.code == code, "\(error)")
    }
  }

  @Test("Each deploy is listed with who, when, how large and its checksum")
  func list() async throws {
    let functions = try await store(versions: 3).project.functions
    let versions = try await functions.versions(of: "f", limit: 2, before: nil)
    #expect(versions.map(\.version) == [3, 2] && versions.map(\.uses) == [["current"], []])
    #expect(versions[0].size == 22 && versions[0].checksum == hexadecimal(SHA256Digest.hash(Array("export default () => 3".utf8))))
    #expect(versions[0].author.map { String(decoding: $0, as: UTF8.self) } == #"{"type":"admin","id":"a"}"#)
    #expect(try await functions.versions(of: "f", limit: 2, before: 2).map(\.version) == [1])
    #expect(try await functions.version(1, of: "f")?.definition.source == "export default () => 1")
    #expect(try await functions.version(9, of: "f") == nil)
    await refusal(.functionNotFound) { _ = try await functions.versions(of: "g", limit: 1, before: nil) }
  }

  @Test("A rollback makes an old version current, and the next deploy takes a new number")
  func rollback() async throws {
    let store = try await store(versions: 3)
    let functions = store.project.functions
    _ = try await functions.setAlias("live", of: "f", to: VersionSplit(1), expected: .oneOf([3]), at: store.clock.now())
    let current = try await functions.functions()[0]
    #expect(current.version == 1 && current.definition.source == "export default () => 1" && current.live == VersionSplit(1))
    await refusal(.preconditionFailed) {
      _ = try await functions.setAlias("live", of: "f", to: VersionSplit(2), expected: .oneOf([3]), at: store.clock.now())
    }
    let (next, _) = try await functions.deploy(definition(4), at: store.clock.now())
    #expect(next.version == 4)
    try await functions.deleteVersion(3, of: "f")
    try await functions.deleteVersion(2, of: "f")
    _ = try await functions.setAlias("live", of: "f", to: VersionSplit(1), expected: .none, at: store.clock.now())
    try await functions.deleteVersion(4, of: "f")
    #expect(try await functions.deploy(definition(5), at: store.clock.now()).0.version == 5)
  }

  @Test("A split, a deploy into it, and its end")
  func split() async throws {
    let store = try await store(versions: 2)
    let functions = store.project.functions
    let (deployed, _) = try await functions.deploy(definition(3), DeployOptions(share: 0.25), at: store.clock.now())
    #expect(deployed.version == 2 && deployed.live == VersionSplit(2, giving: 0.25, to: 3))
    var current = try await functions.functions()[0]
    #expect(current.live == deployed.live && current.others.keys.sorted() == [3] && current.others[3]?.source == "export default () => 3")
    // Only published: the split goes on.
    #expect(try await functions.deploy(definition(4), DeployOptions(share: 0), at: store.clock.now()).0.live == deployed.live)
    await refusal(.conflict) { try await functions.deleteVersion(3, of: "f") }
    await refusal(.conflict) { try await functions.deleteVersion(2, of: "f") }
    _ = try await functions.setAlias("live", of: "f", to: VersionSplit(2, giving: 0.75, to: 3), expected: .none, at: store.clock.now())
    #expect(try await functions.functions()[0].version == 3)
    try await functions.deleteAlias("live", of: "f", at: store.clock.now())
    current = try await functions.functions()[0]
    #expect(current.version == 3 && current.live == VersionSplit(3) && current.others.isEmpty)
    #expect(try await functions.deploy(definition(5), at: store.clock.now()).0.live == VersionSplit(5))
  }

  @Test("Aliases hold their versions")
  func aliases() async throws {
    let store = try await store(versions: 2)
    let functions = store.project.functions
    #expect(try await functions.setAlias("stable", of: "f", to: VersionSplit(1), expected: .none, at: store.clock.now()).created)
    #expect(try await !functions.setAlias("stable", of: "f", to: VersionSplit(1), expected: .none, at: store.clock.now()).created)
    #expect(try await functions.aliases(of: "f").map(\.name) == ["live", "stable"])
    #expect(try await functions.functions()[0].aliases == ["stable": VersionSplit(1)])
    await refusal(.conflict) { try await functions.deleteVersion(1, of: "f") }
    await refusal(.notFound) { _ = try await functions.setAlias("x", of: "f", to: VersionSplit(9), expected: .none, at: store.clock.now()) }
    for number in 0..<(Limits.functionAliasesMax - 1) {
      _ = try await functions.setAlias("a\(number)", of: "f", to: VersionSplit(1), expected: .none, at: store.clock.now())
    }
    await refusal(.conflict) { _ = try await functions.setAlias("more", of: "f", to: VersionSplit(1), expected: .none, at: store.clock.now()) }
    for alias in try await functions.aliases(of: "f") where alias.name != "live" { try await functions.deleteAlias(alias.name, of: "f", at: store.clock.now()) }
    try await functions.deleteVersion(1, of: "f")
    await refusal(.notFound) { try await functions.deleteAlias("stable", of: "f", at: store.clock.now()) }
  }

  @Test("Old versions are pruned, but not those in use")
  func pruning() async throws {
    let store = try await store(versions: 2)
    let functions = store.project.functions
    _ = try await functions.setAlias("stable", of: "f", to: VersionSplit(1), expected: .none, at: store.clock.now())
    for number in 3...(Limits.functionVersionsKept + 2) { _ = try await functions.deploy(definition(number), at: store.clock.now()) }
    let kept = try await functions.versions(of: "f", limit: 1000, before: nil).map(\.version)
    #expect(kept.count == Limits.functionVersionsKept + 1 && kept.last == 1 && !kept.contains(2) && kept.contains(3))
  }
}
