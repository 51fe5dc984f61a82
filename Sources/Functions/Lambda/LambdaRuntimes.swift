/// The programs that load a handler and serve the runtime interface, for functions that bring none.
enum LambdaRuntimes {
  /// AWS's own client where the function or the layer has it; else a loop that does as much.
  static let python = #"""
    import sys, os, runpy
    sys.path[0:1] = [os.getcwd()]
    sys.argv[0] = "awslambdaric"
    try:
        import awslambdaric
    except ImportError:
        awslambdaric = None
    if awslambdaric is not None:
        runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
        sys.exit(0)

    import http.client, importlib, json, time, traceback

    sys.stdout.reconfigure(line_buffering=True)
    server = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    root = "/2018-06-01/runtime/"

    def call(method, path, body=None, headers={}):
        server.request(method, root + path, body, headers)
        answer = server.getresponse()
        return answer.headers, answer.read()

    def failure(error):
        stack = traceback.format_list([frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != "<string>" and "importlib" not in frame.filename])
        return json.dumps({"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": stack}).encode()

    class Identity:
        cognito_identity_id = cognito_identity_pool_id = None

    class Client:
        def __init__(self, values):
            self.custom, self.env, self.client = values.get("custom"), values.get("env"), values.get("client")

    class Context:
        def __init__(self, headers):
            self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
            self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
            self.deadline = int(headers["Lambda-Runtime-Deadline-Ms"])
            self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
            self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
            self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
            self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
            self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
            self.identity, self.client_context = Identity(), Client(json.loads(headers["Lambda-Runtime-Client-Context"] or "{}"))

        def get_remaining_time_in_millis(self):
            return max(0, self.deadline - int(time.time() * 1000))

    def load(name):
        module, _, function = name.rpartition(".")
        return getattr(importlib.import_module(module.replace("/", ".")), function)

    try:
        handler = load(sys.argv[1])
    except BaseException as error:
        call("POST", "init/error", failure(error), {"Lambda-Runtime-Function-Error-Type": "Runtime." + type(error).__name__})
        sys.exit(1)
    while True:
        headers, event = call("GET", "invocation/next")
        identifier = headers["Lambda-Runtime-Aws-Request-Id"]
        os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"] or ""
        try:
            answer, path = json.dumps(handler(json.loads(event), Context(headers))).encode(), "response"
        except Exception as error:
            answer, path = failure(error), "error"
        sys.stdout.flush()
        call("POST", f"invocation/{identifier}/{path}", answer, {"Content-Type": "application/json"})
    """#

  /// AWS's Node client needs a native build, so this is a loop of our own: async handlers, callbacks, CommonJS and modules.
  static let node = #"""
    const http = require("http"), fs = require("fs"), path = require("path"), { pathToFileURL } = require("url");
    const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const root = "/2018-06-01/runtime/";

    const call = (method, target, body, headers = {}) => new Promise((resolve, reject) => {
      if (body !== undefined) headers = { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      const request = http.request({ host, port, agent, method, path: root + target, headers }, (answer) => {
        const parts = [];
        answer.on("data", (part) => parts.push(part));
        answer.on("end", () => resolve({ headers: answer.headers, body: Buffer.concat(parts).toString() }));
      });
      request.on("error", reject);
      request.end(body);
    });

    const failure = (error) => JSON.stringify(error instanceof Error
      ? { errorType: error.name, errorMessage: error.message, trace: String(error.stack).split("\n").filter((line) => !line.includes("[eval]") && !line.includes("node:")) }
      : { errorType: typeof error, errorMessage: typeof error === "string" ? error : require("util").inspect(error), trace: [] });

    async function load(name) {
      const dot = name.indexOf(".", name.lastIndexOf("/") + 1);
      const stem = path.resolve(process.env.LAMBDA_TASK_ROOT, name.slice(0, dot));
      const file = ["", ".js", ".mjs", ".cjs"].map((end) => stem + end).find((file) => fs.existsSync(file) && fs.statSync(file).isFile());
      if (!file) throw Object.assign(new Error(`Cannot find module '${stem}'`), { name: "Runtime.ImportModuleError" });
      const loaded = await import(pathToFileURL(file).href);
      const names = name.slice(dot + 1).split(".");
      const find = (from) => names.reduce((value, key) => value?.[key], from);
      const handler = find(loaded) ?? find(loaded.default);
      if (typeof handler !== "function") throw Object.assign(new Error(`${name} is undefined or not exported`), { name: "Runtime.HandlerNotFound" });
      return handler;
    }

    const run = (handler, event, context) => new Promise((resolve, reject) => {
      context.done = (error, value) => error == null ? resolve(value) : reject(error);
      context.succeed = resolve;
      context.fail = reject;
      const result = handler(event, context, context.done);
      if (typeof result?.then === "function") result.then(resolve, reject);
      // A handler that takes a callback may call it later; any other is done.
      else if (result !== undefined || handler.length < 3) resolve(result);
    });

    (async () => {
      let handler;
      try {
        handler = await load(process.argv[1]);
      } catch (error) {
        await call("POST", "init/error", failure(error), { "Lambda-Runtime-Function-Error-Type": error?.name ?? "Error" });
        process.exit(1);
      }
      const env = process.env;
      for (;;) {
        const { headers, body } = await call("GET", "invocation/next");
        const id = headers["lambda-runtime-aws-request-id"];
        const deadline = Number(headers["lambda-runtime-deadline-ms"]);
        env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"] ?? "";
        const context = {
          awsRequestId: id, invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"], callbackWaitsForEmptyEventLoop: true,
          functionName: env.AWS_LAMBDA_FUNCTION_NAME, functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION, memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
          logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME, logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
          clientContext: JSON.parse(headers["lambda-runtime-client-context"] ?? "null"), identity: undefined,
          getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
        };
        let answer, end;
        try {
          [answer, end] = [JSON.stringify(await run(handler, JSON.parse(body), context)) ?? "null", "response"];
        } catch (error) {
          [answer, end] = [failure(error), "error"];
        }
        await call("POST", `invocation/${id}/${end}`, answer);
      }
    })();
    """#
}
