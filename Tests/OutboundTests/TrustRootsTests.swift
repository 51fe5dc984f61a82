import Glibc
import Testing

@testable import Outbound

@Suite struct TrustRootsTests {
  @Test func `what the variables name and nobody can use is named, and nothing takes its place`() {
    let trust = TrustRoots(file: "/nonexistent/ca.pem", folders: "/nonexistent/a:/nonexistent/b")
    #expect(trust.faults.count == 3)
    #expect(trust.faults[0].contains("SSL_CERT_FILE") && trust.faults[0].contains("/nonexistent/ca.pem"))
    #expect(trust.faults[1].contains("SSL_CERT_DIR") && trust.faults[2].contains("/nonexistent/b"))
    #expect(trust.finding.hasPrefix("0 certificates"))
    #expect(trust.client.trustRoots == .certificates([]))
  }

  @Test func `a file without certificates is a fault, and so is a folder in its place`() {
    #expect(TrustRoots(file: "/etc/hostname", folders: "/tmp").faults.count == 1)
    #expect(TrustRoots(file: "/tmp", folders: "/tmp").faults.count == 1)
    #expect(TrustRoots(file: "/tmp", folders: "/etc/hostname").faults.count == 2)
  }

  @Test func `where neither is set the system's count`() {
    let trust = TrustRoots(file: nil, folders: nil)
    #expect(trust.client.trustRoots == .default || trust.client.trustRoots == nil)
  }
}
