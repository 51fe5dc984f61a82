import Core
import Glibc

/// One connection of a worker to its proxy, and where it leads.
final class NetworkTunnel {
  enum State {
    /// The client has not said where it wants to go.
    case head
    case lookingUp(ProxyRequest)
    /// With the addresses that are left if this one does not answer.
    case connecting(ProxyRequest, [IPAddress])
    case open
    /// Told why not; what still comes is thrown away.
    case refused
  }

  let id: UInt32
  let client: Int32
  /// -1 while there is none.
  var server: Int32 = -1
  var state = State.head
  /// What has arrived of the head.
  var head: [UInt8] = []
  /// From the worker to the outside, and back.
  var up = TunnelFlow()
  var down = TunnelFlow()
  var deadline: ContinuousClock.Instant
  var discarded = 0
  /// What the poller was told to look for.
  var clientInterest: Interest?
  var serverInterest: Interest?

  struct Interest: Equatable {
    var readable = false
    var writable = false
  }

  init(id: UInt32, client: Int32, deadline: ContinuousClock.Instant) {
    self.id = id
    self.client = client
    self.deadline = deadline
  }

  deinit {
    close(client)
    closeServer()
  }

  func closeServer() {
    if server >= 0 { close(server) }
    server = -1
  }

  /// What to look for at the worker's end.
  var wantedOfClient: Interest {
    switch state {
    case .head: Interest(readable: true)
    // It waits; what it says meanwhile stays in the kernel.
    case .lookingUp, .connecting: Interest()
    case .open: Interest(readable: up.room > 0, writable: down.waiting > 0)
    case .refused: Interest(readable: true, writable: down.waiting > 0)
    }
  }

  /// What to look for at the other end.
  var wantedOfServer: Interest {
    switch state {
    case .connecting: Interest(writable: true)
    case .open: Interest(readable: down.room > 0, writable: up.waiting > 0)
    default: Interest()
    }
  }
}
