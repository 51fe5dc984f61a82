import Core

/// How the workers of one runtime are started: what differs between interpreters, for every level of isolation.
struct WorkerRuntime {
  struct Program {
    /// On this machine.
    let path: String
    /// What comes after the program's name.
    let arguments: [String]
  }

  let kind: FunctionRuntimeKind
  /// Without a sandbox.
  var program: Program
  /// Inside the sandbox, where only what `shown` names is there besides the system's libraries.
  var sandboxed: Program
  var environment: [(name: String, value: String)]
  /// What is different inside the sandbox.
  var sandboxEnvironment: [(name: String, value: String)] = []
  /// Files and folders of this machine that the sandbox shows read-only, and where.
  var shown: [(path: String, at: String)]
  /// Whether the interpreter itself keeps a program from files, network and processes. What does not runs only where namespaces do.
  let shutsIn: Bool
  /// Private memory that the interpreter reserves beyond what a function uses.
  let reservedBytes: Int64
  /// Whether it has the usual devices, or only what an interpreter needs for itself.
  var showsDevices = true
  /// Whether all programs of the system are there, too.
  var showsPrograms = false
  /// Empty folders of the sandbox that its program may fill, in memory.
  var temporary: [String] = []
  /// Runs at no level but `full`, whatever the operator allows.
  var needsSandbox = false

  /// `nil` where the interpreter is not installed.
  init?(_ kind: FunctionRuntimeKind, configuration: FunctionsConfiguration, memoryBytes: Int64) {
    switch kind {
    case .javascript where configuration.denoPath == nil: self.init(node: configuration.nodePath, memoryBytes: memoryBytes)
    case .javascript: self.init(deno: configuration.denoPath, memoryBytes: memoryBytes)
    case .python: self.init(python: configuration.pythonPath)
    case .command: self.init(shell: "/bin/sh")
    case .lambda: self.init(lambdaLayer: configuration.lambdaLayerPath)
    case .remote: return nil
    }
  }

  /// What to tell where it is not.
  static func missing(_ kind: FunctionRuntimeKind) -> String {
    switch kind {
    case .javascript: "Deno is not installed, nor Node 20 or newer"
    case .python: "Python 3 is not installed"
    case .command: "there is no /bin/sh"
    case .lambda: "Lambda functions need a sandbox with a network of its own, and this machine offers none"
    case .remote: "remote functions run elsewhere"
    }
  }

  init(
    _ kind: FunctionRuntimeKind, program: Program, sandboxed: Program, environment: [(name: String, value: String)], shown: [(path: String, at: String)],
    shutsIn: Bool, reservedBytes: Int64
  ) {
    self.kind = kind
    self.program = program
    self.sandboxed = sandboxed
    self.environment = environment
    self.shown = shown
    self.shutsIn = shutsIn
    self.reservedBytes = reservedBytes
  }
}
