import Testing

@testable import roost

@Suite("What of a folder is deployed")
struct PackedFolderTests {
  @Test("The last pattern that fits decides")
  func patterns() {
    let ignored = IgnoredFiles([".*", "node_modules", "*.pyc", "build/*.map", "/secret.txt", "!node_modules", "!keep.pyc"])
    for path in [".git", "a/.env", "x.pyc", "a/b/x.pyc", "build/a.map", "secret.txt"] { #expect(ignored.leavesOut(path), "\(path)") }
    for path in ["main.ts", "node_modules", "keep.pyc", "build/a/b.map", "a/secret.txt", "a.b"] { #expect(!ignored.leavesOut(path), "\(path)") }
  }
}
