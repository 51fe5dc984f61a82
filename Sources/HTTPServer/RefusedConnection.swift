import NIOCore

/// A connection beyond the limit: is told so, and closed.
///
/// `@unchecked Sendable` because it has nothing that changes and is used only on its event loop.
final class RefusedConnection: ChannelInboundHandler, @unchecked Sendable {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let loop: ServerLoop

  init(loop: ServerLoop) {
    self.loop = loop
  }

  func channelActive(context: ChannelHandlerContext) {
    let requestId = loop.nextRequestId()
    let refusal = RequestRefusal.tooManyConnections
    var response = loop.settings.configuration.problem(refusal.status, refusal.code, refusal.detail, requestId)
    response.headers["Retry-After"] = "1"
    let head = ResponseHeadWriter(
      status: response.status, headers: response.headers, framing: .length(response.body.count), requestId: requestId,
      persists: false, isHTTP10: false, commonLines: loop.commonLines)
    var bytes = ByteBuffer()
    _ = head.write(body: response.body, to: &bytes)
    let context = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.value.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in context.value.close(promise: nil) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
