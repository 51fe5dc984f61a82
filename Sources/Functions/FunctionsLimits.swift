import Core

/// Bounds of this room that no other room needs to know, each with its reason.
enum FunctionsLimits {
  /// From the start of an interpreter until it says that it is ready; loaded machines take a second.
  static let workerStartTimeMax = Duration.seconds(10)
  /// What a module may do while it is loaded, before its first event.
  static let moduleLoadTimeMax = Duration.seconds(10)
  /// Between SIGTERM and SIGKILL.
  static let killGrace = Duration.milliseconds(200)
  /// How often running workers are looked at: memory and deadlines.
  static let watchInterval = Duration.milliseconds(50)
  /// A worker without work for so long is ended.
  static let workerIdleTimeMax = Duration.seconds(60)
  /// After a worker failed to start, doubled with each failure in a row.
  static let startRetryMin = Duration.seconds(1)
  static let startRetryMax = Duration.seconds(60)
  /// Sources checked at one time; each is a process.
  static let checksMax = 4
  /// Deploys that wait for that: each takes a second at most, unless its module hangs.
  static let checksWaitingMax = 100
  /// About what a worker costs that comes up: where those that there are take less for what waits, none is added.
  static let growthWait = Duration.milliseconds(20)
  /// Runs that take less, by the worker's clock, are mostly the way to a worker and back.
  static let shortRun = Duration.milliseconds(1)
  /// A worker is given so much work ahead of what it is at, by the usual time of its function's runs; each counts for so much at least, and for each
  /// there have been so many before it that went well and asked us nothing.
  static let aheadTime = Duration.microseconds(320)
  static let aheadRunMin = Duration.microseconds(20)
  static let quietRunsPerRunAhead = 4
  /// Before the first: a function with a slow run among so many gets none ahead, so that nothing waits behind that.
  static let quietRunsMin = 64
  /// After so many looks at what it has answered, each after twice the time, a worker that has answered nothing wakes us when it does.
  static let looksInVainMax = 4
  /// So many are not spread over several workers: each that is woken costs more than their runs.
  static let aheadMin = 8
  static let aheadBytesMax = 128 << 10
  /// Of a source that waits in the socket of a worker that comes up.
  static let loadAheadBytesMax = 64 << 10
  /// With fewer, each function looks at each.
  static let eventsWorthSorting = 8
  /// What a worker may say that a run took: more than any run may take, and little enough to reckon with.
  static let microsecondsMax: Int64 = 3_600_000_000
  /// Of the engine's thread, and of workers for whose runs nobody waits: callers of the API come first where processors are short (nice(2)).
  static let engineNiceness: Int32 = 5
  static let deliveryNiceness: Int32 = 10
  /// What came of runs is written down this seldom where nothing waits for it: each record is a part of a commit, and a crash repeats so much.
  static let recordInterval = Duration.milliseconds(20)
  /// A run's memory is not looked at again so soon after the last look.
  static let sampleInterval = Duration.milliseconds(5)
  /// Direct calls of one function that wait for a worker: each holds a caller's connection.
  static let callsWaitingMax = 1000
  /// Their events; small ones come in any case.
  static let callsWaitingBytesMax = 64 << 20
  /// What a function that streams an answer gets to stop, once its caller has gone.
  static let abandonedTimeMax = Duration.seconds(2)
  /// After the start, calls wait so long until the functions are known.
  static let loadPatience = Duration.seconds(10)
  /// API calls of one worker under way; its own client keeps to half of it.
  static let callsPerWorkerMax = 32
  /// Bodies of one worker's API calls under way, past which it is not read: with one more frame they are what it may have in our memory.
  static let callBodiesBytesMax = 8 << 20
  /// Headers of one API call of a function.
  static let callHeadersMax = 64
  /// Bytes of frames that wait until a worker reads them. A worker that reads nothing is stuck.
  static let workerOutboxBytesMax = 4 * Limits.workerFrameBytesMax
  /// What one invocation may print before it is ended; kept is far less.
  static let outputBytesMax = 64 << 20
  /// Read from one descriptor before the others get their turn.
  static let readBytesPerTurn = 1 << 20
  /// Private memory of an interpreter beyond its function's own: thread stacks, reserved heap. Deno 2.9 maps 560 MB before it does anything.
  static let denoDataBytes: Int64 = 1 << 30
  /// The same for Node 20, whose thread pool and code ranges take 700 MB.
  static let nodeDataBytes: Int64 = 1 << 30
  /// The same for Python and commands: the stacks of as many threads as there may be, 8 MB each, of which they use little.
  static let pythonDataBytes: Int64 = 1 << 30
  static let openFilesMax: Int64 = 256
  /// Processes of one worker. Past it, it is ended.
  static let processesMax = 64
  /// Processes and threads of one worker, which the system keeps to: what comes between two looks at the processes.
  static let tasksMax: Int64 = 128
  /// Sockets of one worker, among them up to 200 of ours. Each may hold some 200 KiB that the system counts as nobody's.
  static let socketsMax = 512
  /// Bytes that one end of a TCP connection in a worker's network keeps, each way. By itself the kernel would make it megabytes, of a sum that all
  /// connections of the machine share.
  static let connectionBufferBytesMax = 512 << 10
  /// Files and folders of one worker in each of its folders in memory: empty ones take a kilobyte of the system's.
  static let filesMax = 20_000
  /// An idle worker that is busy for more of its time than this fraction, at so many looks in a row, is ended: nobody asked it for anything. Compilers
  /// and collectors of an interpreter have a second or two of their own.
  static let idleLookInterval = Duration.seconds(1)
  static let idleBusyFractionMax = 0.25
  static let idleBusyLooksMax = 3
  static let fileBytesMax: Int64 = 16 << 20
  static let temporaryBytesMax = 16 << 20

