/// The program that every Deno worker starts with. It takes the protocol's socket for itself, loads the user's module from memory
/// (so no permission to read files is needed) and runs it, one event at a time.
///
/// While a worker waits for its next event it reads with a blocking call: that saves a thread hop for each event, and freezes whatever
/// timers a function left behind until its next one.
enum DenoBootstrap {
  /// How the interpreter takes it on its command line: without a file, and as text to be evaluated. Deno parses a module twice, which takes longer than
  /// everything that this program does before its first event.
  static let arguments = ["data:application/javascript,(0,eval)(Deno.args[0])", "(() => {\n\"use strict\";\n" + source + "\n})();"]

  static let source = #"""
    const { stdin, stdout, inspect, exit } = Deno;
    const { parse, stringify } = JSON;
    const isSpare = Deno.args.at(-1) === "spare";
    const clock = performance;
    const since = (began) => Math.round((clock.now() - began) * 1000);
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();
    const FRAME_MAX = 8 << 20;
    const CALLS_MAX = 32;
    const TEXT_MAX = (16 << 10) - 4;
    const MODULE_DATA_MAX = 64 << 10;

    // Frames: four bytes of length, most significant first, then as many bytes of JSON.
    let input = new Uint8Array(64 << 10), start = 0, end = 0;
    let output = new Uint8Array(64 << 10);

