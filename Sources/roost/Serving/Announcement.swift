import Glibc

/// What `roost serve` says on standard output once it serves. The log goes to standard error.
enum Announcement {
  static func write(address: String, port: Int, settings: ServeSettings, hasAdmin: Bool) {
    let host = address.contains(":") ? "[\(address)]" : address
    var text = "Roost \(RunningServer.version) is listening on http://\(host):\(port) (data: \(settings.dataFolder))\n"
    if !hasAdmin {
      text += "There is no admin yet. Create one: roost admins create you@example.org --data \(settings.dataFolder)\n"
    }
    let bytes = Array(text.utf8)
    _ = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
  }
}
