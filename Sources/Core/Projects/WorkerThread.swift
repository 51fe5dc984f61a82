import Glibc

/// A thread of our own for work that blocks: SQLite's writer, scanning readers, password hashing.
package enum WorkerThread {
  private final class Start {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts a detached thread that lives until `body` returns. The name shows in `top -H`, cut to 15 characters.
  package static func start(name: String, _ body: @escaping @Sendable () -> Void) {
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    // Expressions and JSON recurse within bounds; 1 MiB holds them, and the default of 8 MiB would only be reserved.
    pthread_attr_setstacksize(&attributes, 1 << 20)
    let status = pthread_create(&thread, &attributes, { argument in
      guard let argument else { return nil }
      let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
      pthread_setname_np(pthread_self(), String(start.name.prefix(15)))
      start.body()
      return nil
    }, start.toOpaque())
    pthread_attr_destroy(&attributes)
    precondition(status == 0, "The system gave no thread for '\(name)' (error \(status)).")
  }
}
