import Core

/// How one invocation ended.
struct RunReport {
  let generation: UInt64
  var run: Worker.Run
  let status: Invocation.Status
  let error: String?
  var duration: Duration
  var cpu: Duration?
  let memoryPeak: Int64?
  let lines: [InvocationOutput.Line]
  /// JSON that the handler returned.
  var value: [UInt8]?
  /// A remote endpoint asked for a pause.
  var retryAfter: Duration?
  /// By the worker's own clock.
  var ownTime: Duration?
  /// The event that the worker has taken up after this one.
  var next: Int64?
  /// It could not be tried, through no fault of the function.
  var isHandedBack = false

  /// The same as a failure.
  func failed(_ error: String) -> RunReport {
    RunReport(generation: generation, run: run, status: .failed, error: error, duration: duration, cpu: cpu, memoryPeak: memoryPeak, lines: lines)
  }
}

/// What the pool tells the dispatcher.
enum PoolEvent {
  /// A worker is free or could be started: look whether something waits.
  case freed
  case finished(RunReport)
  /// The module could not be loaded for a delivery, although it could when it was deployed.
  case loadFailed(generation: UInt64, Invocation.Status, String, [InvocationOutput.Line])
  case call(worker: UInt64, WorkerFrame.Call)
  case lookUp(worker: UInt64, tunnel: UInt32, OutboundURL.Host)
  case notice(String)
  /// `requireSandbox` is set, and the machine offers less.
  case refused(String)
}
