import Glibc

/// A thread of our own for work that blocks: SQLite's writer, scanning readers, password hashing.
package enum WorkerThread {
  private final class Start {
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
      self.body = body
    }
  }

  /// Starts a detached thread that lives until `body` returns. The name says what was wanted if the system has none left.
  package static func start(name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Start(body))
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
        Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body()
        return nil
      }, start.toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "The system gave no thread for '\(name)' (error \(status)).")
  }
}
