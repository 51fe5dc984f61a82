/// One caller's changes, on their way through the writer. All of them or none become part of the commit.
///
/// `run` and then `finish` are called by the writer's thread, each once.
protocol WriteJob: AnyObject, Sendable {
  /// Whether it can fail after it changed something without leaving that to be undone: then the writer spends no savepoint on it.
  /// Should such a job nevertheless fail half-way, its whole batch is undone.
  var isSingleChange: Bool { get }
  /// How many writes it is, for the bound on one commit.
  var writes: Int { get }
  func run(in transaction: WriteTransaction) throws
  /// After the commit, or with the reason why there was none.
  func finish(_ failure: (any Error)?)
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
