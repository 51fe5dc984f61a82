import HTTPServer

/// What a caller wants to hear of a write: the preference `return` of the header `Prefer` (RFC 7240, section 4.2).
enum ReturnPreference: String, Sendable {
  case representation
  case minimal

  /// Nil where none is stated. Of several the first counts; what is not understood is ignored, as the RFC wants (section 2).
  init?(_ headers: HTTPHeaders) {
    guard headers.contains("Prefer") else { return nil }
    for preference in headers.all("Prefer").joined(separator: ",").split(separator: ",") {
      let parts = preference.prefix { $0 != ";" }.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, String(parts[0]).trimmed.lowercased() == "return" else { continue }
      var value = String(parts[1]).trimmed
      if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = String(value.dropFirst().dropLast()) }
      guard let preference = ReturnPreference(rawValue: value.lowercased()) else { return nil }
      self = preference
      return
    }
    return nil
  }
}

extension HTTPResponse {
  /// Says that the preference was heeded.
  func applying(_ preference: ReturnPreference?) -> HTTPResponse {
    guard let preference, preference == .minimal || !body.isEmpty else { return self }
    var response = self
    response.headers.set("Preference-Applied", "return=\(preference.rawValue)")
    return response
  }
}
