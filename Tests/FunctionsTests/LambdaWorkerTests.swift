import Core
import JSON
import Testing

@testable import Functions

/// Functions of the `lambda` runtime, in real sandboxes.
@Suite(.serialized) struct LambdaWorkerTests {
  private static func deploy(
    _ lab: FunctionsLab, _ language: String, _ source: String, timeout: String = "10s", memory: String = "128MB", concurrency: Int64 = 2
  ) async throws {
    let definition = try FunctionDefinition(
      name: "f",
      value: [
        "runtime": "lambda", "language": .string(language), "source": .string(source), "timeout": .string(timeout), "memory": .string(memory),
        "concurrency": .int(concurrency), "retry": ["attempts": 1], "env": ["GREETING": "it's \"me\""],
        "triggers": [["type": "document", "events": ["written"], "collection": "posts"]],
      ])
    try await lab.service.check(definition)
    _ = try await lab.backend.deploy(definition, at: lab.clock.now())
    await lab.service.functionsChanged()
  }

  private static func call(_ lab: FunctionsLab, _ event: String = "{}") async throws -> DirectAnswer {
    try await lab.service.invoke(DirectInvocation(function: "f", event: Array(event.utf8), eventType: "test", eventSubject: "one"))
  }

  private static func text(_ answer: DirectAnswer) -> String? { answer.value.map { String(decoding: $0, as: UTF8.self) } }

  private static let handlers = [
    (
      "python",
      """
      import os
      print("loading")
      def handler(event, context):
          print("hello", event["n"])
          if event.get("bad"): raise ValueError("no " + str(event["n"]))
          return {"n": event["n"] + 1, "greeting": os.environ["GREETING"], "name": context.function_name, "handler": os.environ["_HANDLER"], "id": len(context.aws_request_id), "pid": os.getpid()}
      """
    ),
    (
      "node",
      """
      const os = require("os");
      exports.handler = async (event, context) => {
        console.log("hello", event.n);
        if (event.bad || event.n === undefined) throw new TypeError("no " + event.n);
        return { n: event.n + 1, greeting: process.env.GREETING, name: context.functionName, handler: process.env._HANDLER, id: context.awsRequestId.length, pid: process.pid };
      };
      """
    ),
  ]

