import Glibc

/// What kind of file system a folder is on, as /proc/self/mounts has it.
enum FileSystem {
  enum Kind {
    case network(String)
    case memory(String)
    case other
  }

  private static let network: Set<Substring> = ["nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph", "glusterfs", "fuse.sshfs", "afs"]
  private static let memory: Set<Substring> = ["tmpfs", "ramfs"]
  private static let mountsBytesMax = 4 << 20

  static func kind(of folder: String) -> Kind {
    guard let real = realpath(folder, nil), let mounts = try? InputBytes.read("/proc/self/mounts", bytesMax: mountsBytesMax) else {
      return .other
    }
    defer { free(real) }
    let type = type(of: String(cString: real), mounts: String(decoding: mounts, as: UTF8.self))
    if network.contains(type) { return .network(String(type)) }
    if memory.contains(type) { return .memory(String(type)) }
    return .other
  }

  /// The type of the deepest mount above `path`; of two at one place the later one, which hides the other.
  static func type(of path: String, mounts: String) -> Substring {
    var best: (length: Int, type: Substring) = (0, "")
    for line in mounts.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count > 2 else { continue }
      let place = words[1].replacing("\\040", with: " ")
      guard path == place || place == "/" || path.hasPrefix(place + "/"), place.utf8.count >= best.length else { continue }
      best = (place.utf8.count, words[2])
    }
    return best.type
  }
}
