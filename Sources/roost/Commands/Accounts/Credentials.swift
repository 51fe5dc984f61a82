import Core
import Glibc
import JSON

/// What `roost login` keeps: a token for each server, in the user's configuration folder, for this user's eyes only.
struct Credentials {
  struct Login {
    let email: String
    let token: String
    let expires: Timestamp

    var isExpired: Bool { expires <= SystemClock().now() }
  }

  /// By the server's address.
  var logins: [String: Login] = [:]
  /// Where the last login went.
  var current: String?

  private static let bytesMax = 1 << 20

  static func read() throws -> Credentials {
    guard let path = path() else { return Credentials() }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == ENOENT || errno == ENOTDIR else { throw InputBytes.failure("read", path) }
      return Credentials()
    }
    defer { close(descriptor) }
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_mode & 0o077 != 0 {
      Terminal.note("Note: others can read \(path). Mend it: chmod 600 \(path)")
    }
    let bytes = try InputBytes.read(descriptor, name: path, bytesMax: bytesMax)
    guard let value = try? JSONValue(parsing: bytes) else {
      throw CommandError("\(path) is damaged.", advice: "Delete it and sign in again: roost login")
    }
    return Credentials(value)
  }

  private init() {}

  private init(_ value: JSONValue) {
    current = value["current"]?.stringValue
    for (server, login) in value["servers"]?.objectValue ?? JSONObject() {
      guard let token = login["token"]?.stringValue else { continue }
      logins[server] = Login(
        email: login["email"]?.stringValue ?? "", token: token, expires: Timestamp(milliseconds: login["expiresAtMs"]?.intValue ?? 0))
    }
  }

  /// Replaces the file in one step: nobody ever reads half of it.
  func write() throws {
    guard let path = Self.path(), let folder = Self.folder() else {
      throw CommandError("There is no place for the login: neither HOME nor XDG_CONFIG_HOME is set.", advice: "Use ROOST_KEY instead.")
    }
    try Self.makeFolder(folder)
    let new = "\(path).new-\(getpid())"
    unlink(new)
    let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw InputBytes.failure("write", new) }
    let bytes = value.bytes()
    let count = Glibc.write(descriptor, bytes, bytes.count)
    let isWritten = count == bytes.count && fsync(descriptor) == 0
    close(descriptor)
    guard isWritten, rename(new, path) == 0 else {
      let failure = InputBytes.failure("write", path)
      unlink(new)
      throw failure
    }
  }

  private var value: JSONValue {
    let servers = logins.sorted { $0.key < $1.key }.map { server, login in
      (
        server,
        ["email": .string(login.email), "token": .string(login.token), "expiresAtMs": .int(login.expires.milliseconds)] as JSONValue
      )
    }
    return ["current": current.map(JSONValue.string) ?? .null, "servers": .object(JSONObject(servers))]
  }

  private static func folder() -> String? {
    let environment = ProcessEnvironment()
    // The XDG Base Directory Specification: relative paths are to be ignored.
    if let configuration = environment["XDG_CONFIG_HOME"], configuration.hasPrefix("/") { return configuration + "/roost" }
    return environment["HOME"].map { $0 + "/.config/roost" }
  }

  private static func path() -> String? { folder().map { $0 + "/credentials.json" } }

  private static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o700) == 0 { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try makeFolder(String(path[..<slash]))
      if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    }
    guard errno == EEXIST else { throw InputBytes.failure("make the folder", path) }
  }
}
