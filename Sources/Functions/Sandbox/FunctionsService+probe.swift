import Core

extension FunctionsService {
  /// Starts one worker with nothing to do, through the whole chain, and says what this machine offers. For `roost doctor`.
  package static func probe(_ configuration: FunctionsConfiguration, _ kind: FunctionRuntimeKind = .javascript) async -> FunctionsProbe {
    await withCheckedContinuation { continuation in
      WorkerThread.start(name: "sandbox-probe") {
        continuation.resume(returning: probeNow(configuration, kind))
      }
    }
  }

  private static func probeNow(_ configuration: FunctionsConfiguration, _ kind: FunctionRuntimeKind) -> FunctionsProbe {
    var configuration = configuration
    configuration.requireSandbox = false
    let steady = MachineSteadyClock()
    let poller = Poller(waker: Waker())
    let pool = WorkerPool(configuration, poller: poller, wall: SystemClock(), steady: steady)
    pool.ensureSpare(kind)
    var until = steady.now() + FunctionsLimits.workerStartTimeMax * 3
    while pool[kind].level == nil, steady.now() < until {
      for ready in poller.wait(FunctionsLimits.watchInterval) { pool.handle(ready) }
      _ = pool.watch()
    }
    pool.endAll()
    until = steady.now() + .seconds(5)
    while !pool.workers.isEmpty, steady.now() < until {
      for ready in poller.wait(FunctionsLimits.watchInterval) { pool.handle(ready) }
    }
    let health = pool[kind]
    return FunctionsProbe(level: health.level ?? SandboxLevel.none, runtime: health.version, reason: health.reason)
  }
}
