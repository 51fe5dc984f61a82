extension HTTPExchange {
  /// Runs async work for this request: cancelled when the connection closes; the server's drain waits for it. When the
  /// last of a request's tasks ends without an answer, the server answers 500; a stream that it left open is cut off.
  package func task(_ operation: @escaping @Sendable () async -> Void) {
    loop.settings.lifecycle.taskStarted()
    hop { [self] in
      let number = nextTask
      nextTask += 1
      let task = Task {
        await operation()
        hop { self.taskEnded(number) }
      }
      tasks[number] = task
      if isLost { task.cancel() }
    }
  }

  private func taskEnded(_ number: Int) {
    tasks[number] = nil
    loop.settings.lifecycle.taskEnded()
    if tasks.isEmpty, !isLost { connection.workEnded(self) }
  }
}
