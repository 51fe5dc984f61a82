import Core
import Glibc

// How workers come into being.
extension WorkerPool {
  /// A free worker of that function. Without one, starts one if that is allowed and helps the `waiting`, and answers `nil`.
  func take(_ assignment: WorkerAssignment, waiting: Int) -> Worker? {
    if let worker = groups[assignment.generation]?.idle.popLast() { return worker }
    grow(assignment, waiting: waiting)
    return nil
  }

  func grow(_ assignment: WorkerAssignment, waiting: Int) {
    let group = groups[assignment.generation] ?? Group()
    // One at a time: while a worker comes up, the others may catch up with what waits.
    guard group.starting == 0, group.workers < assignment.definition.concurrency else { return }
    guard group.workers == 0 || !isCatchingUp(group, waiting: waiting) && !isShort(group) else { return }
    let kind = assignment.definition.runtime
    if let mayStartAt = self[kind].mayStartAt, steady.now() < mayStartAt { return }
    let free = configuration.maxWorkers - serving
    // The last quarter is for functions that have none: a busy one cannot starve the others.
    let reserve = groups.count > 1 ? configuration.maxWorkers / 4 : 0
    if free <= (group.workers == 0 ? 0 : reserve), !makeRoom(for: assignment.generation, hasNone: group.workers == 0) { return }

    let worker: Worker
    if assignment.definition.mayTakeSpare, let spare = self[kind].spare, spare.memoryBytesMax == assignment.definition.memoryBytesMax {
      worker = spare
      self[kind].spare = nil
    } else {
      guard let started = start(kind, memoryBytes: assignment.definition.memoryBytesMax, for: assignment.definition) else { return }
      worker = started
    }
    worker.assignment = assignment
    groups[assignment.generation, default: Group()].workers += 1
    groups[assignment.generation, default: Group()].starting += 1
    if case .blank = worker.state { load(worker) } else { loadAhead(worker) }
  }

  /// A worker that comes up finds its program in the socket: it need not ask. Only where the interpreter itself keeps it from processes and sockets, whose
  /// bounds are set when it is up; where nothing else has to be made ready for it, and nothing is to be found out about the runtime.
  private func loadAhead(_ worker: Worker) {
    guard let definition = worker.assignment?.definition, !worker.startsProcesses, !worker.runtime.hasLoopback, self[worker.runtime].level == worker.level,
      definition.network == nil, definition.source.utf8.count <= FunctionsLimits.loadAheadBytesMax
    else { return }
    worker.isLoadSent = true
    send(loadFrame(worker, definition), to: worker)
  }

  /// Whether the workers that there are will have taken all that waits sooner than another one helps.
  private func isCatchingUp(_ group: Group, waiting: Int) -> Bool {
    guard let usual = group.usualTime, let freedAt = group.freedAt, steady.now() - freedAt < FunctionsLimits.growthWait else { return false }
    return usual * waiting / group.workers < FunctionsLimits.growthWait
  }

  /// Whether there are as many workers as processors, and their runs are so short that more would only take time from each other and from the engine.
  private func isShort(_ group: Group) -> Bool {
    guard let usual = group.usualTime else { return false }
    return group.workers >= Self.processors && usual < FunctionsLimits.shortRun
  }

  /// Ends an idle worker of another function that has several, or that has been idle for a second.
  func makeRoom(for generation: UInt64, hasNone: Bool) -> Bool {
    guard hasNone else { return false }
    let now = steady.now()
    var oldest: (worker: Worker, since: ContinuousClock.Instant)?
    for (other, group) in groups where other != generation {
      // What is kept gives way to nobody while there is something else.
      if isKept(other), groups.keys.contains(where: { $0 != generation && !isKept($0) && groups[$0]?.idle.isEmpty == false }) { continue }
      guard let worker = group.idle.first, case .idle(let since) = worker.state, group.workers > 1 || now - since >= .seconds(1) else { continue }
      if let found = oldest, found.since <= since { continue }
      oldest = (worker, since)
    }
    guard let oldest else { return false }
    end(oldest.worker)
    return true
  }

