import ArgumentParser

/// `--yes`, for commands that destroy.
struct Confirmation: ParsableArguments {
  @Flag(name: [.customShort("y"), .long], help: "Do not ask before destroying.")
  var yes = false

  /// Asks unless `--yes` was given. Throws where nobody can be asked (64) and where the answer is no (1).
  func require(_ question: String) throws {
    guard !yes else { return }
    guard Terminal.isInputTerminal && Terminal.isErrorTerminal else {
      throw CommandError.use("This destroys data, and there is nobody to ask.", advice: "Add --yes if it is meant.")
    }
    Terminal.ask(Printable.line(question) + " [y/N] ")
    guard ["y", "yes"].contains((readLine() ?? "").lowercased()) else { throw CommandError("Nothing was changed.") }
  }
}
