import Glibc
import RoostClient

/// Whether the server could listen there, or already does.
enum PortCheck {
  static func run(host: String, port: Int) async -> DoctorFinding {
    let place = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    switch tryToListen(host, port) {
    case 0: return .ok("port", "\(place) is free")
    case EADDRINUSE: return await whoAnswers(host, port, place)
    case EACCES:
      return .fail(
        "port", "this user may not listen on \(place)", mend: "Choose a port from 1024 on with --listen, and put a proxy in front.")
    case EADDRNOTAVAIL: return .fail("port", "this machine has no address \(host)", mend: "Choose another with --listen.")
    case let error: return .fail("port", "\(place): \(String(cString: strerror(error)))", mend: "Choose another with --listen.")
    }
  }

  /// 0, or the system's error.
  private static func tryToListen(_ host: String, _ port: Int) -> Int32 {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found else { return EADDRNOTAVAIL }
    defer { freeaddrinfo(found) }
    let descriptor = socket(address.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // As servers do: connections that just ended do not count.
    var on: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0, listen(descriptor, 1) == 0 else { return errno }
    return 0
  }

  private static func whoAnswers(_ host: String, _ port: Int, _ place: String) async -> DoctorFinding {
    let name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "[::1]" : host.contains(":") ? "[\(host)]" : host
    do {
      let about = try await RoostClient.with(server: "http://\(name):\(port)", token: nil, answerTime: .seconds(3)) { try await $0.ready() }
      guard let version = about["version"]?.stringValue else { throw CommandError("Not Roost.") }
      return .ok("port", "a Roost server, version \(version), answers at \(place)")
    } catch {
      return .warn("port", "another program listens on \(place)", mend: "Stop it, or choose another address for the server with --listen.")
    }
  }
}