  /// Starts a process; `nil` if that is not possible now.
  func start(_ kind: FunctionRuntimeKind, memoryBytes: Int64, for definition: FunctionDefinition? = nil) -> Worker? {
    guard !isClosed else { return nil }
    let trying = self[kind].trying
    let folder = definition.flatMap { self.folder(of: $0) }
    let plain = WorkerRuntime(kind, configuration: configuration, memoryBytes: memoryBytes)
    let place = folder == nil || !self[kind].changesUser || trying < .full ? nil : plain.flatMap { archivePlace($0) }
    guard var runtime = plain?.showing(folder: folder, from: place) else {
      startFailed(kind, WorkerRuntime.missing(kind), at: trying)
      return nil
    }
    if definition == nil { runtime = runtime.asSpare }
    if definition?.network != nil, trying == .full { runtime = runtime.reachingNetwork }
    guard trying == .full || runtime.shutsIn || configuration.allowUnsandboxed && !runtime.needsSandbox,
      let command = WorkerCommand(
        level: trying, user: changesUser(kind, folder, place) ? WorkerUser.of(nextWorker) : nil, folder: folder.flatMap { path in place.map { (path, $0) } },
        configuration: configuration, runtime: runtime, memoryBytes: memoryBytes)
    else {
      let advice = !runtime.needsSandbox ? "; --allow-unsandboxed runs them without" : ""
      let text = "this machine has no sandbox for programs of runtime '\(kind.rawValue)' (\(self[kind].reason ?? ""))\(advice)"
      startFailed(kind, text, at: trying)
      return nil
    }
    let process: WorkerProcess
    do {
      process = try WorkerProcess(command)
    } catch  where error.isFolder {
      showsArchives = false
      events.append(.notice("functions of archives share the server's user: a folder cannot be shown to another (\(error.reason))"))
      return start(kind, memoryBytes: memoryBytes, for: definition)
    } catch {
      startFailed(kind, error.reason, at: trying)
      return nil
    }
    let worker = Worker(id: nextWorker, runtime: kind, process: process, level: trying, memoryBytesMax: memoryBytes, startsProcesses: !runtime.shutsIn)
    nextWorker += 1
    worker.deadline = steady.now() + FunctionsLimits.workerStartTimeMax
    workers[worker.id] = worker
    poller.add(process.socket, token: Self.token(worker, .socket))
    poller.add(process.errors, token: Self.token(worker, .errors))
    poller.add(process.exit, token: Self.token(worker, .exit))
    return worker
  }

  /// A process did not come up. The level is lowered if none has ever come up at it; else the next start waits.
  func startFailed(_ kind: FunctionRuntimeKind, _ why: String, at tried: SandboxLevel) {
    let health = self[kind]
    // A second one from before the level was lowered.
    if health.level == nil, tried != health.trying { return }
    if health.level == nil, health.changesUser {
      // That user may not be able to reach the interpreter, or to make namespaces.
      self[kind].changesUser = false
      return ensureSpare(kind)
    }
    if health.level == nil, health.trying == .full {
      self[kind].reason = "bubblewrap does not work on this machine: \(why)"
      self[kind].trying = .reduced
      self[kind].changesUser = WorkerUser.canChange
      return ensureSpare(kind)
    }
    if health.level == nil {
      self[kind].level = SandboxLevel.none
      self[kind].reason = why
      events.append(configuration.requireSandbox && kind == .javascript ? .refused(why) : .notice("functions of runtime '\(kind.rawValue)' cannot run: \(why)"))
    } else if health.startFailures == 0 {
      events.append(.notice("a worker did not start: \(why)"))
    }
    let wait = min(FunctionsLimits.startRetryMin * (1 << min(health.startFailures, 10)), FunctionsLimits.startRetryMax)
    self[kind].startFailures += 1
    self[kind].mayStartAt = steady.now() + wait
  }

