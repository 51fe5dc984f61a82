import Core
import Glibc
import NIOCore
import NIOPosix
import NIOSSL

/// Why a server's certificate was refused. The TLS library says only that it was, so this asks for the certificate once more, on a connection that ends with that
/// and never carries anything.
struct CertificateDoubt {
  let address: IPAddress
  let port: Int
  /// As in the handshake that failed; nil where the URL has the address itself.
  let name: String?

  /// A sentence's end, after the server's name and a colon. Takes at most `OutboundLimits.certificateTime`.
  func reason() async -> String {
    guard let certificate = await certificate() else { return Self.untrusted }
    let now = time(nil)
    if certificate.notValidAfter < now { return "its certificate has expired, on \(Self.day(certificate.notValidAfter))" }
    if certificate.notValidBefore > now { return "its certificate is not valid before \(Self.day(certificate.notValidBefore))" }
    return Self.untrusted
  }

  static let untrusted = "its certificate is not trusted: it is self-signed, or of an authority that this server does not know (SSL_CERT_FILE)"
  static let otherNames = "its certificate is for other names"

  private static func day(_ seconds: time_t) -> String { String(Timestamp(milliseconds: Int64(seconds) * 1000).text.prefix(10)) }

  private func certificate() async -> NIOSSLCertificate? {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let found = loop.makePromise(of: NIOSSLCertificate?.self)
    let limit = loop.scheduleTask(in: .nanoseconds(OutboundLimits.certificateTime.nanoseconds)) { found.succeed(nil) }
    let name = name
    let connecting = ClientBootstrap(group: loop).connectTimeout(.nanoseconds(OutboundLimits.certificateTime.nanoseconds))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = try NIOSSLClientHandler(context: NIOSSLContext(configuration: .makeClientConfiguration()), serverHostname: name) {
            certificates, verified in
            found.succeed(certificates.first)
            verified.succeed(NIOSSLVerificationResult.failed)
          }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .connect(host: address.text, port: port)
    connecting.whenFailure { _ in found.succeed(nil) }
    let certificate = (try? await found.futureResult.get()) ?? nil
    limit.cancel()
    connecting.whenSuccess { channel in channel.close(promise: nil) }
    return certificate
  }
}