  /// Dependencies of one function: time, room with the archive's own files, one file, and what is kept of the log. The room is that of an unpacked Lambda function,
  /// doubled.
  static let installTimeMax = Duration.seconds(180)
  static let installBytesMax = 512 << 20
  static let installFilesMax = 50_000
  static let installFileBytesMax: Int64 = 256 << 20
  static let installLogBytesMax = 64 << 10
  /// Memory of the installing program, which keeps a package whole while it unpacks it; so packed ones are smaller than that.
  static let installDataBytesMax: Int64 = 1 << 30
  /// While the workers of one version of a function are busy, so many deliveries are looked at for one that another version takes.
  static let deliveriesLookedAtMax = 64
  /// New versions of a function that keeps instances ready get so long to come up before they serve all the same.
  static let readyTimeMax = Duration.seconds(20)

  /// Retries wait at most this long, unless the first wait is longer.
  static let backoffMax = Duration.seconds(15 * 60)
  /// Bytes of events of one trigger in memory: those in flight, then those parked. Past them it takes no more.
  static let windowBytesMax = 16 << 20
  static let parkedBytesMax = 64 << 20
  /// Bytes of an error that a record keeps.
  static let errorBytesMax = 8 << 10

  /// Events in one reading of the log, and the bytes that readings are kept near.
  static let readEventsMax = Limits.deliveryWindow / 2
  static let readBytesAim = 4 << 20
  /// Processors are short when the engine waits for one for more than this fraction of the time in which it could run, and somebody writes in several
  /// of its turns between two looks. Then it rests after each turn for so many times what that took, but no longer than the most, so that deliveries
  /// take a seventh of a processor here and about as much in workers. What is late no longer waits for that.
  static let rushLook = Duration.milliseconds(10)
  static let rushNewsMin = 2
  static let rushWaitFraction = 0.25
  static let restPerWork = 6
  static let restMax = Duration.milliseconds(10)
  static let lateness = Duration.seconds(10)
  /// The log is also read without a signal, because another process may have written to it.
  static let pollInterval = Duration.seconds(1)
  /// A cursor that only events for others have moved is saved this seldom.
  static let lazyCursorInterval = Duration.seconds(5)
  /// After a store refused, before it is asked again.
  static let storeRetry = Duration.seconds(1)
  /// Records of one function that wait for the store; past it nothing new of it starts.
  static let unrecordedInvocationsMax = 1024
  /// Dead letters that one request brings back, since all of them wait in memory, and those of one commit.
  static let lettersReplayedMax = 1000
  static let lettersPerCommit = 20
  /// Events of the log, and steps that wait for one, that are looked at together.
  static let matchEventsMax = 500
  /// Between two looks at the log for them: under load many events share one.
  static let matchInterval = Duration.milliseconds(10)
  static let matchWaitsMax = 1000
  /// Requests to remote functions under way, of all functions together: each holds a connection.
  static let remoteRequestsMax = 1000
  /// Read of the answer to a delivery, so that the connection can be used again.
  static let remoteAnswerBytesMax = 64 << 10
  /// Read of an answer that somebody waits for: as much as a worker may answer.
  static let remoteValueBytesMax = 6 << 20
  /// Of a failed request's answer, for the record.
  static let remoteErrorBytesMax = 1 << 10
  /// A server may ask us to wait so long and no longer.
  static let retryAfterMax = Duration.seconds(3600)
  /// A clock that goes back by less is only being adjusted.
  static let clockStepMin = Duration.seconds(1)
  /// Between two prunings of the log.
  static let pruneInterval = Duration.seconds(3600)
}
