import Core
import ServiceLifecycle

/// Looks every few seconds for documents that have expired, for versions that a history does not keep and for answers that need not be kept,
/// for as long as the server runs.
struct LifetimeRunner: Service {
  let project: Project
  let clock: any WallClock
  let notice: @Sendable (String) -> Void

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        do {
          _ = try await project.documents.removeOverdue(in: project.collections, at: clock.now())
          try await project.documents.removeAnswers(before: Timestamp(milliseconds: clock.now().milliseconds - Limits.keptAnswerLifetime.milliseconds))
        } catch is CancellationError {
          return
        } catch {
          // What is due stays so, until the next time.
          notice("expired documents, old versions or kept answers could not be removed: \(String(describing: error).prefix(500))")
        }
        try? await Task.sleep(for: Limits.lifetimeInterval)
      }
    }
  }
}
