import Core

extension Worker {
  /// The invocation that a worker runs.
  struct Run {
    let id: Int64
    let work: RunWork
    var started: Timestamp
    var begin: ContinuousClock.Instant
    var isCold = false
    var cpuBefore: Duration?
    /// This run's own place in the trace.
    var trace: String?
    /// It is an execution of a durable run.
    var usesSteps = false
    /// Of a function that is tried out, once it has used steps.
    var trial: StepTrial?
    /// It failed so that trying again would change nothing.
    var isFinal = false
    /// Nil while nobody follows.
    var told: ToldLines?
  }
}

/// What a run is for: an event of the log, or a caller who waits.
enum RunWork {
  case delivery(Delivery)
  case direct(DirectCall)

  /// The event's place in the log, of a delivery.
  var sequence: Int64? {
    switch self {
    case .delivery(let delivery): delivery.event.sequence
    case .direct: nil
    }
  }

  /// Whether an admin tries the function out.
  var isTrial: Bool {
    switch self {
    case .delivery: false
    case .direct(let call): call.invocation.isTrial
    }
  }

  /// 1 for the first.
  var attempt: Int {
    switch self {
    case .delivery(let delivery): delivery.attempt
    case .direct: 1
    }
  }

  /// Since when it could have been started, as far as that is known.
  var since: Timestamp? {
    switch self {
    case .delivery(let delivery): delivery.since
    case .direct(let call): call.since
    }
  }

  /// How many triggers lie between this and the request that began the chain.
  var depth: Int {
    switch self {
    case .delivery(let delivery): delivery.event.depth
    case .direct(let call): call.invocation.depth
    }
  }

  /// The trace context of what caused it.
  var trace: String? {
    switch self {
    case .delivery(let delivery): delivery.event.trace
    case .direct(let call): call.invocation.trace
    }
  }

  /// Instead of the function's own.
  var timeout: Duration? {
    switch self {
    case .delivery: nil
    case .direct(let call): call.invocation.timeout
    }
  }

  /// Whether anybody wants to know what the handler returned.
  var wantsValue: Bool {
    switch self {
    case .delivery(let delivery): delivery.wantsValue
    case .direct: true
    }
  }

  /// Whether the answer may come in pieces.
  var takesPieces: Bool {
    switch self {
    case .delivery: false
    case .direct(let call): call.answer.stream != nil
    }
  }

  /// Whether it comes in pieces.
  var hasBegunToAnswer: Bool {
    switch self {
    case .delivery: false
    case .direct(let call): call.answer.hasBegun
    }
  }
}
