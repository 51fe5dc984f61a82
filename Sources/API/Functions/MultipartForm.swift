import Core
import Glibc

/// The parts of a `multipart/form-data` body (RFC 7578), which is held whole.
struct MultipartForm {
  struct Part {
    let name: String
    let content: ArraySlice<UInt8>
  }

  private static let partsMax = 16
  /// Of one part; curl writes some hundred.
  private static let headerBytesMax = 8 << 10

  let parts: [Part]

  /// Throws `bad_request` for what is no such body, or has a name twice.
  init(_ body: [UInt8], contentType: String) throws {
    let boundary = try Self.boundary(contentType)
    let delimiter = Array("\r\n--\(boundary)".utf8)
    // What stands before the first one is not part of the form.
    var place = body.starts(with: delimiter.dropFirst(2)) ? -2 : Self.find(delimiter, in: body, from: 0) ?? body.count
    var parts: [Part] = []
    while true {
      place += delimiter.count
      guard place + 2 <= body.count else { throw Self.broken }
      if body[place] == UInt8(ascii: "-"), body[place + 1] == UInt8(ascii: "-") { break }
      while place < body.count, body[place] == 32 || body[place] == 9 { place += 1 }
      guard place + 2 <= body.count, body[place] == 13, body[place + 1] == 10, parts.count < Self.partsMax,
        let headersEnd = Self.find(Array("\r\n\r\n".utf8), in: body, from: place), headersEnd - place <= Self.headerBytesMax,
        let end = Self.find(delimiter, in: body, from: headersEnd + 2)
      else { throw Self.broken }
      guard let name = Self.name(String(decoding: body[place..<headersEnd], as: UTF8.self)), !parts.contains(where: { $0.name == name }) else {
        throw RoostError(.badRequest, "Each part of a form has a name of its own: Content-Disposition: form-data; name=\"…\".")
      }
      parts.append(Part(name: name, content: body[min(headersEnd + 4, end)..<end]))
      place = end
    }
    self.parts = parts
  }

  subscript(_ name: String) -> ArraySlice<UInt8>? { parts.first { $0.name == name }?.content }

  private static let broken = RoostError(.badRequest, "The body is not a whole multipart form.")

  private static func boundary(_ contentType: String) throws -> String {
    for part in contentType.split(separator: ";").dropFirst() {
      let pair = String(part).trimmed
      guard pair.lowercased().hasPrefix("boundary=") else { continue }
      let text = String(pair.dropFirst(9)).trimmed
      let boundary = text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 1 ? String(text.dropFirst().dropLast()) : text
      // RFC 2046, section 5.1.1.
      if (1...70).contains(boundary.utf8.count), boundary.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) { return boundary }
    }
    throw RoostError(.badRequest, "The form has no boundary: Content-Type: multipart/form-data; boundary=….")
  }

  /// From `Content-Disposition: form-data; name="archive"; filename="…"`.
  private static func name(_ headers: String) -> String? {
    for line in headers.split(whereSeparator: \.isNewline) where line.lowercased().hasPrefix("content-disposition:") {
      for part in line.split(separator: ";").dropFirst() {
        let pair = String(part).trimmed
        if pair.lowercased().hasPrefix("name=") { return String(pair.dropFirst(5)).replacing("\"", with: "") }
      }
    }
    return nil
  }

  private static func find(_ needle: [UInt8], in body: [UInt8], from start: Int) -> Int? {
    guard start >= 0, start < body.count else { return nil }
    return body.withUnsafeBytes { body in
      needle.withUnsafeBytes { needle in
        guard let base = body.baseAddress, let pattern = needle.baseAddress else { return nil }
        var place = start
        while body.count - place >= needle.count, let found = memchr(base + place, Int32(needle[0]), body.count - place - needle.count + 1) {
          place = UnsafeRawPointer(found) - base
          if memcmp(found, pattern, needle.count) == 0 { return place }
          place += 1
        }
        return nil
      }
    }
  }
}
