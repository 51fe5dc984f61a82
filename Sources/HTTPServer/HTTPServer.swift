import Logging

/// An HTTP/1.1 server: takes connections, reads requests, gives each to the handler.
package final class HTTPServer: Sendable {
  private let configuration: HTTPServerConfiguration
  private let handler: any HTTPHandler

  /// `log` takes the access log and the server's own messages.
  package init(configuration: HTTPServerConfiguration, handler: any HTTPHandler, log: JSONLog) {
    self.configuration = configuration
    self.handler = handler
  }

  /// Listens; returns where. Throws when the address cannot be had.
  @discardableResult
  package func start() async throws -> (address: String, port: Int) {
    (configuration.host, configuration.port)
  }

  /// Serves until drained; starts first if need be. Cancelling it drains without waiting.
  package func run() async throws {}

  /// Stops accepting, answers what runs with `Connection: close`, and closes all after at most `drainTimeout`.
  package func drain() {}
}
