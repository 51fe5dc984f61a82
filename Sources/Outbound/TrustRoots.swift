import Core
import Glibc
import NIOSSL

/// The authorities whose certificates servers may have: the system's, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name, which mean here what they mean
/// to OpenSSL: the first is a file of certificates (PEM) instead of the system's file; the second, folders of such files, with colons between them, instead of
/// the system's folder. Who sets one of them keeps the system's other.
package struct TrustRoots: Sendable {
  /// For connections to other servers.
  let client: TLSConfiguration
  /// One sentence for the operator.
  package let finding: String
  /// What is named and cannot be used, each a sentence. It then adds no authority, and nothing takes its place.
  package let faults: [String]

  /// Where Debian and Fedora keep their authorities, as the TLS library looks for them.
  private static let systemFiles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
  private static let systemFolder = "/etc/ssl/certs"

  /// - Parameters: the values of the two variables, nil where they are not set.
  package init(file: String?, folders: String?) {
    let systemFile = Self.systemFiles.first { access($0, R_OK) == 0 }
    guard file != nil || folders != nil else {
      client = .makeClientConfiguration()
      finding = "the system's, from \(systemFile ?? "nowhere")"
      faults = systemFile == nil ? ["This machine has no certificates of authorities."] : []
      return
    }
    var trusted: Set<NIOSSLCertificate> = []
    var faults: [String] = []
    if let path = file ?? systemFile {
      let found = Self.certificates(path)
      if found.isEmpty { faults.append("SSL_CERT_FILE names '\(path)', which cannot be read as certificates (PEM).") }
      trusted.formUnion(found)
    }
    for folder in folders.map({ $0.split(separator: ":").map(String.init) }) ?? [Self.systemFolder] {
      if let names = Self.names(in: folder) {
        for name in names { trusted.formUnion(Self.certificates("\(folder)/\(name)")) }
      } else if folders != nil {
        faults.append("SSL_CERT_DIR names '\(folder)', which is no folder that can be read.")
      }
    }
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.trustRoots = .certificates(Array(trusted))
    client = configuration
    finding = "\(trusted.count) certificates" + (file.map { ", SSL_CERT_FILE=\($0)" } ?? "") + (folders.map { ", SSL_CERT_DIR=\($0)" } ?? "")
    self.faults = faults
  }

  /// None where the file cannot be read, or has none.
  private static func certificates(_ path: String) -> [NIOSSLCertificate] { (try? NIOSSLCertificate.fromPEMFile(path)) ?? [] }

  /// Without second names of files of the same folder, which `openssl rehash` makes. Nil if it cannot be read.
  private static func names(in folder: String) -> [String]? {
    guard let listing = opendir(folder) else { return nil }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = FolderEntry.name(entry)
      var target = [CChar](repeating: 0, count: Int(PATH_MAX))
      let length = readlink("\(folder)/\(name)", &target, target.count)
      if length <= 0 || target.prefix(length).contains(CChar(UInt8(ascii: "/"))) { names.append(name) }
    }
    return names
  }
}
