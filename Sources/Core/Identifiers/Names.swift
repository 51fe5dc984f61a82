/// What a caller may call a thing.
package enum Names {
  /// `^[A-Za-z0-9_-]{1,128}$`: an id that a caller names.
  package static func isValidID(_ id: String) -> Bool {
    let bytes = id.utf8
    return !bytes.isEmpty && bytes.count <= Limits.idCharactersMax
      && bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
  }

  /// `^[A-Za-z][A-Za-z0-9_-]{0,63}$`: a collection, bucket or function.
  package static func isValidName(_ name: String) -> Bool {
    guard let first = name.utf8.first, isLetter(first) else { return false }
    return isValidID(name) && name.utf8.count <= Limits.nameCharactersMax
  }

  private static func isLetter(_ byte: UInt8) -> Bool {
    (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    isLetter(byte) || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  package static func requireID(_ id: String) throws {
    guard isValidID(id) else {
      throw RoostError(
        .badRequest, "'\(id.prefix(140))' is not a valid id: expected 1 to 128 characters out of A–Z, a–z, 0–9, '_' and '-'.")
    }
  }

  package static func requireName(_ name: String, of kind: String) throws {
    guard isValidName(name) else {
      throw RoostError(
        .badRequest,
        "'\(name.prefix(80))' is not a valid \(kind) name: expected a letter, then up to 63 characters out of A–Z, a–z, 0–9, '_' and '-'.")
    }
  }
}
