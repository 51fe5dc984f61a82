import ArgumentParser

struct FunctionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "functions", abstract: "Code of yours that runs on changes, on calls and at times.",
    discussion: """
      Example:
        roost functions deploy functions/on-order.js --on created --collection orders
        roost functions logs on-order --follow
      """,
    subcommands: [
      DeployFunction.self, ListFunctions.self, GetFunction.self, InvokeFunction.self, FunctionLogs.self, FunctionInvocations.self, FunctionUsage.self,
      DeleteFunction.self,
      FunctionDeadLetters.self, ReplayDeadLetters.self, ListFunctionRuns.self, CancelFunctionRun.self,
      ListFunctionVersions.self, RollbackFunction.self, FunctionAliasesCommand.self, FunctionSecrets.self,
    ])
}
