import Core

/// A `requirements.txt` as the server takes it: names with versions, markers and hashes, and wheels that lie in the archive. pip's options, addresses and folders are
/// refused, because they make pip run code of whoever wrote what it finds there.
enum RequirementsFile {
  /// Throws `deploy_refused` and names the line.
  static func check(_ text: String) throws {
    try requireOneReading(text)
    var continued = ""
    for (position, line) in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map(String.init).enumerated() {
      var part = line
      if part.unicodeScalars.last == "\r" { part.unicodeScalars.removeLast() }
      // A line that is a comment ends the one before, whatever its own last character.
      let isComment = part.first { $0 != " " && $0 != "\t" } == "#"
      if part.hasSuffix("\\"), !isComment {
        continued += part.dropLast() + " "
        continue
      }
      if isComment { part = " " + part }
      part = continued + part
      continued = ""
      let requirement = withoutComment(part).split(separator: " ", omittingEmptySubsequences: true).map(String.init).joined(separator: " ")
      guard requirement.isEmpty || isTaken(requirement) else {
        throw RoostError(
          .deployRefused,
          "requirements.txt, line \(position + 1): '\(requirement.prefix(120))' is not taken. Expected a package with its version, like `six==1.17.0`, or a wheel in the archive, like `./six.whl`."
        )
      }
    }
    guard continued.isEmpty else { throw RoostError(.deployRefused, "requirements.txt breaks off after a backslash.") }
  }

  /// Refuses what pip reads in another way than it stands there: other ends of lines than LF and CR LF, an encoding that a comment of the first two
  /// lines names, and variables, which it fills in before all else, in comments too.
  private static func requireOneReading(_ text: String) throws {
    func refused(_ what: String) -> RoostError { RoostError(.deployRefused, "requirements.txt has \(what), which is not taken.") }
    let scalars = Array(text.unicodeScalars)
    for (position, scalar) in scalars.enumerated() {
      switch scalar.value {
      case 0x09, 0x0A: continue
      case 0x0D where position + 1 < scalars.count && scalars[position + 1] == "\n": continue
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: throw refused("a control character")
      case 0x24: throw refused("a '$'")
      default: continue
      }
    }
    for line in text.lowercased().unicodeScalars.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false).prefix(2).map(String.init)
    where line.contains("coding:") || line.contains("coding=") {
      throw refused("an encoding other than UTF-8")
    }
  }

  /// A comment begins a line or follows a space.
  private static func withoutComment(_ line: String) -> Substring {
    var previous: Character = " "
    for (index, character) in zip(line.indices, line) {
      if character == "#", previous == " " || previous == "\t" { return line[..<index] }
      previous = character
    }
    return line[...]
  }

  private static func isTaken(_ requirement: String) -> Bool {
    guard requirement.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) else { return false }
    let words = requirement.split(separator: " ")
    // Each file that pip fetches may be pinned by its hash.
    let hashes = words.filter { $0.hasPrefix("--hash=sha256:") && $0.dropFirst(14).allSatisfy(\.isHexDigit) }
    let rest = words.filter { !$0.hasPrefix("--hash=") }
    guard hashes.count + rest.count == words.count, let first = rest.first else { return false }
    if first.hasPrefix("./") || first.hasSuffix(".whl") {
      let path = first.split(separator: "/", omittingEmptySubsequences: false)
      return rest.count == 1 && first.hasSuffix(".whl") && !path.contains("..") && (first.hasPrefix("./") || isNameStart(first)) && !first.contains(":")
        && !first.contains("@")
    }
    // PEP 508 without addresses: name[extras] versions ; markers
    guard isNameStart(first) else { return false }
    let specification = rest.joined(separator: " ")
    let parts = specification.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
    guard !parts[0].contains("/"), !parts[0].contains("@"), !parts[0].contains(":") else { return false }
    return !rest.contains { $0.hasPrefix("-") }
  }

  private static func isNameStart(_ text: Substring) -> Bool {
    text.utf8.first.map { $0 < 128 && (Character(Unicode.Scalar($0)).isLetter || $0 >= 48 && $0 <= 57) } ?? false
  }
}
