import Core

/// What followers of a function were told of a run before it ended: recorded just so.
struct ToldLines {
  let invocation: String
  var lines: [InvocationLog] = []
}

// Lines as they are printed, for those who follow.
extension TriggerDispatcher {
  /// Tells followers what running functions have printed since this was called last.
  func tellPrinted() {
    guard tails.isWatched else { return }
    let followed = tails.followed
    for worker in pool.workers.values {
      guard let run = worker.run, let generation = worker.assignment?.generation, let function = versions[generation]?.function,
        followed.contains(function.name),
        worker.output.lines.count > run.told?.lines.count ?? 0
      else { continue }
      var told = run.told ?? ToldLines(invocation: nextID(at: run.started))
      let new = logs(worker.output.lines[told.lines.count...], of: told.invocation, generation)
      told.lines += new
      worker.run?.told = told
      tails.printed(new, by: function.name)
    }
  }

  /// Somebody has begun to follow: first comes what is in no store yet.
  func followed(_ name: String, by follower: UInt64) {
    // The others first, so that nobody gets a line twice.
    tellPrinted()
    var lines: [InvocationLog] = []
    if let function = functions[name] {
      lines = function.logsBeingRecorded + function.machine.unrecordedLogs
      for worker in pool.workers.values where worker.assignment.flatMap({ versions[$0.generation] })?.function === function {
        lines += worker.run?.told?.lines ?? []
      }
    }
    tails.begin(name, follower, with: lines.sorted { $0.id < $1.id }.suffix(Limits.logLinesMissedMax))
  }

  func logs(_ lines: ArraySlice<InvocationOutput.Line>, of invocation: String, _ generation: UInt64) -> [InvocationLog] {
    let mask = mask(of: generation)
    return lines.map {
      InvocationLog(id: nextID(at: $0.time), invocation: invocation, time: $0.time, level: $0.level, message: mask.masking($0.message))
    }
  }
}