  @Test(arguments: [0, 1]) func `A handler gets its event and context, and its answer, lines and errors come back`(_ which: Int) async throws {
    let (language, source) = Self.handlers[which]
    try await FunctionsLab.run { lab in
      try await Self.deploy(lab, language, source)
      let first = try await Self.call(lab, #"{"n":1}"#)
      #expect(
        Self.text(first).flatMap { try? JSONValue(parsing: Array($0.utf8)) }
          == ["n": 2, "greeting": "it's \"me\"", "name": "f", "handler": "main.handler", "id": 36, "pid": 1], "\(first)")
      #expect(first.logs.last?.message == "hello 1" && first.logs.last?.level == "info" && first.invocation.isCold)
      let bad = try await Self.call(lab, #"{"n":5,"bad":true}"#)
      #expect(bad.invocation.status == .failed && bad.value == nil && !bad.invocation.isCold)
      let error = bad.invocation.error ?? ""
      #expect(error.contains("Error: no 5") && error.contains("main."), "\(error)")
      // The same worker goes on.
      #expect(try await Self.call(lab, #"{"n":7}"#).invocation.isCold == false)
      lab.backend.commit("1")
      #expect(try await lab.invocations(4)[3].status == .failed, "the event has no n")
    }
  }

  @Test func `A shell script with curl is a runtime`() async throws {
    try await FunctionsLab.run { lab in
      try await Self.deploy(
        lab, "custom",
        """
        #!/bin/sh
        root="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
        while true; do
          event=$(curl -sS -D /tmp/headers "$root/next")
          id=$(grep -i lambda-runtime-aws-request-id /tmp/headers | tr -d '\\r' | cut -d' ' -f2)
          echo "got $event"
          curl -sS -X POST -d "{\\"echo\\":$event}" "$root/$id/response" > /dev/null
        done
        """)
      for number in 1...3 {
        let answer = try await Self.call(lab, "{\"n\":\(number)}")
        #expect(Self.text(answer) == "{\"echo\":{\"n\":\(number)}}", "\(answer)")
        #expect(answer.logs.map(\.message) == ["got {\"n\":\(number)}"])
      }
    }
  }

  @Test(arguments: [
    ("python", "import nowhere\ndef handler(e, c): pass", "No module named 'nowhere'"), ("python", "def other(e, c): pass", "handler"),
    ("python", "def handler(:", "invalid syntax"), ("node", "require('nowhere')", "nowhere"), ("node", "exports.other = 1", "main.handler"),
    ("node", "exports.handler = {{", "Unexpected token"), ("custom", "#!/bin/sh\necho sorry >&2; exit 3", "sorry"), ("custom", "#!/nowhere", "No such file"),
    (
      "custom",
      "#!/bin/sh\ncurl -s -d '{\"errorMessage\":\"no database\",\"errorType\":\"Init\"}' http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error; exit 1",
      "Init: no database"
    ),
  ]) func `A function that does not load is refused with the reason`(language: String, source: String, reason: String) async throws {
    try await FunctionsLab.run { lab in
      do {
        try await Self.deploy(lab, language, source)
        Issue.record("deployed: \(source)")
      } catch let error as RoostError {
        #expect(error.code == .deployRefused && error.message.contains(reason), "\(error)")
      }
    }
  }

  @Test func `A function calls its project's API with its token, only while it runs`() async throws {
    try await FunctionsLab.run { lab in
      try await Self.deploy(
        lab, "python",
        """
        import os, urllib.request, urllib.error
        def ask(token=os.environ["ROOST_TOKEN"], path="/v1/documents/posts?limit=1", **more):
            request = urllib.request.Request(os.environ["ROOST_URL"] + path, headers={"Authorization": "Bearer " + token, "X-Mine": "yes"}, **more)
            try:
                with urllib.request.urlopen(request) as answer: return answer.status
            except urllib.error.HTTPError as error: return error.code
        early = ask()
        def handler(event, context):
            return [early, ask(), ask("wrong"), ask(""), ask(data=b'{"a":1}'), ask(path="/v1/documents/posts/" + "x" * 70000)]
        """)
      #expect(try await Self.text(Self.call(lab)) == "[403, 200, 401, 401, 200, 431]")
      let calls = lab.api.calls
      #expect(calls.map(\.method) == ["GET", "POST"])
      #expect(calls.first?.target == "/v1/documents/posts?limit=1" && calls.last?.body == #"{"a":1}"#)
      let names = calls.first.map { Array($0.headers.keys) } ?? []
      #expect(names.contains("x-mine") && !names.contains("authorization") && !names.contains("host") && !names.contains("connection"), "\(names)")
    }
  }

  @Test func `A function that does not answer in time, dies or asks again says so, and the next call works`() async throws {
    try await FunctionsLab.run { lab in
      try await Self.deploy(
        lab, "python",
        """
        import os, time, http.client
        def handler(event, context):
            kind = event.get("kind")
            if kind == "slow": print("sleeping"); time.sleep(60)
            if kind == "die": os._exit(7)
            if kind == "again":
                other = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
                other.request("GET", "/2018-06-01/runtime/invocation/next")
                time.sleep(60)
            if kind == "large": return "x" * (10 << 20)
            return os.getpid()
        """, timeout: "1s", concurrency: 1)
      let slow = try await Self.call(lab, #"{"kind":"slow"}"#)
      #expect(slow.invocation.status == .timeout && slow.logs.map(\.message) == ["sleeping"], "\(slow)")
      let dead = try await Self.call(lab, #"{"kind":"die"}"#)
      #expect(dead.invocation.status == .crashed && dead.invocation.error?.contains("exit code 7") == true, "\(dead)")
      let large = try await Self.call(lab, #"{"kind":"large"}"#)
      #expect(large.invocation.status == .failed && large.invocation.error?.contains("ResponseSizeTooLarge") == true, "\(large)")
      #expect(try await Self.call(lab).invocation.isCold == false)
      let again = try await Self.call(lab, #"{"kind":"again"}"#)
      #expect(again.invocation.status == .failed && again.invocation.error?.contains("next event") == true, "\(again)")
      #expect(await lab.backend.reaches(.seconds(5)) { $0.invocations.count >= 5 })
    }
  }
}