    // A half of a character that needs two is no text in UTF-8: it becomes what decoders make of it.
    const whole = (key, value) => {
      if (typeof value === "string") return value.toWellFormed();
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).map(([name, member]) => [name.toWellFormed(), member]));
    };

    function send(frame) {
      let text = stringify(frame);
      if (text.includes("\\ud")) text = stringify(frame, whole);
      if (text.length * 3 + 4 > output.length) {
        const bytes = encoder.encode(text);
        if (bytes.length > FRAME_MAX) throw new RangeError(`A message to the server has at most ${FRAME_MAX} bytes, this one ${bytes.length}.`);
        writeHead(bytes.length);
        write(output.subarray(0, 4));
        return write(bytes);
      }
      const { written } = encoder.encodeInto(text, output.subarray(4));
      writeHead(written);
      write(output.subarray(0, written + 4));
    }

    function writeHead(length) {
      output[0] = length >>> 24; output[1] = length >>> 16; output[2] = length >>> 8; output[3] = length;
    }

    let isRehearsing = false;

    function write(bytes) {
      if (isRehearsing) return;
      for (let at = 0; at < bytes.length;) at += stdout.writeSync(at === 0 ? bytes : bytes.subarray(at));
    }

    // The next whole frame that has arrived, or undefined.
    function buffered() {
      if (end - start < 4) return undefined;
      const length = (input[start] << 24 | input[start + 1] << 16 | input[start + 2] << 8 | input[start + 3]) >>> 0;
      if (end - start < length + 4) { room(length + 4); return undefined; }
      const frame = parse(decoder.decode(input.subarray(start + 4, start + 4 + length)));
      start += length + 4;
      if (start === end) start = end = 0;
      return frame;
    }

    function room(needed) {
      if (input.length - start >= needed && end < input.length) return;
      const larger = needed > input.length ? new Uint8Array(needed + (64 << 10)) : input;
      larger.set(input.subarray(start, end));
      end -= start; start = 0; input = larger;
    }

    function received(count) {
      if (count === null || count === 0) exit(0); // the server is gone
      end += count;
    }

    function nextSync() {
      for (;;) {
        const frame = buffered();
        if (frame) return frame;
        room(64);
        received(stdin.readSync(input.subarray(end)));
      }
    }

    async function next() {
      for (;;) {
        const frame = buffered();
        if (frame) return frame;
        room(64);
        received(await stdin.read(input.subarray(end)));
      }
    }

    // Output. Everything printed becomes log lines of the invocation, within its limits.
    let limits = { lines: 1000, bytes: 256 << 10 }, lines = 0, bytes = 0;

    function log(level, text) {
      if (lines > limits.lines || bytes > limits.bytes) return;
      // One line past a limit is sent, so that the server sees that there was more.
      text = cleaned(text);
      if (text.length > TEXT_MAX) text = text.slice(0, TEXT_MAX) + "…";
      lines += 1;
      bytes += text.length;
      send({ type: "log", level, message: text });
    }

    function show(value) {
      return typeof value === "string" ? value : inspect(value, { depth: 4, strAbbreviateSize: TEXT_MAX, iterableLimit: 200, colors: false });
    }

    function format(values) {
      let rest = values;
      let text = "";
      if (typeof values[0] === "string" && values.length > 1 && values[0].includes("%")) {
        let used = 1;
        text = values[0].replace(/%[sdifjoOc%]/g, (mark) => {
          if (mark === "%%") return "%";
          if (used >= values.length) return mark;
          const value = values[used++];
          switch (mark) {
            case "%s": return typeof value === "object" ? show(value) : String(value);
            case "%d": case "%i": return String(mark === "%i" ? parseInt(value) : Number(value));
            case "%f": return String(parseFloat(value));
            case "%j": return stringify(value);
            case "%c": return "";
            default: return show(value);
          }
        });
        rest = values.slice(used);
        if (rest.length > 0) text += " ";
      }
      return text + rest.map(show).join(" ");
    }

    const printer = (level) => (...values) => log(level, format(values));
    const counts = new Map(), timers = new Map();
    const elapsed = (label) => `${label}: ${(performance.now() - (timers.get(label) ?? performance.now())).toFixed(3)}ms`;
    const quiet = () => {};
    const output_console = {
      debug: printer("debug"), log: printer("info"), info: printer("info"), warn: printer("warn"), error: printer("error"),
      trace: (...values) => log("debug", format(values) + "\n" + cleaned(new Error().stack)),
      dir: (value) => log("info", show(value)), dirxml: printer("info"), table: (value) => log("info", show(value)),
      assert: (condition, ...values) => { if (!condition) log("error", "Assertion failed" + (values.length ? ": " + format(values) : "")); },
      group: printer("info"), groupCollapsed: printer("info"), groupEnd: quiet, clear: quiet, profile: quiet, profileEnd: quiet, timeStamp: quiet,
      count: (label = "default") => { counts.set(label, (counts.get(label) ?? 0) + 1); log("info", `${label}: ${counts.get(label)}`); },
      countReset: (label = "default") => { counts.delete(label); },
      time: (label = "default") => { timers.set(label, performance.now()); },
      timeLog: (label = "default", ...values) => log("info", elapsed(label) + (values.length ? " " + format(values) : "")),
      timeEnd: (label = "default") => { log("info", elapsed(label)); timers.delete(label); },
    };

    const replace = (object, name, value) => {
      try { Object.defineProperty(object, name, { value, writable: true, configurable: true, enumerable: true }); } catch { /* stays as it is */ }
    };
    const stream = (level) => ({
      write: (data) => { log(level, decoder.decode(data)); return Promise.resolve(data.length); },
      writeSync: (data) => { log(level, decoder.decode(data)); return data.length; },
      get writable() { return new WritableStream({ write: (data) => log(level, decoder.decode(data)) }); },
      isTerminal: () => false, close: quiet,
    });
    replace(globalThis, "console", output_console);
    replace(Deno, "stdout", stream("info"));
    replace(Deno, "stderr", stream("error"));
    replace(Deno, "stdin", {
      read: () => Promise.resolve(null), readSync: () => null, isTerminal: () => false, setRaw: quiet, close: quiet,
      get readable() { return new ReadableStream({ start: (controller) => controller.close() }); },
    });
    replace(Deno, "args", []);
    for (const [name, answer] of [["alert", undefined], ["confirm", false], ["prompt", null]]) replace(globalThis, name, () => answer);
    // Deno makes Node's process when it is first named, which takes some ten milliseconds: only for what may use it.
    let isProcessReplaced = false;
    function replaceProcess() {
      if (isProcessReplaced || !globalThis.process) return;
      isProcessReplaced = true;
      const node = (level) => ({
        write: (data) => { log(level, typeof data === "string" ? data : decoder.decode(data)); return true; },
        on: quiet, once: quiet, end: quiet, isTTY: false, columns: 80,
      });
      replace(globalThis.process, "stdout", node("info"));
      replace(globalThis.process, "stderr", node("error"));
    }

    \#(DenoClient.source)
    \#(StepsBootstrap.source)
    // Running the function.
    let handler, file = "function.ts", context, current, steps;

    // A text with the frames of stacks in it: without our own, and with the module under its name.
    const isOurs = (line) => /^\s+at .*(data:application\/javascript,|\[eval\]|node:internal)/.test(line);
    const cleaned = (value) => { const text = String(value ?? ""); return /data:|blob:|\n\s+at |\/tmp\/roost-/.test(text) ? tidied(text) : text; };
    const tidied = (text) => text.split("\n").filter((line) => !isOurs(line)).join("\n")
      .replace(/blob:null\/[0-9a-f-]{36}|data:(application\/typescript|text\/javascript);base64,[\w+\/=.]*|(file:\/\/)?\/tmp\/roost-\w+\/module\.mjs/g, file);

    const isMemory = (error) => error instanceof RangeError && /allocation failed/i.test(error.message);

    const stackOf = (error) => cleaned(error.stack).slice(0, 8 << 10);
    const described = (error) => isMemory(error)
      ? { name: "MemoryError", message: error.message + ": the function needs more than its memory", stack: stackOf(error) }
      : error instanceof Error
      ? { name: error.name, message: cleaned(Deno.explain?.(error) ?? error.message), stack: stackOf(error), status: error.status, code: error.code,
          final: error instanceof StepError }
      : { name: "Error", message: `threw ${show(error).slice(0, TEXT_MAX)}`, stack: "" };

    function abort(error) {
      current?.abort(error);
      if (!current) log("error", described(error).message);
    }

    addEventListener("unhandledrejection", (event) => { event.preventDefault(); abort(event.reason); });
    addEventListener("error", (event) => { event.preventDefault(); abort(event.error ?? event.message); });
    // The event loop has nothing left that could settle the function's promise.
    addEventListener("beforeunload", (event) => {
      if (!current) return;
      event.preventDefault();
      if (steps?.isWaiting) return current.abort(new Suspension(true));
      if (steps?.isNested) return current.abort(new Error("A step waits inside another step: steps cannot be nested."));
      current.abort(new Error("The function waits for something that never comes: its promise cannot settle any more."));
    });

    async function watched(work) {
      let isAborted = false;
      const aborted = new Promise((_, reject) => { current = { abort: (error) => { isAborted = true; reject(error); } }; });
      try {
        await Promise.race([work(), aborted]);
        if (waiting.size > 0 || queued.length > 0) await Promise.race([allAnswered(), aborted]);
        return undefined;
      } catch (error) {
        if (error instanceof Suspension) return { suspended: true, retire: !error.isQuiet || waiting.size > 0 || queued.length > 0 };
        // Something of it may still run: the server takes a new worker.
        return { ...described(error), retire: isAborted || waiting.size > 0 || queued.length > 0 || steps?.active > 0 };
      } finally {
        current = undefined;
      }
    }

    // A module out of memory. Small ones as data, which Deno takes in half the time; what says that it has no types need not be rid of them.
    function moduleOf(source) {
      const bytes = encoder.encode(source);
      const type = /\.m?js$/.test(file) ? "text/javascript" : "application/typescript";
      if (bytes.length <= MODULE_DATA_MAX) return { url: `data:${type};base64,` + encode64(bytes), release: quiet };
      const url = URL.createObjectURL(new Blob([bytes], { type }));
      return { url, release: () => URL.revokeObjectURL(url) };
    }

    const IMPORTS = "A function of one file can import Node's built-in modules (\"node:crypto\") and nothing else; deploy a folder for several files or packages.";

    async function load(frame) {
      file = frame.file ?? frame.name + ".ts";
      limits = frame.limits;
      lines = bytes = 0;
      const logger = { debug: output_console.debug, info: output_console.info, warn: output_console.warn, error: output_console.error };
      context = { db, users, files, events, api, refuse, log: logger, step: noSteps, env: Object.freeze({ ...frame.env }) };
      if (frame.folder || /process|node:/.test(frame.source)) replaceProcess();
      const { url, release } = frame.folder
        ? { url: "file://" + `${frame.folder}/${frame.entry}`.split("/").map(encodeURIComponent).join("/"), release: quiet }
        : (Deno.module ?? moduleOf)(frame.source);
      const problem = await watched(async () => {
        const module = await import(url);
        handler = module.default;
        fetcher = fetchOf(module);
      });
      release();
      if (problem) {
        const isImport = !frame.folder && /cannot-be-a-base|not a dependency|--no-(npm|remote)|--allow-import|Unsupported scheme/.test(problem.message);
        return send({ type: "refused", message: isImport ? IMPORTS + "\n" + problem.message : problem.message, stack: problem.stack });
      }
      if (typeof handler !== "function" && !(frame.isOnlyCalled && fetcher)) return send({ type: "refused", message: "The module has no default export that is a function: export default async function (event, context) { … }", stack: "" });
      send({ type: "loaded" });
    }

    // Before a write: `refuse("why")` ends the function, and the caller is told why.
    class Refusal extends Error {}

    function refuse(message) { throw new Refusal(String(message)); }

    async function refusable(run) {
      try {
        return await run();
      } catch (error) {
        if (error instanceof Refusal) return { refuse: error.message };
        throw error;
      }
    }

    async function invoke({ id, event, attempt, traceparent, wantsValue }) {
      lines = bytes = 0;
      const began = clock.now();
      let value;
      const problem = await watched(async () => {
        // Most functions have no steps: these are made for the first that asks.
        let of;
        const begun = () => of ??= steps = new Steps(() => current?.abort(new Suspension(false)));
        const returned = await refusable(() => handler(event, { ...context, attempt, traceparent, get step() { return begun().api; } }));
        await of?.settled();
        // It would be stored as a document without a field, or let the write through.
        // (Deno makes its Response when it is first named, which takes milliseconds.)
        if (String(event.type).startsWith("roost.document.before-") && returned instanceof Response) {
          throw new TypeError("The function returned a Response, which only calls over HTTP take: before a write, return the document, nothing, or refuse(\"why\").");
        }
        // What cannot be sent as JSON is the function's failure.
        if (wantsValue || of?.used) value = stringify(returned);
      });
      steps?.end();
      steps = undefined;
      if (problem) {
        send(problem.suspended ? { type: "suspended", id, retire: problem.retire } : { type: "error", id, ...problem });
        // What the server has sent ahead goes to another worker.
        if (problem.retire) exit(0);
        return;
      }
      const us = since(began);
      conclude(value === undefined ? { type: "result", id, us } : { type: "result", id, us, value: parse(value) });
    }

    // What is too large to be sent is the function's failure.
    function conclude(frame) {
      try { send(frame); } catch (error) { send({ type: "error", id: frame.id, ...described(error) }); }
    }

    \#(DenoCalls.source)

    async function serve() {
      send({ type: "ready", runtime: Deno.version.name ?? "deno " + Deno.version.deno });
      // Node has its process from the beginning.
      if (Deno.version.name) replaceProcess();
      if (isSpare) await rehearse().catch(quiet);
      isRehearsing = false;
      for (;;) await perform(later.shift() ?? nextSync());
    }

    async function perform(frame) {
      if (frame.type === "load") await load(frame);
      else if (frame.type === "invoke") await (isCall(frame.event) ? invokeCall(frame) : invoke(frame));
    }

    // A spare, for which nobody waits: everything costs milliseconds more when it is done for the first time. Nothing of it is sent.
    async function rehearse() {
      isRehearsing = true;
      replaceProcess();
      clearTimeout(setTimeout(quiet, 0));
      const source = "export default (event, { log }) => { log.info(event.id); };\n" + "// something to read\n".repeat(200);
      for (const file of ["spare.ts", "spare.js"]) await practise({ type: "load", name: "spare", file, source, env: {}, limits });
      for (const type of ["roost.document.created", "roost.http.request"]) {
        await practise({ type: "invoke", id: 0, attempt: 1, event: { id: "", type, method: "GET", url: "http://localhost/", headers: {} } });
      }
    }

    // As if it had come over the socket.
    async function practise(frame) {
      const bytes = encoder.encode(stringify(frame));
      new DataView(input.buffer).setUint32(0, bytes.length);
      input.set(bytes, 4);
      end = bytes.length + 4;
      await perform(nextSync());
    }

    serve();
    """#
}
