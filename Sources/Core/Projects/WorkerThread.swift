import Glibc

/// A thread of our own for work that blocks: SQLite's writer, scanning readers, password hashing.
package enum WorkerThread {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts a detached thread that lives until `body` returns. Its name is shown by `top -H` and the like, as far as it fits.
  package static func start(name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Start(name, body))
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Expressions and JSON recurse within bounds; 1 MiB holds them, and the default of 8 MiB would only be reserved.
    pthread_attr_setstacksize(&attributes, 1 << 20)
    let status = pthread_create(
      &thread, &attributes,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        WorkerThread.name(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "The system gave no thread for '\(name)' (error \(status)).")
  }

  /// Glibc's Swift module shows neither `pthread_setname_np` nor `prctl`; the kernel takes 15 bytes.
  private static func name(_ text: String) {
    let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, text, min(text.utf8.count, 15))
    close(descriptor)
  }
}
