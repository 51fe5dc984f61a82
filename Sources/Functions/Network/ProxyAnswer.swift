import Core

/// What the proxy itself says.
enum ProxyAnswer {
  static let connected = Array("HTTP/1.1 200 Connection established\r\n\r\n".utf8)

  /// - Parameter reason: what clients show of a tunnel that they did not get.
  static func refusal(_ status: Int, _ reason: String, _ text: String) -> [UInt8] {
    let body = Array((text + "\n").utf8)
    let head = "HTTP/1.1 \(status) \(reason)\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: \(body.count)\r\nconnection: close\r\n\r\n"
    return Array(head.utf8) + body
  }

  /// What the manifest would need.
  static func notAllowed(_ place: NetworkPlace, by permission: NetworkPermission) -> String {
    switch permission {
    case .everywhere: "The function may not connect to \(place.text): port \(place.port) has to be named in a list, \"network\": [\"\(place.text)\"]."
    case .list: "The function may not connect to \(place.text): its manifest would need \"network\": [\"\(place.text)\", …]."
    }
  }
}
