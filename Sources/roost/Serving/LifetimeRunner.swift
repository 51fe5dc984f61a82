import Core
import ServiceLifecycle

/// Looks every few seconds for documents that have expired and for versions that a history does not keep, for as long as the server runs.
struct LifetimeRunner: Service {
  let project: Project
  let clock: any WallClock
  let notice: @Sendable (String) -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          _ = try await project.documents.removeOverdue(in: project.collections, at: clock.now())
        } catch is CancellationError {
          return
        } catch {
          // What is due stays so, until the next time.
          notice("expired documents or old versions could not be removed: \(String(describing: error).prefix(500))")
        }
        try? await Task.sleep(for: Limits.lifetimeInterval)
      }
    }
  }
}
