import Core
import JSON

/// How commands are run: the sandbox begins with a shell that takes scripts of ours from the protocol's socket, each after a line with its length.
/// First the program, which it checks; then one event, with which it runs it and ends.
///
/// The program reads the event from a file and writes its answer to one, so that `/dev/stdin` and `/dev/stdout` can be opened, which sockets cannot.
/// After an event the socket carries the answer and nothing else.
enum CommandScript {
  /// The folder of the program, its event and its answer; in memory.
  static let folder = "/function"

  /// Where the event and the answer of a program lie whose folder is an archive, which nobody writes to; in memory.
  static let desk = "/event"

  /// What the shell begins with.
  static let start = """
    exec 5<&0 6>&1 </dev/null >&2
    cd \(folder)
    \(say("{\"type\":\"ready\",\"runtime\":\"command\"}"))
    while IFS= read -r count <&5; do eval "$(head -c "$count" <&5)"; done
    """

  static func load(_ definition: FunctionDefinition) -> [UInt8] {
    if let entry = definition.entry, definition.archive != nil {
      return message(check(entry: entry) + "\n" + say("{\"type\":\"loaded\"}") + "\n", [])
    }
    let program = Array(definition.source.utf8)
    let file = quoted(folder + "/" + definition.name)
    let script = """
      head -c \(program.count) <&5 >\(file)
      chmod 500 \(file)
      \(check(definition.source, file: quoted(definition.name)))
      \(say("{\"type\":\"loaded\"}"))
      """
    return message(script, program)
  }

  /// `more` is what the environment has besides the function's own.
  static func invoke(_ work: RunWork, _ definition: FunctionDefinition, more: [(name: String, value: String)], event: [UInt8]) -> [UInt8] {
    let isArchive = definition.archive != nil
    let (desk, home) = isArchive ? (Self.desk, FunctionArchive.place) : (folder, "/tmp")
    // Where `requirements.txt` went.
    var variables = isArchive ? [("PYTHONPATH", "\(FunctionArchive.place)/\(FunctionArchive.pythonPackages)")] : []
    variables += definition.environment.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } + more.map { ($0.name, $0.value) }
    variables += [
      ("ROOST_FUNCTION", definition.name), ("ROOST_EVENT_TYPE", work.eventType), ("ROOST_EVENT_SUBJECT", work.eventSubject),
      ("ROOST_ATTEMPT", String(work.attempt)),
    ]
    let environment = variables.map { quoted($0 + "=" + $1) }.joined(separator: " ")
    let interpreter = isArchive || definition.source.hasPrefix("#!") ? "" : "/bin/sh "
    let program = quoted(folder + "/" + (isArchive ? definition.entry ?? "" : definition.name))
    let script = """
      head -c \(event.count) <&5 >\(desk)/.event
      cd \(home)
      env \(environment) \(interpreter)\(program) <\(desk)/.event >\(desk)/.answer 5<&- 6>&-
      status=$?
      cat \(desk)/.answer >&6
      exit $status
      """
    return message(script, event)
  }

  /// What a command has answered: JSON as it is, everything else as text; nothing for nothing.
  static func value(_ answer: [UInt8]) -> [UInt8]? {
    let text = String(decoding: answer, as: UTF8.self)
    guard text.contains(where: { !$0.isWhitespace }) else { return nil }
    if let json = try? JSONValue(parsing: answer) { return json.bytes() }
    return JSONValue.string(text.hasSuffix("\n") ? String(text.dropLast()) : text).bytes()
  }

  /// Why a command's process ended as it did, besides what it has said itself.
  static func reason(_ status: Int32) -> String {
    switch status {
    case 0: "The command succeeded."
    // 128 and SIGXFSZ.
    case 153: "The command wrote more than \(FunctionsLimits.fileBytesMax >> 20) MB to its answer or to another file."
    case 129...192: "The command was ended by signal \(status - 128)."
    default: "The command ended with exit status \(status)."
    }
  }

  /// Refuses what cannot run, in the words of whoever would have to run it: what is written to standard error before the shell ends.
  private static func check(_ source: String, file: String) -> String {
    guard source.hasPrefix("#!") else { return "/bin/sh -n \(file) || exit 1" }
    let line = source.dropFirst(2).prefix { $0 != "\n" && $0 != "\r" }
    var words = line.split(separator: " ").map(String.init)
    if words.first == "/usr/bin/env" { words.removeFirst() }
    while let first = words.first, first.hasPrefix("-") || first.contains("=") { words.removeFirst() }
    guard let interpreter = words.first else { return "echo 'The first line names no interpreter.' >&2; exit 1" }
    let program = quoted(interpreter)
    let exists = "command -v \(program) >/dev/null || { echo \(quoted("The interpreter '\(interpreter)' of the first line is not there.")) >&2; exit 1; }\n"
    let name = interpreter.split(separator: "/").last.map(String.init) ?? ""
    if ["sh", "bash", "dash", "ksh", "zsh"].contains(name) { return exists + "\(program) -n \(file) || exit 1" }
    if name.hasPrefix("python") { return exists + "\(program) -I -c \"compile(open(\(file), 'rb').read(), \(file), 'exec')\" || exit 1" }
    return exists
  }

  /// The same for a file of an archive, which the shell itself looks at: any program that the kernel runs, or a script whose first line names its interpreter.
  private static func check(entry: String) -> String {
    // `env` would take the path for a variable.
    guard !entry.contains("=") else { return "echo \(quoted("The file '\(entry)', which the command begins with, has a '=' in its name.")) >&2; exit 1" }
    let says = quoted("The file '\(entry)', which the command begins with, is not executable: `chmod +x` it, and pack it so that the archive keeps that.")
    return """
      (
      file=\(quoted(FunctionArchive.place + "/" + entry))
      [ -x "$file" ] || { echo \(says) >&2; exit 1; }
      if [ "$(head -c 2 "$file" | tr -d '\\000')" = '#!' ]; then
        set -f
        set -- $(head -n 1 "$file" | cut -c 3-)
        [ "$1" != /usr/bin/env ] || shift
        while case "$1" in -*|*=*) ;; *) false ;; esac; do shift; done
        [ -n "$1" ] || { echo 'The first line names no interpreter.' >&2; exit 1; }
        command -v "$1" >/dev/null || { echo "The interpreter '$1' of the first line is not there." >&2; exit 1; }
        case "${1##*/}" in
          sh|bash|dash|ksh|zsh) "$1" -n "$file" || exit 1 ;;
          python*) "$1" -I -c 'import sys; compile(open(sys.argv[1], "rb").read(), sys.argv[1], "exec")' "$file" || exit 1 ;;
        esac
      fi
      ) || exit 1
      """
  }

  private static func message(_ script: String, _ payload: [UInt8]) -> [UInt8] {
    let bytes = Array(script.utf8)
    return Array("\(bytes.count)\n".utf8) + bytes + payload
  }

  /// A frame, as a shell writes it.
  private static func say(_ json: String) -> String {
    let bytes = [0, 0, 0, UInt8(clamping: json.utf8.count)] + Array(json.utf8)
    return "printf '" + bytes.map { "\\" + String(Int($0) + 512, radix: 8).suffix(3) }.joined() + "' >&6"
  }

  private static func quoted(_ text: String) -> String {
    "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }
}

extension RunWork {
  var eventType: String {
    switch self {
    case .delivery(let delivery): delivery.event.type
    case .direct(let call): call.invocation.eventType
    }
  }

  var eventSubject: String {
    switch self {
    case .delivery(let delivery): delivery.event.path
    case .direct(let call): call.invocation.eventSubject
    }
  }
}
