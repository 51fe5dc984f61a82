// The limit that the product is measured against: how many static JSON answers a second this machine gives.
//
//   http-limit bare   [port]           NIOHTTP1's decoder and encoder and the smallest handler
//   http-limit server [port] [log]     HTTPServer with the smallest handler; with `log`, the access log goes to standard error
//
// One event loop each. Load it with wrk from another core.

import Glibc
import HTTPServer
import NIOCore
import NIOHTTP1
import NIOPosix

let answer = #"{"id":"0190a7c2-7b1e-7f60-9a2c-3f1b8d2e4a55","version":1,"title":"A static answer","n":42}"#

final class BareHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let body = ByteBuffer(string: answer)

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    var headers = NIOHTTP1.HTTPHeaders()
    headers.add(name: "Content-Type", value: "application/json")
    headers.add(name: "Content-Length", value: String(body.readableBytes))
    let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    context.write(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.flush()
  }
}

struct StaticHandler: HTTPHandler {
  private let body = Array(answer.utf8)

  func handle(_ exchange: HTTPExchange) {
    exchange.respond(HTTPResponse(status: 200, headers: ["Content-Type": "application/json"], body: body))
  }
}

func runBare(port: Int) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let channel = try await ServerBootstrap(group: group)
    .serverChannelOption(.backlog, value: 1024)
    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
    .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    .childChannelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
          withPipeliningAssistance: false, withErrorHandling: false)
        try channel.pipeline.syncOperations.addHandler(BareHandler())
      }
    }
    .bind(host: "127.0.0.1", port: port).get()
  try await channel.closeFuture.get()
}

func runServer(port: Int, logs: Bool) async throws {
  var configuration = HTTPServerConfiguration()
  configuration.port = port
  configuration.loops = 1
  configuration.accessLog = logs
  try await HTTPServer(configuration: configuration, handler: StaticHandler(), log: JSONLog()).run()
}

let arguments = CommandLine.arguments
let port = arguments.count > 2 ? Int(arguments[2]) ?? 8080 : 8080
switch arguments.dropFirst().first {
case "bare": try await runBare(port: port)
case "server": try await runServer(port: port, logs: arguments.contains("log"))
default:
  let usage = Array("usage: http-limit bare|server [port] [log]\n".utf8)
  _ = write(2, usage, usage.count)
  exit(2)
}
