import ArgumentParser

struct RulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "Test who may do what, without a server.", subcommands: [TestRules.self])
}
