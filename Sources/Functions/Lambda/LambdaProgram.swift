import Core

/// What a worker of the `lambda` runtime starts with, and what it is then given to run: shell programs, since every system has a shell.
enum LambdaProgram {
  /// Comes up without user code, says so, and waits for the length and then the text of the program that becomes the runtime.
  static let starter = #"printf 'ready\n'; IFS= read -r length && program=$(head -c "$length") && eval "$program""#
  static let greeting = Array("ready\n".utf8)

  /// The folder of the function, as AWS has it.
  static let folder = "/var/task"
  /// Shared packages, as AWS's layers are shown.
  static let layer = "/opt"

  /// The length and the text: puts the source in its place and becomes the runtime. Standard output stays what it is, so it is a log.
  static func start(_ definition: FunctionDefinition, loopback: Loopback, more: [(name: String, value: String)]) -> [UInt8] {
    let lambda = definition.lambda
    var text = "cd \(folder) || exit 1\n"
    if definition.archive == nil, let file = lambda?.file {
      if let parent = file.split(separator: "/").dropLast().joined(separator: "/").nonEmpty { text += "mkdir -p \(quoted(parent))\n" }
      text += "printf '%s' \(quoted(definition.source)) > \(quoted(file)) || exit 1\n"
      if lambda?.language == .custom { text += "chmod 755 \(quoted(file))\n" }
    }
    let handler = lambda?.handler ?? LambdaSettings.handlerDefault
    text += "set -- env -i"
    for (name, value) in environment(definition, handler: handler, loopback: loopback, more: more) { text += " " + quoted(name + "=" + value) }
    text += "\n"
    text += "if [ -x ./bootstrap ]; then exec \"$@\" ./bootstrap </dev/null\n"
    let file = LambdaSettings.pythonFile(of: handler)
    text += "elif [ -f \(quoted(file)) ] || [ -f \(quoted(String(file.dropLast(3)) + "/__init__.py")) ]; then"
    text += " exec \"$@\" python3 -c \(quoted(LambdaRuntimes.python)) \(quoted(handler)) </dev/null\n"
    let heap = definition.memoryBytesMax >> 20
    text += "else exec \"$@\" node --max-old-space-size=\(heap) -e \(quoted(LambdaRuntimes.node)) -- \(quoted(handler)) </dev/null\n"
    text += "fi\n"
    return Array("\(text.utf8.count)\n".utf8) + Array(text.utf8)
  }

  /// AWS's variables (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html); the function's own come after the defaults, and
  /// before what only the server knows.
  private static func environment(_ definition: FunctionDefinition, handler: String, loopback: Loopback, more: [(name: String, value: String)]) -> [(
    name: String, value: String
  )] {
    let defaults = [
      "PATH": "\(folder)/bin:\(layer)/bin:/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": ":UTC", "HOME": "/tmp",
      "LD_LIBRARY_PATH": "\(folder):\(folder)/lib:\(layer)/lib", "PYTHONPATH": "\(folder)/\(FunctionArchive.pythonPackages):\(layer)/python",
      "NODE_PATH": "\(layer)/nodejs/node_modules",
      "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
    ]
    let fixed = [
      "AWS_LAMBDA_RUNTIME_API": loopback.address, "AWS_LAMBDA_FUNCTION_NAME": definition.name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
      "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": String(definition.memoryBytesMax >> 20), "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
      "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + definition.name, "AWS_LAMBDA_LOG_STREAM_NAME": "roost", "_HANDLER": handler,
      "LAMBDA_TASK_ROOT": folder, "LAMBDA_RUNTIME_DIR": "/var/runtime",
    ]
    var all = defaults.merging(definition.environment) { $1 }.merging(fixed) { $1 }
    for (name, value) in more { all[name] = value }
    return all.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// One word of a shell program.
  static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

extension String {
  fileprivate var nonEmpty: String? { isEmpty ? nil : self }
}
