import Glibc

package enum FolderEntry {
  /// The name in an entry of a folder, as `readdir` gives it.
  package static func name(_ entry: UnsafeMutablePointer<dirent>) -> String {
    withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)) { String(cString: $0) }
    }
  }
}
