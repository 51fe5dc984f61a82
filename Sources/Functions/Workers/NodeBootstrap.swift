/// `DenoBootstrap` on Node: what it takes from Deno, made out of Node's own modules. The rest is the same program.
///
/// Node imports no module from memory that could name itself in a stack, so the module is a file in /tmp for as long as it is loaded.
enum NodeBootstrap {
  static let source = "(() => {\n" + host + "\n" + DenoBootstrap.source + "\n})();"

  private static let host = #"""
    const fs = require("node:fs"), util = require("node:util"), nodeModule = require("node:module");
    const [major, minor] = process.versions.node.split(".").map(Number);
    if (major < 20) { fs.writeSync(2, `Node 20 or newer is needed; this is ${process.versions.node}.\n`); process.exit(1); }

    // Nothing that a function reads or prints, and no process that it starts, may get at the protocol's socket: both ends are this one.
    const wire = 0;
    const Deno = {
      stdin: {
        readSync: (data) => fs.readSync(wire, data),
        read: (data) => new Promise((resolve, reject) => fs.read(wire, data, 0, data.length, null, (error, count) => error ? reject(error) : resolve(count))),
      },
      stdout: { writeSync: (data) => fs.writeSync(1, data) },
      inspect: (value, { depth }) => util.inspect(value, { depth, maxStringLength: 16 << 10, maxArrayLength: 200, colors: false }),
      exit: (code) => process.exit(code),
      explain: (error) => error instanceof SyntaxError ? placed(error) + advice : error.message,
      version: { name: "node " + process.versions.node },
    };

    // Node's own would take the protocol's socket.
    Object.defineProperty(process, "stdin", { configurable: true, get: () => new (require("node:stream").Readable)({ read() { this.push(null); } }) });

    const addEventListener = (name, react) => process.on(
      { unhandledrejection: "unhandledRejection", error: "uncaughtException", beforeunload: "beforeExit" }[name],
      (reason) => react({ reason, error: reason, preventDefault() {} }));

    let modulePath;
    Deno.args = process.argv.slice(-1);
    Deno.module = (source) => {
      modulePath = fs.mkdtempSync("/tmp/roost-") + "/module.mjs";
      fs.writeFileSync(modulePath, javascript(source));
      const release = () => { try { fs.rmSync(modulePath.replace(/\/module\.mjs$/, ""), { recursive: true }); } catch { /* the function did */ } };
      return { url: "file://" + modulePath, release };
    };

    // Node tells the place of a syntax error in a module to nobody but the terminal.
    function placed(error) {
      if (!modulePath || !fs.existsSync(modulePath)) return `${error.name}: ${error.message}`;
      const { stderr } = require("node:child_process").spawnSync(process.execPath, ["--check", modulePath], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
      const said = String(stderr ?? "").split("\n    at ")[0].trim();
      return said.includes(error.message) ? said : `${error.name}: ${error.message}`;
    }

    // Types are taken out by a Node that can (22.13 and newer), which leaves the places of everything else as they are.
    function javascript(source) {
      if (!nodeModule.stripTypeScriptTypes) return source;
      try { return nodeModule.stripTypeScriptTypes(source); } catch { return source; }
    }

    const advice = nodeModule.stripTypeScriptTypes ? "" : ` (Node ${process.versions.node} runs JavaScript only: TypeScript needs Deno, or Node 22.13 or newer)`;
    """#
}
