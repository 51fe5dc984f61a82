"""Functions of the `lambda` runtime: handlers written for AWS, in sandboxes of their own, under AWS's own client and under ours."""
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pytest
import requests

import guides
from roost_client import admin_login, assert_problem, on
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, BINARY, eventually, running

PACKAGES = ["awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"]


@pytest.fixture(scope="module")
def layer(tmp_path_factory):
    """AWS's Python client, as an operator would lay it out for all functions: a layer with a `python` folder."""
    folder = tmp_path_factory.mktemp("layer") / "python"
    folder.mkdir()
    system = subprocess.check_output(["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True).strip()
    if system == "%d.%d" % sys.version_info[:2]:
        for place in {sysconfig.get_path("platlib"), sysconfig.get_path("purelib")}:
            for found in Path(place).iterdir():
                if found.name.split(".")[0] in PACKAGES:
                    (shutil.copytree if found.is_dir() else shutil.copy)(found, folder / found.name)
    else:
        version = next(line for line in (Path(__file__).parents[2] / "scripts/requirements-test.txt").read_text().split() if line.startswith("awslambdaric"))
        subprocess.check_call(
            [sys.executable, "-m", "pip", "install", "-q", "--target", folder, "--only-binary=:all:", "--python-version", system,
             "--platform", "manylinux2014_x86_64", "--platform", "manylinux2014_aarch64", version, "simplejson", "snapshot-restore-py"])
    assert (folder / "awslambdaric").is_dir()
    return folder.parent


@pytest.fixture(scope="module")
def server(tmp_path_factory, layer):
    env = {"ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD, "ROOST_LAMBDA_LAYER": str(layer)}
    with running(tmp_path_factory.mktemp("roost"), env=env) as server:
        yield server


@pytest.fixture
def lab(admin, place):
    return Lab(admin, place)


class Lab:
    def __init__(self, admin, name):
        self.admin, self.source, self.target, self.function = admin, f"in{name}", f"out{name}", f"f{name}"

    def body(self, source, **more):
        more = {"timeout": "5s", "retry": {"attempts": 1}, "triggers": on(self.source, "created"), **more}
        return {"runtime": "lambda", "source": re.sub(r"\bOUT\b", self.target, source), **more}

    def deploy(self, source, **more):
        return self.admin.must((200, 201), "PUT", f"/v1/functions/{self.function}", json=self.body(source, **more))

    def invocations(self):
        return self.admin.every(f"/v1/functions/{self.function}/invocations")

    def run(self, count=1, **fields):
        """Creates a document, and answers the record of the invocation once there is one more."""
        before = len(self.invocations())
        self.admin.create(self.source, **fields)
        return eventually(lambda: len(self.invocations()) > before and self.invocations()[0], what="an invocation")

    def logs(self):
        """Oldest first."""
        return [line["message"] for line in reversed(self.admin.every(f"/v1/functions/{self.function}/logs"))]


PYTHON = """
import json, logging, os, sys, urllib.request
logging.getLogger().setLevel("INFO")

def handler(event, context):
    print("a plain line")
    logging.info("a logged line")
    after = event["data"]["after"]
    if after.get("bad"):
        raise ValueError("cannot: " + after["bad"])
    body = json.dumps({
        "type": event["type"], "n": after["n"], "client": "awslambdaric" in sys.modules, "name": context.function_name, "id": context.aws_request_id,
        "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb,
        "attempt": context.client_context.custom["attempt"], "trace": os.environ.get("_X_AMZN_TRACE_ID"), "mine": os.environ["MINE"]})
    request = urllib.request.Request(
        os.environ["ROOST_URL"] + "/v1/documents/OUT", data=body.encode(), method="POST",
        headers={"Authorization": "Bearer " + os.environ["ROOST_TOKEN"], "Content-Type": "application/json"})
    return urllib.request.urlopen(request).status
"""


@pytest.mark.parametrize("handler", ["app/main.handler", "app.main.handler"])
def test_an_unmodified_python_handler_runs_under_awss_own_client(lab, handler):
    lab.deploy(PYTHON, language="python", handler=handler, memory="256MB", env={"MINE": "it's $HOME"})
    record = lab.run(n=1)
    assert record["status"] == "succeeded", record
    made = lab.admin.every(f"/v1/documents/{lab.target}")[0]
    assert made["client"] is True and made["n"] == 1 and made["type"] == "roost.document.created" and made["name"] == lab.function
    assert made["memory"] == "256" and 0 < made["left"] <= 5000 and made["attempt"] == 1 and made["mine"] == "it's $HOME"
    assert made["arn"].endswith(f":function:{lab.function}") and made["trace"].startswith("Root=1-") and len(made["id"]) == 36
    assert lab.logs()[0] == "a plain line" and any("a logged line" in line for line in lab.logs())


def test_its_errors_are_told_as_lambda_tells_them(lab):
    lab.deploy(PYTHON, language="python", env={"MINE": ""})
    record = lab.run(bad="no money")
    assert record["status"] == "failed"
    assert record["error"].startswith("ValueError: cannot: no money") and 'main.py", line' in record["error"] and "in handler" in record["error"]
    assert lab.run(n=2)["status"] == "succeeded"
    dead = lab.admin.every(f"/v1/functions/{lab.function}/dead-letters")
    assert len(dead) == 1


def test_a_warm_worker_serves_many_events_in_order(lab):
    lab.deploy("""
seen = 0
def handler(event, context):
    global seen
    seen += 1
    print(seen)
""", language="python", concurrency=1)
    for number in range(20):
        lab.admin.create(lab.source, n=number)
    eventually(lambda: len(lab.invocations()) == 20, what="twenty invocations")
    assert [item["cold"] for item in lab.invocations()].count(True) == 1
    assert lab.logs() == [str(number) for number in range(1, 21)]


NODE = """
exports.handler = async (event, context) => {
  console.log("node", process.version.split(".")[0]);
  if (event.data.after.bad) throw new RangeError("cannot: " + event.data.after.bad);
  const answer = await fetch(process.env.ROOST_URL + "/v1/documents/OUT", {
    method: "POST", headers: { authorization: "Bearer " + process.env.ROOST_TOKEN, "content-type": "application/json" },
    body: JSON.stringify({ type: event.type, name: context.functionName, left: context.getRemainingTimeInMillis() }),
  });
  return answer.status;
};
"""


def test_a_node_handler(lab):
    lab.deploy(NODE, language="node")
    assert lab.run(n=1)["status"] == "succeeded"
    made = lab.admin.every(f"/v1/documents/{lab.target}")[0]
    assert made["type"] == "roost.document.created" and made["name"] == lab.function and 0 < made["left"] <= 5000
    record = lab.run(bad="so")
    assert record["status"] == "failed" and record["error"].startswith("RangeError: cannot: so") and "main.js" in record["error"]


@pytest.mark.parametrize("source", [
    "export const handler = async (event) => { console.log('module ' + event.type); };",
    "exports.handler = (event, context, callback) => { setTimeout(() => { console.log('module ' + event.type); callback(null, 1); }, 20); };",
    "module.exports.handler = function (event, context) { console.log('module ' + event.type); context.succeed(1); };",
])
def test_node_handlers_may_be_modules_or_take_a_callback(lab, source):
    lab.deploy(source, language="node")
    assert lab.run(n=1)["status"] == "succeeded"
    assert lab.logs() == ["module roost.document.created"]


BOOTSTRAP = """#!/bin/sh
# As in AWS's tutorial on custom runtimes.
while true; do
  HEADERS="$(mktemp)"
  EVENT_DATA=$(curl -sS -LD "$HEADERS" "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/next")
  REQUEST_ID=$(grep -Fi Lambda-Runtime-Aws-Request-Id "$HEADERS" | tr -d '[:space:]' | cut -d: -f2)
  echo "handling"
  RESPONSE=$(curl -sS -X POST -H "Authorization: Bearer $ROOST_TOKEN" -H "Content-Type: application/json" -d '{"from":"sh"}' "$ROOST_URL/v1/documents/OUT")
  curl -sS -X POST "http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/$REQUEST_ID/response" -d "$RESPONSE"
done
"""


@pytest.mark.skipif(not Path("/usr/bin/curl").exists(), reason="needs curl")
def test_a_shell_script_is_a_runtime(lab):
    assert lab.deploy(BOOTSTRAP)["language"] == "custom"
    for number in range(3):
        assert lab.run(n=number)["status"] == "succeeded"
    assert [item["from"] for item in lab.admin.every(f"/v1/documents/{lab.target}")] == ["sh"] * 3


def test_functions_of_other_runtimes_reach_the_api_over_http_too(lab):
    lab.admin.must((200, 201), "PUT", f"/v1/functions/{lab.function}", json=lab.body("""
import http.client, json, os
server = http.client.HTTPConnection(os.environ["ROOST_URL"].removeprefix("http://"))

def ask(method, path, body=None, token=os.environ["ROOST_TOKEN"]):
    server.request(method, path, body and json.dumps(body), {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    answer = server.getresponse()
    return answer.status, json.loads(answer.read() or "null"), answer.getheader("etag")

def handler(event, context):
    status, made, tag = ask("POST", "/v1/documents/OUT", {"from": "python"})
    assert status == 201 and tag and ask("GET", "/v1/documents/OUT/" + made["id"])[1] == made
    assert ask("GET", "/v1/documents/nowhere")[0] == 404
    assert ask("GET", "/v1/documents/OUT", token="wrong")[0] == 401
    assert ask("STEP", "/begin")[0] == 405
    assert ask("PUT", "/v1/collections/mine", {})[0] == 403
""", runtime="python"))
    record = lab.run(n=1)
    assert record["status"] == "succeeded", record
    assert [item["from"] for item in lab.admin.every(f"/v1/documents/{lab.target}")] == ["python"]


# What is refused

@pytest.mark.parametrize("more, pointer", [
    ({}, "/language"), ({"language": "cobol"}, "/language"), ({"language": "python", "handler": "main"}, "/handler"),
    ({"language": "python", "handler": "../main.handler"}, "/handler"), ({"language": "python", "handler": "/etc/x.handler"}, "/handler"),
    ({"language": "python", "handler": "a'b.handler"}, "/handler"), ({"language": "python", "handler": 3}, "/handler"),
])
def test_a_wrong_manifest_is_refused(lab, more, pointer):
    answer = lab.admin.request("PUT", f"/v1/functions/{lab.function}", json=lab.body("def handler(e, c): pass", **more))
    problem = assert_problem(answer, 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == pointer, problem


@pytest.mark.parametrize("language, source, reason", [
    ("python", "import nowhere", "nowhere"), ("python", "def handler(e, c", "was never closed"), ("python", "x = 1", "handler"),
    ("node", "syntax error", "Unexpected identifier"), ("custom", "#!/bin/sh\nexit 9", "exit code 9"),
])
def test_a_function_that_does_not_load_is_refused_and_the_old_one_serves(lab, language, source, reason):
    lab.deploy("def handler(event, context): print('old')", language="python")
    problem = assert_problem(lab.admin.request("PUT", f"/v1/functions/{lab.function}", json=lab.body(source, language=language)), 422, "deploy_refused")
    assert reason in problem["detail"], problem
    assert lab.run(n=1)["status"] == "succeeded" and lab.logs() == ["old"]


# What bad functions may not do

HOSTILE = """
import http.client, os, socket, threading, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
ROOT = "/2018-06-01/runtime/"

def talk(data, wait=5):
    connection = socket.create_connection((host, int(port)), timeout=wait)
    try:
        connection.sendall(data)
        return connection.recv(100)
    except OSError as error:
        return str(error).encode()
    finally:
        connection.close()

def post(path, body=b"1"):
    return talk(b"POST " + (ROOT + path).encode() + b" HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: " + str(len(body)).encode() + b"\\r\\n\\r\\n" + body)[:12]

def handler(event, context):
    kind = event["data"]["after"]["kind"]
    if kind == "garbage":
        for data in [b"\\x16\\x03\\x01" * 100, b"GET", b"\\r\\n" * 3, b"GET / HTTP/9.9\\r\\n\\r\\n", os.urandom(100000)]:
            talk(data, 0.1)
    if kind == "wrong id":
        print(post("invocation/wrong/response").decode())
        print(post(f"invocation/{context.aws_request_id}x/error").decode())
    if kind == "twice":
        print(post(f"invocation/{context.aws_request_id}/response").decode())
        time.sleep(0.2)
        print(post(f"invocation/{context.aws_request_id}/response", b"2").decode())
    if kind == "again":
        talk(b"GET " + (ROOT + "invocation/next").encode() + b" HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", 60)
    if kind == "slow loris":
        held = [socket.create_connection((host, int(port))) for _ in range(100)]
        for one in held:
            try: one.send(b"GET / HTTP/1.1\\r\\nHost: ")
            except OSError: pass
        time.sleep(0.3)
    if kind == "many":
        held = []
        for _ in range(1000):
            try: held.append(socket.create_connection((host, int(port)), timeout=1))
            except OSError: break
    if kind == "flood":
        while True:
            try: talk(b"GET /v1/documents/x HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", 1)
            except OSError: time.sleep(0.01)
    if kind == "huge":
        return "x" * (10 << 20)
    if kind == "endless head":
        connection = socket.create_connection((host, int(port)), timeout=1)
        try:
            while True: connection.sendall(b"x" * 65536)
        except OSError: pass
    if kind == "endless body":
        connection = socket.create_connection((host, int(port)), timeout=1)
        connection.sendall(b"POST /v1/documents/x HTTP/1.1\\r\\nHost: x\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n")
        try:
            while True: connection.sendall(b"10000\\r\\n" + b"x" * 65536 + b"\\r\\n")
        except OSError: pass
    if kind == "never": time.sleep(60)
    if kind == "exit": os._exit(5)
    if kind == "later": threading.Timer(0.05, lambda: os._exit(5)).start()
    return 1
"""


@pytest.mark.parametrize("kind, status, error", [
    ("garbage", "succeeded", None), ("wrong id", "succeeded", None), ("twice", "succeeded", None), ("again", "failed", "next event"), ("slow loris", "succeeded", None),
    ("many", None, None), ("flood", "crashed", "wrong requests"), ("huge", "failed", "ResponseSizeTooLarge"), ("endless head", "succeeded", None),
    ("endless body", "succeeded", None), ("never", "timeout", "1500 ms"), ("exit", "crashed", "exit code 5"), ("later", "succeeded", None),
])
def test_a_hostile_function_harms_nobody(lab, kind, status, error):
    lab.deploy(HOSTILE, language="python", timeout="1500ms", concurrency=1)
    record = lab.run(kind=kind)
    if status:
        assert record["status"] == status, record
    if error:
        assert error in record["error"], record
    if kind == "wrong id":
        assert lab.logs() == ["HTTP/1.1 400", "HTTP/1.1 400"]
    if kind == "twice":
        eventually(lambda: lab.logs() == ["HTTP/1.1 202"] or lab.invocations()[0]["status"] == "succeeded", what="the first answer")
    # Another event of the same function, and the server itself, are served.
    # One that is at its end when the event comes takes it along.
    eventually(lambda: lab.run(kind="none")["status"] == "succeeded", what="a worker that succeeds")
    assert lab.admin.request("GET", "/healthz").status_code == 200


def test_functions_do_not_reach_each_others_interfaces_nor_the_servers(lab, server):
    """Each has its own network: the port of one is nobody else's, and nothing else of the machine answers."""
    lab.deploy("""
import socket
def handler(event, context):
    reached = []
    for host, port in [("127.0.0.1", PORT), ("169.254.169.254", 80), ("10.0.0.1", 80), ("::1", PORT)]:
        try:
            socket.create_connection((host, port), timeout=0.3).close()
            reached.append(host)
        except OSError:
            pass
    print(reached)
""".replace("PORT", str(server.port)), language="python")
    assert lab.run(n=1)["status"] == "succeeded"
    assert lab.logs() == ["[]"]


def test_the_token_is_good_for_the_rights_of_the_function_only(lab, server):
    """From outside, the token of a function is worth nothing."""
    lab.deploy("""
import os
def handler(event, context): print(os.environ["ROOST_TOKEN"])
""", language="python")
    lab.run(n=1)

    answer = requests.get(f"{server.url}/v1/functions", headers={"authorization": "Bearer " + lab.logs()[0]}, timeout=5)
    assert answer.status_code == 401


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_users_server_serves_the_interface_too(start):
    """Its user namespaces are its own, so it may enter them; and without AWS's client, ours serves the handler."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        shutil.copy(BINARY, folder / "roost")
        shutil.chown(folder, 65534, 65534)
        server = start(folder / "data", prefix=[
            "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-c", f'shift; exec {folder}/roost "$@"', "sh"])
        lab = Lab(admin_login(server), "u")
        lab.admin.put_collection(lab.source)
        lab.admin.put_collection(lab.target)
        for language, source in [("python", PYTHON), ("node", NODE)]:
            lab.deploy(source, language=language, env={"MINE": "x"})
            assert lab.run(n=1)["status"] == "succeeded"
            record = lab.run(bad="so")
            assert record["status"] == "failed" and "Error: cannot: so" in record["error"], record
        assert [item["client"] for item in lab.admin.every(f"/v1/documents/{lab.target}") if "client" in item] == [False]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_without_a_sandbox_the_runtime_is_refused_with_the_reason(start):
    """Where there are no namespaces a Lambda client would share the machine's loopback, and it has no credentials."""
    folder = Path(__file__).parents[2] / ".tools/bin"
    server = start(env={"ROOST_ADMIN_EMAIL": "admin@example.org", "ROOST_ADMIN_PASSWORD": "correct horse battery staple", "PATH": str(folder)})
    admin = admin_login(server)
    answer = admin.request("PUT", "/v1/functions/f", json={"runtime": "lambda", "language": "python", "source": "def handler(e, c): pass", "triggers": []})
    problem = assert_problem(answer, 503, "unavailable")
    assert "sandbox" in problem["detail"], problem


def test_the_guide(start, tmp_path):
    blocks = guides.blocks(guides.read("lambda"))
    assert len(blocks) == 3
    wait = 'for i in $(seq 100); do LOGS=$(as $ADMIN $URL/v1/functions/shell/logs); case "$LOGS" in *"got {"*) break;; esac; sleep 0.1; done'
    shown = ["as $ADMIN $URL/v1/documents/orders --json '{\"customer\": \"Bob\", \"total\": 1}'", wait, "echo $LOGS", "as $ADMIN $URL/v1/functions/invoice/logs",
             "as $ADMIN $URL/v1/documents/invoices"]
    said = guides.run("\n".join([*blocks, *shown]), start(), tmp_path)
    assert '"code"' not in said, said
    assert "got {" in said and "invoice for Ada in invoice" in said and '"total":42' in said, said


# Archives, as they are uploaded to AWS

def zipped(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name == "bootstrap" else 0o644) << 16
            archive.writestr(info, content)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["python", "module", "packages", "node", "custom"])
def test_a_zip_as_aws_takes_it_runs(lab, layer, kind):
    handler = "app/handlers.handler"
    if kind in ("python", "module", "packages"):
        files = {"app/handlers.py": "import os, sys\nfrom shared import greet\ndef handler(event, context):\n    print(greet(), os.getcwd(), sys.modules['awslambdaric'].__file__)",
                 "shared.py": "def greet(): return 'hello'"}
        if kind == "module":
            files = {name.replace("app/handlers.py", "app/handlers/__init__.py"): content for name, content in files.items()}
            handler = "app.handlers.handler"
        if kind == "packages":
            files |= {str(path.relative_to(layer / "python")): path.read_bytes() for path in (layer / "python").rglob("*") if path.is_file()}
    elif kind == "node":
        files = {"app/handlers.mjs": "import { greet } from '../lib/greet.mjs';\nexport const handler = async () => { console.log(greet(), process.cwd()); };",
                 "lib/greet.mjs": "export const greet = () => 'hello';"}
    else:
        files = {"bootstrap": BOOTSTRAP.replace("OUT", lab.target).replace('echo "handling"', "echo $(cat greeting) $PWD"), "greeting": "hello"}
    manifest = {"runtime": "lambda", "handler": handler, "triggers": on(lab.source, "created"), "retry": {"attempts": 1}}
    sent = {"archive": ("f.zip", zipped(files), "application/zip"), "manifest": (None, json.dumps(manifest), "application/json")}
    answer = lab.admin.put(f"/v1/functions/{lab.function}", files=sent)
    assert answer.status_code == 201, answer.text
    assert answer.json()["handler"] == handler and "language" not in answer.json()
    assert lab.run(n=1)["status"] == "succeeded"
    place = {"python": " /opt/python/awslambdaric/__init__.py", "module": " /opt/python/awslambdaric/__init__.py", "packages": " /var/task/awslambdaric/__init__.py"}.get(kind, "")
    # After it, the shell prints what the interface answers.
    assert lab.logs()[0] == "hello /var/task" + place


# Calls over HTTP

@pytest.mark.parametrize("language, source", [
    ("python", """
import base64, json
def handler(event, context):
    kind = event["rawPath"].rsplit("/", 1)[1]
    if kind == "none": return None
    if kind == "plain": return {"just": "json"}
    if kind == "binary": return {"statusCode": 200, "headers": {"Content-Type": "image/gif"}, "body": base64.b64encode(bytes(range(256))).decode(), "isBase64Encoded": True}
    if kind == "bad": raise ValueError("secret detail")
    return {"statusCode": 201, "headers": {"X-Mine": "yes"}, "cookies": ["a=1"], "body": json.dumps({
        "method": event["requestContext"]["http"]["method"], "version": event["version"], "query": event["queryStringParameters"], "body": event["body"],
        "encoded": event["isBase64Encoded"], "mine": event["headers"]["x-asked"]})}
"""),
    ("node", """
exports.handler = async (event) => {
  const kind = event.rawPath.split("/").pop();
  if (kind === "none") return;
  if (kind === "plain") return { just: "json" };
  if (kind === "binary") return { statusCode: 200, headers: { "Content-Type": "image/gif" }, body: Buffer.from([...Array(256).keys()]).toString("base64"), isBase64Encoded: true };
  if (kind === "bad") throw new Error("secret detail");
  return { statusCode: 201, headers: { "X-Mine": "yes" }, cookies: ["a=1"], body: JSON.stringify({
    method: event.requestContext.http.method, version: event.version, query: event.queryStringParameters, body: event.body, encoded: event.isBase64Encoded,
    mine: event.headers["x-asked"] }) };
};
"""),
])
def test_a_handler_behind_awss_http_api_answers_here_too(lab, server, language, source):

    lab.deploy(source, language=language, triggers=[{"type": "http", "access": "true"}])
    base = f"{server.url}/v1/call/{lab.function}"
    answer = requests.post(base + "/x/echo?a=1&b=2", data="hello", headers={"X-Asked": "yes", "Content-Type": "text/plain"}, timeout=10)
    assert answer.status_code == 201 and answer.headers["x-mine"] == "yes" and answer.cookies["a"] == "1", answer.text
    body = answer.json()
    assert body["method"] == "POST" and body["version"] == "2.0" and body["query"] == {"a": "1", "b": "2"} and body["mine"] == "yes"
    assert body["body"] in ("hello", "aGVsbG8=") and body["encoded"] == (body["body"] != "hello")
    assert requests.get(base + "/plain", timeout=10).json() == {"just": "json"}
    assert requests.get(base + "/none", timeout=10).status_code == 204
    assert requests.get(base + "/binary", timeout=10).content == bytes(range(256))
    failed = requests.get(base + "/bad", timeout=10)
    assert failed.status_code >= 500 and "secret detail" not in failed.text
    # The caller does not wait for the record.
    eventually(lambda: "secret detail" in (lab.invocations()[0]["error"] or ""), what="the record")
