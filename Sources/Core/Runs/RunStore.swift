/// Durable runs and their steps, at rest. What a run may do is decided by `DurableRun`, inside the commit.
package protocol RunStore: Sendable {
  /// A worker's word about the run that its delivery executes, in one durable commit. Throws what `DurableRun.take` throws.
  /// - Parameter retryAfter: how long to wait after so many attempts of a step; nil when there are no more.
  func tell(_ command: StepCommand, by execution: RunExecution, at now: Timestamp, retryAfter: @escaping @Sendable (Int) -> Duration?) async throws -> StepReply
  /// The CloudEvent that a run of the function began with; nil if nobody is to execute the run for that event of the log.
  func event(ofRun run: Int64, of function: String, driver: Int64) async throws -> [UInt8]?

  /// Wakes runs whose time has come, at most so many: the events that execute them are in the log afterwards.
  func wakeRuns(at now: Timestamp, limit: Int) async throws -> RunsAgenda
  /// Steps that wait for an event of one of these names, in a fixed order, after the row of the last.
  func waits(for events: Set<String>, after row: Int64, limit: Int) async throws -> [WaitingStep]
  /// Waits came true; every wait that could have was looked at for the log up to `through`.
  func resolve(_ matches: [WaitMatch], through: Int64, at now: Timestamp) async throws -> RunsAgenda

  /// Newest first; `before` an id of a run.
  func runs(of function: String, status: DurableRun.Status?, limit: Int, before: Int64?) async throws -> [DurableRun]
  /// With its steps in the order in which they began.
  func run(_ id: Int64, of function: String) async throws -> (run: DurableRun, steps: [RunStep])?
  /// Nil if there is no such run; throws `conflict` if it is over.
  func cancelRun(_ id: Int64, of function: String, at now: Timestamp) async throws -> DurableRun?
  /// Removes runs that were over before the moment.
  func pruneRuns(before moment: Timestamp) async throws
}

/// Which execution of which run speaks.
package struct RunExecution: Sendable {
  package let function: String
  /// Of the function that executes.
  package let version: Int64
  package let run: Int64
  /// The event of the log whose delivery it is.
  package let driver: Int64
  package let depth: Int
  /// The event that the run begins with, if this begins it; nil where only a known run can go on.
  package let event: [UInt8]?

  package init(function: String, version: Int64, run: Int64, driver: Int64, depth: Int, event: [UInt8]?) {
    self.function = function
    self.version = version
    self.run = run
    self.driver = driver
    self.depth = depth
    self.event = event
  }
}

package enum StepReply: Sendable {
  /// The steps that the run knows, in the order in which they began.
  case begun([RunStep])
  /// The step as it is now, durably.
  case step(RunStep)
  /// Not, or no longer, this execution's to go on with.
  case over
}

/// How an execution ended, as far as its run is concerned. What is given up comes with its dead letter.
package struct RunOutcome: Sendable {
  package enum End: Sendable {
    case suspended
    case completed([UInt8]?)
  }

  package let run: Int64
  package let driver: Int64
  package let end: End
  package let time: Timestamp

  package init(run: Int64, driver: Int64, end: End, time: Timestamp) {
    self.run = run
    self.driver = driver
    self.end = end
    self.time = time
  }
}

/// What is to be done for suspended runs.
package struct RunsAgenda: Sendable, Equatable {
  /// When the next of them is to be woken; in the past if there were more than one commit takes.
  package var nextWake: Timestamp?
  /// The place in the log from which events are to be matched; nil if no step waits for one.
  package var matchAfter: Int64?

  package init(nextWake: Timestamp? = nil, matchAfter: Int64? = nil) {
    self.nextWake = nextWake
    self.matchAfter = matchAfter
  }
}

/// A step that waits for an event.
package struct WaitingStep: Sendable {
  package let row: Int64
  package let wait: EventWait

  package init(row: Int64, wait: EventWait) {
    self.row = row
    self.wait = wait
  }
}

package struct WaitMatch: Sendable {
  package let row: Int64
  package let name: String
  /// The event's place in the log.
  package let sequence: Int64
  /// The event as a CloudEvent: the step's result.
  package let result: [UInt8]

  package init(row: Int64, name: String, sequence: Int64, result: [UInt8]) {
    self.row = row
    self.name = name
    self.sequence = sequence
    self.result = result
  }
}
