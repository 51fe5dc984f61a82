import BenchmarkTiming

/// Runs `body` for about a fifth of a second several times and prints the best rate.
func measure(_ name: String, bytes: Int, _ body: () throws -> Int) rethrows {
  let arguments = CommandLine.arguments
  if arguments.count > 1, !name.contains(arguments[1]) { return }
  if arguments.count > 2, let rounds = Int(arguments[2]) {
    for _ in 0..<rounds { _ = try body() }
    return
  }
  let best = try ProcessorTime.nanoseconds(body)
  let padded = name + String(repeating: " ", count: max(1, 44 - name.count))
  print("\(padded)\(Int(1e9 / best)) /s   \(Int(best)) ns   \(Int(Double(bytes) * 1e3 / best)) MB/s")
}
