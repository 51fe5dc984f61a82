import Glibc

/// The processor time of this process: what other processes do on the machine counts less than with a wall clock.
func processorNanoseconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// Runs `body` for about a fifth of a second several times and prints the best rate.
func measure(_ name: String, bytes: Int, _ body: () throws -> Int) rethrows {
  let arguments = CommandLine.arguments
  if arguments.count > 1, !name.contains(arguments[1]) { return }
  if arguments.count > 2, let rounds = Int(arguments[2]) {
    for _ in 0..<rounds { _ = try body() }
    return
  }
  var best = Double.infinity
  var sum = 0
  var rounds = 1
  for _ in 0..<6 {
    let start = processorNanoseconds()
    for _ in 0..<rounds { sum &+= try body() }
    let each = (processorNanoseconds() - start) / Double(rounds)
    best = min(best, each)
    rounds = max(1, Int(2e8 / each))
  }
  let padded = name + String(repeating: " ", count: max(1, 44 - name.count))
  print("\(padded)\(Int(1e9 / best)) /s   \(Int(best)) ns   \(Int(Double(bytes) * 1e3 / best)) MB/s   [\(sum & 1)]")
}