  func cameUp(_ worker: Worker, version: String) {
    let kind = worker.runtime
    self[kind].startFailures = 0
    self[kind].mayStartAt = nil
    guard self[kind].level == nil || self[kind].level == SandboxLevel.none else { return }
    self[kind].level = worker.level
    self[kind].version = version
    if worker.level == .full { self[kind].reason = nil }
    guard worker.level < .full else { return }
    let text = "functions of runtime '\(kind.rawValue)' run in a reduced sandbox: \(self[kind].reason ?? "bubblewrap is not installed")"
    events.append(configuration.requireSandbox ? .refused(text) : .notice(text))
  }

  /// Keeps a warm spare, or tries for the first time whether that runtime works here.
  func ensureSpare(_ kind: FunctionRuntimeKind) {
    let health = self[kind]
    guard health.wantsSpare || health.level == nil, health.spare == nil, !isClosed else { return }
    if let mayStartAt = health.mayStartAt, steady.now() < mayStartAt { return }
    let spare = start(kind, memoryBytes: Int64(Limits.functionMemoryBytesDefault))
    // A start that failed at once has tried the next level by itself.
    if let spare { self[kind].spare = spare }
  }

  /// Loads a source to see whether it can be.
  func check(_ definition: FunctionDefinition, _ continuation: CheckedContinuation<Void, any Error>) {
    var taken: Worker?
    let kind = definition.runtime
    if definition.mayTakeSpare, let spare = self[kind].spare, spare.memoryBytesMax >= definition.memoryBytesMax {
      taken = spare
      self[kind].spare = nil
    } else {
      taken = start(kind, memoryBytes: definition.memoryBytesMax, for: definition)
    }
    guard let worker = taken else {
      continuation.resume(throwing: unavailable(kind))
      return
    }
    checks += 1
    worker.check = continuation
    worker.assignment = WorkerAssignment(generation: 0, definition: definition)
    if case .blank = worker.state { load(worker) }
  }

  func unavailable(_ kind: FunctionRuntimeKind) -> RoostError {
    RoostError(.unavailable, "Functions of runtime '\(kind.rawValue)' cannot run on this server: \(self[kind].reason ?? "no worker starts").")
  }

  /// Another user cannot reach the folder of an archive, which lies in the server's own. Where it cannot be shown elsewhere bubblewrap starts as the
  /// server's user, and shuts in as much, but for the bound on processes.
  private func changesUser(_ kind: FunctionRuntimeKind, _ folder: String?, _ place: String?) -> Bool {
    self[kind].changesUser && (folder == nil || place != nil || self[kind].trying < .full)
  }

  /// A folder of every system, in whose place a worker's sandbox finds its archive; `nil` if there is none that it needs for nothing else.
  private func archivePlace(_ runtime: WorkerRuntime) -> String? {
    guard showsArchives, let bubblewrap = configuration.bubblewrapPath else { return nil }
    return ["/mnt", "/media", "/srv"].first { place in
      var status = stat()
      guard lstat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return false }
      return !([bubblewrap, runtime.sandboxed.path] + runtime.shown.map(\.path)).contains { $0 == place || $0.hasPrefix(place + "/") }
    }
  }

  /// Where a function's archive lies on this machine.
  func folder(of definition: FunctionDefinition) -> String? { definition.archive.map { configuration.archivesPath + "/" + $0.folder } }

  func load(_ worker: Worker) {
    guard let assignment = worker.assignment else { return }
    worker.state = .loading
    worker.deadline = steady.now() + configuration.moduleLoadTime
    if worker.check == nil, !assignment.definition.triggers.contains(where: \.isAwaited) { worker.process.yield(FunctionsLimits.deliveryNiceness) }
    guard openProxy(worker) else { return }
    if worker.lambda != nil { return startLambda(worker, assignment.definition) }
    if worker.runtime == .command { return send(CommandScript.load(assignment.definition), to: worker) }
    if !worker.isLoadSent { send(loadFrame(worker, assignment.definition), to: worker) }
  }

  private func loadFrame(_ worker: Worker, _ definition: FunctionDefinition) -> [UInt8] {
    ServerFrame.load(definition, more: worker.variables, folder: worker.level == .full ? FunctionArchive.place : folder(of: definition))
  }
}
