/// One caller's changes, on their way through the writer. All of them or none become part of the commit.
///
/// `run` and then `finish` are called by the writer's thread. `finish` once; `run` again where before triggers have to look at its writes first:
/// the earlier attempt left nothing behind.
protocol WriteJob: AnyObject, Sendable {
  /// Whether it can fail after it changed something without leaving that to be undone: then the writer spends no savepoint on it.
  /// Should such a job nevertheless fail half-way, its whole batch is undone.
  var isSingleChange: Bool { get }
  /// How many writes it is, for the bound on one commit.
  var writes: Int { get }
  /// Whether it goes on after a write that before triggers have to look at, so that they are asked about all of them at once. Then it says
  /// `requireComplete` at its end.
  var collectsProposals: Bool { get }
  func run(in transaction: WriteTransaction) throws
  /// After the commit, or with the reason why there was none.
  func finish(_ failure: (any Error)?)
}

extension WriteJob {
  var collectsProposals: Bool { false }
}

/// Any work of the other stores. `@unchecked` because the writer's thread alone touches `result`.
final class WorkJob<Value: Sendable>: WriteJob, @unchecked Sendable {
  private let work: @Sendable (WriteTransaction) throws -> Value
  private let completion: @Sendable (Result<Value, any Error>) -> Void
  private var result: Value?

  init(_ work: @escaping @Sendable (WriteTransaction) throws -> Value, then completion: @escaping @Sendable (Result<Value, any Error>) -> Void) {
    self.work = work
    self.completion = completion
  }

  var isSingleChange: Bool { false }
  var writes: Int { 1 }

  func run(in transaction: WriteTransaction) throws { result = try work(transaction) }

  func finish(_ failure: (any Error)?) {
    if let failure {
      completion(.failure(storageError(failure)))
    } else if let result {
      completion(.success(result))
    }
  }
}
