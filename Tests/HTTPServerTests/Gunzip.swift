import Glibc
import Testing

/// Unpacks with Debian's gzip, which is not the library under test's own word for it.
func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
  var template = Array("/tmp/roost-gzip-XXXXXX".utf8CString)
  let descriptor = mkstemp(&template)
  try #require(descriptor >= 0)
  let path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  defer {
    close(descriptor)
    unlink(path)
  }
  try #require(write(descriptor, bytes, bytes.count) == bytes.count)
  let pipe = try #require(popen("gzip -dc < \(path)", "r"))
  defer { pclose(pipe) }
  var unpacked: [UInt8] = []
  var space = [UInt8](repeating: 0, count: 64 * 1024)
  while true {
    let count = fread(&space, 1, space.count, pipe)
    guard count > 0 else { return unpacked }
    unpacked.append(contentsOf: space[..<count])
  }
}
