/// Which web pages may call (Fetch standard, 3.2: the CORS protocol), as ready-made lines of an answer.
///
/// The lines stand on every answer and not only on those with an `Origin`: a browser may reuse a stored answer to a
/// plain request for a CORS one.
struct CORSPolicy: Sendable {
  /// Lines for every answer when the origin makes no difference; nil when origins are listed.
  let linesForAnyOrigin: [UInt8]?
  private let origins: Set<String>
  private let exposeLine: [UInt8]
  private let preflightLines: [UInt8]

  init(_ configuration: HTTPServerConfiguration) {
    let exposed = configuration.exposedHeaders.joined(separator: ", ")
    exposeLine = exposed.isEmpty ? [] : Array("Access-Control-Expose-Headers: \(exposed)\r\n".utf8)
    origins = Set(configuration.allowedOrigins)
    linesForAnyOrigin =
      configuration.allowedOrigins.contains("*")
      ? Array("Access-Control-Allow-Origin: *\r\n".utf8) + exposeLine
      : nil
    preflightLines = Array(
      """
      Access-Control-Allow-Methods: \(configuration.allowedMethods.joined(separator: ", "))\r
      Access-Control-Allow-Headers: \(configuration.allowedHeaders.joined(separator: ", "))\r
      Access-Control-Max-Age: \(configuration.preflightMaxAge.components.seconds)\r

      """.utf8)
  }

  /// The lines for an answer to a request with this `Origin`.
  func lines(origin: String?) -> [UInt8] {
    if let linesForAnyOrigin { return linesForAnyOrigin }
    guard !origins.isEmpty else { return [] }
    guard let origin, origins.contains(origin) else { return Array("Vary: Origin\r\n".utf8) }
    return Array("Vary: Origin\r\nAccess-Control-Allow-Origin: \(origin)\r\n".utf8) + exposeLine
  }

  /// The additional lines for a preflight's answer.
  func preflightLines(origin: String) -> [UInt8] {
    linesForAnyOrigin != nil || origins.contains(origin) ? preflightLines : []
  }
}
