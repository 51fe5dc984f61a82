import Core

/// Bounds of what a worker may say over its loopback interface, each with its reason.
enum LoopbackLimits {
  /// Of the request line and the headers, and again of trailers: as other servers have it.
  static let headBytesMax = 32 << 10
  static let targetBytesMax = 16 << 10
  /// The size of a chunk, with extensions that nobody needs.
  static let chunkLineBytesMax = 256
  /// A body that is kept: as much as a frame may be.
  static let bodyBytesMax = Limits.workerFrameBytesMax
  /// A body that is read to its end: AWS's clients die when they cannot post their answer, so one that is too large is read and refused.
  static let bodyBytesReadMax = 64 << 20
  /// Connections of one worker; past them the one that has rested longest is closed.
  static let connectionsMax = 64
  /// Connections that wait in the kernel to be taken.
  static let backlog: Int32 = 64
  /// Taken from one listener before the others get their turn.
  static let acceptsPerTurn = 16
  /// Bytes that may arrive while a request of the same connection is not answered: nobody needs pipelining here.
  static let pipelinedBytesMax = 64 << 10
  /// Requests and connections of one worker that come to nothing, between two events. They cost the server time, and a sound client makes few.
  static let refusalsMax = 1000
  /// Where a worker with a network of its own finds the server.
  static let port: UInt16 = 9001
}
