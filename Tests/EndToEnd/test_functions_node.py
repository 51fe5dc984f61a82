"""JavaScript where there is no Deno: Node runs it, and reduced sandboxes say what they are."""
import re
import shutil
import subprocess

import pytest

from roost_client import admin_login, assert_problem, function
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, command, eventually
from test_functions import PUBLIC, Lab
from test_functions_archives import tar_of

NODE = shutil.which("node", path="/usr/local/bin:/usr/bin:/bin")
FIRST = {"ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD}


def version():
    return tuple(map(int, re.findall(r"\d+", subprocess.run([NODE, "--version"], capture_output=True, text=True).stdout)[:2])) if NODE else (0, 0)


needs_node = pytest.mark.skipif(version() < (20, 0), reason="no Node 20 or newer here")


@pytest.fixture
def machine(start, tmp_path):
    """A server that finds only the programs that are named."""
    def machine(*programs, arguments=()):
        folder = tmp_path / "bin"
        folder.mkdir()
        for program in programs:
            (folder / program.split("/")[-1]).symlink_to(program)
        # Python is looked for in /usr/bin as well.
        server = start(env={**FIRST, "PATH": str(folder)}, arguments=arguments)
        admin = admin_login(server)
        admin.put_collection("ins", rules=PUBLIC)
        admin.put_collection("outs", rules=PUBLIC)
        lab = Lab(admin, "s")
        lab.source, lab.target, lab.function = "ins", "outs", "f"
        return lab

    return machine


@needs_node
def test_node_runs_javascript_where_there_is_no_deno(machine):
    lab = machine(NODE, shutil.which("bwrap"))
    lab.deploy("""
        import { createHash } from "node:crypto";
        let n = 0;
        export default async (event, { db, log, env }) => {
          n += 1;
          const made = await db.collection(OUT).create({ n, hash: createHash("sha256").update("x").digest("hex").slice(0, 4), a: env.A });
          console.log("made", made.id); log.warn("careful"); console.error("%s!", "bad");
        };""", env={"A": "b"}, concurrency=1)
    ready = lab.admin.get("/readyz").json()
    assert ready["runtimes"]["javascript"]["version"].startswith("node ") and ready["sandbox"] == "full", ready
    for _ in range(3):
        assert lab.finished(lab.create())[0]["status"] == "succeeded"
    assert sorted((item["n"], item["hash"], item["a"]) for item in lab.results()) == [(n, "2d71", "b") for n in (1, 2, 3)]
    levels = {line["level"] for line in eventually(lambda: len(lab.logs()) == 9 and lab.logs(), what="nine lines")}
    assert levels == {"info", "warn", "error"}

    problem = assert_problem(lab.admin.put("/v1/functions/f", json=function("export default () => {\n  const a = ;\n};")), 422, "deploy_refused")
    assert ":2" in problem["detail"] and "const a = ;" in problem["detail"] and "/tmp" not in problem["detail"]
    typed = lab.admin.put("/v1/functions/f", json=function("interface A { x: string }\nexport default (e: any): void => {};"))
    if version() < (22, 13):
        assert "TypeScript needs Deno" in assert_problem(typed, 422, "deploy_refused")["detail"]
    else:
        assert typed.status_code == 200

    for source, status, says in [
        ("export default () => { throw new TypeError('no luck'); };", "failed", "TypeError: no luck\n    at default (f.ts:1:"),
        ("export default () => { while (true) {} };", "timeout", "1000 ms"),
        ("export default () => new Promise(() => {});", "failed", "never comes"),
        ("export default () => { process.exit(4); };", "crashed", "exit code 4"),
        ("export default () => { const all = []; while (true) all.push(new Uint8Array(10_000_000).fill(1)); };", "memory_limit", "memory"),
        ("export default () => { const all = []; while (true) all.push(new Array(10_000).fill(Math.random())); };", "memory_limit", "memory"),
        ("import fs from 'node:fs'; export default () => fs.readFileSync('/etc/passwd');", "failed", "ENOENT"),
        ("import net from 'node:net'; export default () => new Promise((_, no) => net.connect(80, '169.254.169.254').on('error', no));", "failed", "ENETUNREACH"),
        ("import { spawn } from 'node:child_process'; export default async () => { for (let n = 0; n < 300; n++) spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']).on('error', () => {}); await new Promise((go) => setTimeout(go, 30000)); };",
         ("crashed", "timeout", "memory_limit"), None),
    ]:
        lab.deploy(source, timeout="1s" if "1000" in (says or "") else "10s", retry={"attempts": 1, "backoff": "20ms"})
        run = lab.finished(lab.create())[0]
        assert run["status"] in status and (says is None or says in run["error"]), run


def test_without_any_runtime_the_reason_is_given(machine):
    lab = machine(shutil.which("bwrap"))
    problem = assert_problem(lab.admin.put("/v1/functions/f", json=function("export default () => {};")), 503, "unavailable")
    assert "Deno" in problem["detail"] and "Node" in problem["detail"]


def test_without_namespaces_only_what_shuts_itself_in_runs(machine):
    lab = machine("/usr/bin/python3", *([NODE] if NODE else []))
    for runtime, source in [("python", "def handler(event): pass"), ("command", "echo"), ("javascript", "export default () => {};")]:
        problem = assert_problem(lab.admin.put("/v1/functions/f", json={"runtime": runtime, "source": source}), 503, "unavailable")
        assert runtime in problem["detail"]
        if runtime == "python":
            assert "--allow-unsandboxed" in problem["detail"]


def test_the_operator_may_allow_python_without_namespaces(machine):
    lab = machine("/usr/bin/python3", arguments=["--allow-unsandboxed"])
    lab.deploy("import os\nfrom roost import db\ndef handler(event):\n    db.collection(OUT).create({'uid': os.getuid()})", runtime="python")
    assert lab.finished(lab.create())[0]["status"] == "succeeded"
    assert lab.results()[0]["uid"] != 0
    assert lab.admin.get("/readyz").json()["runtimes"]["python"]["sandbox"] == "reduced"
    lab.deploy("import os\ndef handler(event):\n    os.kill(-1, 9)", runtime="python", retry={"attempts": 1, "backoff": "20ms"})
    lab.finished(lab.create())
    assert lab.admin.get("/readyz").status_code == 200
    assert_problem(lab.admin.put("/v1/functions/f", json={"runtime": "command", "source": "echo"}), 503, "unavailable")


def test_both_wishes_at_once_are_refused():
    answer = command("serve", "--require-sandbox", "--allow-unsandboxed")
    assert answer.returncode == 64 and "exclude" in answer.stderr


def test_the_doctor_knows_the_runtimes():
    answer = command("doctor")
    for word in ("deno", "sandbox", "python", "command", "lambda"):
        assert word in answer.stdout, answer.stdout


@needs_node
def test_node_names_a_way_out_of_imports_that_a_file_cannot_have(machine):
    lab = machine(NODE, shutil.which("bwrap"))
    for name in ("lodash", "./other.js", "https://example.org/x.js"):
        answer = lab.admin.put(f"/v1/functions/{lab.function}", json=function(f"import x from '{name}';\nexport default () => x;"))
        assert answer.status_code == 422 and "deploy a folder" in answer.text, answer.text


@needs_node
def test_node_runs_archives_too_and_a_new_one_brings_its_manifest(machine, tmp_path):
    lab = machine(NODE, shutil.which("bwrap"))
    files = {
        "main.js": "import { readFileSync } from 'node:fs'; import { hello } from './lib/hello.js';\n"
                   "export default () => hello(readFileSync('/function/name.txt', 'utf8'));\n",
        "lib/hello.js": "export const hello = (name) => 'Hello, ' + name;\n", "package.json": '{"type": "module"}', "name.txt": "Ada",
        "function.json": '{"triggers": [{"type": "http", "access": "true"}]}'}
    packed = tmp_path / "greet.tar.gz"
    packed.write_bytes(tar_of(files))
    deployed = command("functions", "deploy", packed, env={"ROOST_SERVER": lab.admin.server.url, "ROOST_KEY": lab.admin.token})
    assert deployed.returncode == 0, deployed.stderr
    assert lab.admin.get("/v1/call/greet").text == "Hello, Ada"
