"""Remote functions: CloudEvents over HTTP, signatures, what bad endpoints may not do, and where the server does not go."""
import base64
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from cloudevents.http import from_http, from_json
from standardwebhooks import Webhook

from remote_endpoint import Endpoint, RawEndpoint
from roost_client import Caller, admin_login, assert_problem
from roost_server import Server, eventually, running

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """May call this machine: the endpoints of these tests are here."""
    with running(tmp_path_factory.mktemp("remote"), arguments=["--allow-private-addresses"]) as server:
        yield server


@pytest.fixture
def lab(admin, own_name):
    admin.put_collection(own_name)
    lab = Lab(admin, own_name)
    yield lab
    for function in lab.functions:
        admin.delete(f"/v1/functions/{function}")


class Lab:
    def __init__(self, admin, name):
        self.admin, self.collection, self.functions = admin, name, []

    def deploy(self, url, name=None, status=(200, 201), **more):
        name = name or self.collection
        if name not in self.functions:
            self.functions.append(name)
        manifest = {
            "runtime": "remote", "url": url, "triggers": [{"collection": self.collection, "events": ["written"]}], "timeout": "5s",
            "retry": {"attempts": 1, "backoff": "10ms"}, **more}
        return self.admin.must(status, "PUT", f"/v1/functions/{name}", json=manifest)

    def create(self, **fields):
        return self.admin.create(self.collection, **fields)

    def invocations(self, name=None):
        return self.admin.every(f"/v1/functions/{name or self.collection}/invocations")

    def finished(self, count=1, name=None, seconds=30):
        return eventually(lambda: len(self.invocations(name)) >= count and self.invocations(name), seconds, f"{count} invocations")

    def dead(self, name=None):
        return self.admin.every(f"/v1/functions/{name or self.collection}/dead-letters")


# What arrives

@pytest.mark.parametrize("mode", ["structured", "binary", "batched"])
def test_the_cloudevents_package_reads_every_mode(lab, mode):
    with Endpoint() as endpoint:
        lab.deploy(endpoint.url, mode=mode)
        made = lab.create(title='Grüße "50%" 🐓')
        lab.finished()
        request = endpoint.requests[0]
        if mode == "batched":
            assert request.headers["content-type"].startswith("application/cloudevents-batch+json")
            event = from_json(json.dumps(request.json[0]))
        else:
            event = from_http(request.headers, request.body)
        assert event["type"] == "roost.document.created" and event["subject"] == f"{lab.collection}/{made['id']}" and event["specversion"] == "1.0"
        assert event["source"] == "/p/default" and event["time"] and event["id"]
        data = event.data if isinstance(event.data, dict) else json.loads(event.data)
        assert data["after"] == made and data["before"] is None
        assert request.method == "POST" and request.path == "/hook" and request.headers["host"] == f"127.0.0.1:{endpoint.port}"
        assert "webhook-signature" not in request.headers


@pytest.mark.parametrize("mode", ["structured", "binary", "batched"])
def test_standard_webhooks_verifies_every_signature(lab, mode):
    with Endpoint() as endpoint:
        shown = lab.deploy(endpoint.url, mode=mode, secret=SECRET)
        assert shown["secret"] == ["WEBHOOK_SECRET"] and "whsec_" not in json.dumps(lab.admin.must(200, "GET", f"/v1/functions/{lab.collection}"))
        lab.create(n=1)
        lab.finished()
        request = endpoint.requests[0]
        Webhook(SECRET).verify(request.body, request.headers)
        with pytest.raises(Exception):
            Webhook(OTHER).verify(request.body, request.headers)
        with pytest.raises(Exception):
            Webhook(SECRET).verify(request.body + b" ", request.headers)


def test_both_secrets_sign_while_one_is_replaced(lab):
    with Endpoint() as endpoint:
        lab.admin.must(201, "PUT", f"/v1/functions/{lab.collection}/secrets/NEW_KEY", json={"value": OTHER})
        lab.deploy(endpoint.url, secret=[SECRET, "NEW_KEY"])
        lab.create(n=1)
        lab.finished()
        request = endpoint.requests[0]
        for secret in (SECRET, OTHER):
            Webhook(secret).verify(request.body, request.headers)


def test_headers_may_hold_secrets(lab):
    with Endpoint() as endpoint:
        lab.admin.must(201, "PUT", f"/v1/functions/{lab.collection}/secrets/TOKEN", json={"value": "very-secret-token"})
        lab.deploy(endpoint.url, headers={"Authorization": "Bearer ${TOKEN}", "X-Plain": "a $5 {x}"})
        lab.create(n=1)
        lab.finished()
        assert endpoint.requests[0].headers["authorization"] == "Bearer very-secret-token" and endpoint.requests[0].headers["x-plain"] == "a $5 {x}"
        assert "very-secret" not in json.dumps(lab.admin.must(200, "GET", f"/v1/functions/{lab.collection}"))


# What its answers mean

def test_a_repeat_has_the_same_id_and_a_success_ends_it(lab):
    with Endpoint(lambda request: 500 if len(endpoint.requests) < 3 else 204) as endpoint:
        lab.deploy(endpoint.url, secret=SECRET, retry={"attempts": 5, "backoff": "10ms"})
        lab.create(n=1)
        items = lab.finished(3)
        assert sorted((item["attempt"], item["status"]) for item in items) == [(1, "failed"), (2, "failed"), (3, "succeeded")]
        assert len({request.headers["webhook-id"] for request in endpoint.requests}) == 1
        assert [request.headers["roost-attempt"] for request in endpoint.requests] == ["1", "2", "3"]
        for request in endpoint.requests:
            Webhook(SECRET).verify(request.body, request.headers)


def test_the_record_says_what_the_endpoint_said(lab):
    with Endpoint(lambda request: (422, {}, b"no such\nticket " + b"x" * 100_000)) as endpoint:
        lab.deploy(endpoint.url)
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] == "failed" and "422" in item["error"] and "no such ticket" in item["error"] and len(item["error"]) < 2000
        assert item["cold"] is False
        letter = eventually(lambda: lab.dead())[0]
        assert "no such ticket" in letter["error"]
        endpoint.answer = lambda request: 200
        lab.admin.must(202, "POST", f"/v1/functions/{lab.collection}/dead-letters/{letter['id']}/replay")
        eventually(lambda: [item["status"] for item in lab.invocations()].count("succeeded") == 1)


def test_a_gone_endpoint_gets_one_attempt(lab):
    with Endpoint(lambda request: 410) as endpoint:
        lab.deploy(endpoint.url, retry={"attempts": 5, "backoff": "10ms"})
        lab.create(n=1)
        letter = eventually(lambda: lab.dead())[0]
        assert letter["attempts"] == 1 and "gone" in letter["error"] and len(endpoint.requests) == 1


def test_an_endpoint_that_asks_for_a_pause_gets_it(lab):
    with Endpoint(lambda request: (429, {"Retry-After": "2"}, b"") if len(endpoint.requests) == 1 else 200) as endpoint:
        lab.deploy(endpoint.url, retry={"attempts": 5, "backoff": "10ms"}, concurrency=1)
        lab.create(n=1)
        eventually(lambda: endpoint.requests)
        begin = time.monotonic()
        lab.create(n=2)
        lab.finished(3)
        assert time.monotonic() - begin > 1.5 and len(endpoint.requests) == 3


def test_a_redirect_is_a_failure_that_nobody_follows(lab):
    with Endpoint() as target, Endpoint(lambda request: (307, {"Location": target.url}, b"")) as endpoint:
        lab.deploy(endpoint.url)
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] == "failed" and "not followed" in item["error"] and target.url in item["error"]
        assert not target.requests


# Batches

def test_events_of_a_batch_arrive_together_in_order_for_each_document(lab):
    release = threading.Event()

    def answer(request):
        release.wait(20)
        return 200

    with Endpoint(answer) as endpoint:
        lab.deploy(endpoint.url, mode="batched", batchSize=50, concurrency=1, timeout="30s")
        lab.create(id="first")
        eventually(lambda: endpoint.requests)
        for number in range(60):
            lab.admin.must((200, 201), "PUT", f"/v1/documents/{lab.collection}/d{number % 20}", json={"n": number})
        release.set()
        lab.finished(61)
        batches = [[event for event in request.json] for request in endpoint.requests]
        assert len(batches) < 20 and max(map(len, batches)) >= 10
        seen = {}
        for batch in batches:
            subjects = [event["subject"] for event in batch]
            assert len(set(subjects)) == len(subjects)
            for event in batch:
                assert seen.get(event["subject"], 0) < int(event["id"])
                seen[event["subject"]] = int(event["id"])
        assert sum(map(len, batches)) == 61
        assert all(item["status"] == "succeeded" for item in lab.invocations())


# Hostile endpoints

def chunks(client):
    client.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        client.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def endless_head(client):
    client.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        client.sendall(b"X-Filler: " + b"y" * 1000 + b"\r\n")


def drip(client):
    client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        client.sendall(b".")
        time.sleep(0.1)


@pytest.mark.parametrize("talk, status", [
    (lambda client: time.sleep(60), "timeout"),
    (drip, "timeout"),
    (chunks, "succeeded"),
    (endless_head, "failed"),
    (lambda client: client.sendall(b"\x00\x16\x03garbage\r\n\r\n"), "failed"),
    (lambda client: client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcde"), None),
    (lambda client: client.sendall(b"HTTP/1.1 99999 Oh\r\n\r\n"), "failed"),
    (lambda client: client.close(), "failed"),
    (lambda client: client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"), "failed"),
], ids=["silence", "drip", "endless body", "endless head", "garbage", "two lengths", "odd status", "closes", "resets"])
def test_a_hostile_endpoint_fails_its_own_invocation(lab, server, talk, status):
    before = server.memory()
    with RawEndpoint(talk) as endpoint:
        lab.deploy(endpoint.url, timeout="1s")
        lab.create(n=1)
        item = lab.finished()[0]
        assert status is None or item["status"] == status, item
        assert item["durationMs"] < 8000
    assert server.memory() - before < 100 << 20


def test_slow_endpoints_of_many_functions_hinder_nobody(lab):
    with RawEndpoint(lambda client: time.sleep(60)) as slow, Endpoint() as quick:
        for number in range(100):
            lab.deploy(slow.url, name=f"{lab.collection}-s{number}", timeout="20s", concurrency=10)
        lab.deploy(quick.url)
        for number in range(5):
            lab.create(n=number)
        begin = time.monotonic()
        eventually(lambda: len(quick.requests) == 5, 15, "the quick function's events")
        assert time.monotonic() - begin < 10
        assert eventually(lambda: slow.connections >= 300, 15, "slow connections")


def test_a_server_that_stops_delivers_the_event_after_its_start(tmp_path):
    with RawEndpoint(lambda client: time.sleep(60)) as slow, Endpoint() as endpoint:
        server = Server(tmp_path / "data", arguments=["--allow-private-addresses", "127.0.0.0/8", "--drain-seconds", "1"]).start()
        lab = Lab(admin_login(server), "posts")
        lab.admin.put_collection("posts")
        lab.deploy(slow.url, timeout="300s")
        lab.create(n=1)
        eventually(lambda: slow.connections)
        begin = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begin < 20
        server.start()
        lab.admin = admin_login(server)
        lab.deploy(endpoint.url)
        try:
            eventually(lambda: endpoint.requests or slow.connections > 1)
        finally:
            server.kill()


# Where the server does not go

FORBIDDEN = [
    "http://127.0.0.1/", "http://localhost.localdomain@127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://0/",
    "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[fe80::1]/",
    "http://[fd00:ec2::254]/", "http://169.254.169.254/latest/meta-data/", "http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/",
    "http://100.64.0.1/", "http://224.0.0.1/", "http://255.255.255.255/", "http://user:password@example.org/", "ftp://example.org/", "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_INFO", "http://example.org:25/", "http://example.org/\r\nHost: a", "http://ex ample.org/", "http://", "https://example.org/#a", "",
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """A server as it comes: public addresses only."""
    with running(tmp_path_factory.mktemp("strict")) as server:
        yield server


@pytest.mark.parametrize("url", FORBIDDEN)
def test_a_forbidden_address_is_refused_when_deployed(strict, url):
    admin = admin_login(strict)
    answer = admin.put("/v1/functions/bad", json={"runtime": "remote", "url": url})
    assert_problem(answer, 422, "validation_failed")
    assert answer.json()["errors"][0]["pointer"] == "/url"


def test_a_name_that_leads_to_this_machine_is_refused_when_called(strict):
    with Endpoint() as endpoint:
        admin = admin_login(strict)
        admin.put_collection("posts")
        lab = Lab(admin, "posts")
        lab.deploy(f"http://localhost:{endpoint.port}/")
        lab.create(n=1)
        item = lab.finished()[0]
        assert item["status"] == "failed" and "not allowed" in item["error"] and "--allow-private-addresses" in item["error"]
        assert not endpoint.requests


def test_the_operator_allows_one_address_and_no_other(tmp_path, start):
    with Endpoint() as endpoint:
        server = start(env={"ROOST_ADMIN_EMAIL": "admin@example.org", "ROOST_ADMIN_PASSWORD": "correct horse battery staple", "ROOST_ALLOW_PRIVATE_ADDRESSES": "127.0.0.1"})
        admin = admin_login(server)
        admin.put_collection("posts")
        lab = Lab(admin, "posts")
        lab.deploy(endpoint.url)
        lab.create(n=1)
        eventually(lambda: endpoint.requests)
        for url in ("http://127.0.0.2/", "http://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/"):
            assert_problem(admin.put("/v1/functions/bad", json={"runtime": "remote", "url": url}), 422, "validation_failed")


def test_only_admins_deploy(lab, server, ada):
    for caller in (Caller(server), ada):
        answer = caller.put("/v1/functions/mine", json={"runtime": "remote", "url": "https://example.org/"})
        assert answer.status_code in (401, 403)


@pytest.mark.parametrize("more", [
    {"mode": "sideways"}, {"batchSize": 3}, {"mode": "batched", "batchSize": 0}, {"mode": "batched", "batchSize": 101}, {"secret": "whsec_short"}, {"secret": 5},
    {"secret": [SECRET] * 5}, {"headers": {"Host": "a"}}, {"headers": {"Content-Length": "1"}}, {"headers": {"ce-id": "1"}}, {"headers": {"webhook-id": "1"}},
    {"headers": {"A": "b\r\nC: d"}}, {"headers": {"A B": "c"}}, {"headers": {"A": 1}}, {"source": "x"}, {"kind": "soap"}, {"url": None}, {"nonsense": 1},
])
def test_a_bad_manifest_is_refused(lab, more):
    body = {"runtime": "remote", "url": "https://example.org/", **more}
    assert_problem(lab.admin.put("/v1/functions/bad", json=body), 422, "validation_failed")


# Others' programs, unmodified

FRAMEWORK = '''
import functions_framework, json, os

@functions_framework.cloud_event
def take(event):
    with open(os.environ["TAKEN"], "a") as file:
        file.write(json.dumps({"id": event["id"], "type": event["type"], "subject": event["subject"], "data": event.data}) + "\\n")

@functions_framework.http
def web(request):
    return {"path": request.path, "query": request.args.to_dict(), "body": request.get_data(as_text=True), "method": request.method}, 201, {"X-Made": "here"}
'''


@pytest.fixture
def framework(tmp_path):
    processes = []

    def start(target, signature):
        (tmp_path / "main.py").write_text(FRAMEWORK)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        taken = tmp_path / "taken"
        taken.touch()
        process = subprocess.Popen(
            [sys.executable, "-m", "functions_framework", "--target", target, "--signature-type", signature, "--source", str(tmp_path / "main.py"), "--host", "127.0.0.1", "--port", str(port)],
            env={"PATH": os.environ["PATH"], "TAKEN": str(taken)}, stdout=subprocess.DEVNULL, stderr=open(tmp_path / "log", "ab"))
        processes.append(process)

        def answers():
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                return False

        eventually(answers, 30, "functions-framework")
        return f"http://127.0.0.1:{port}/", taken

    yield start
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_googles_functions_framework_takes_events(lab, framework, mode):
    url, taken = framework("take", "cloudevent")
    lab.deploy(url, mode=mode)
    made = [lab.create(n=number) for number in range(20)]
    items = lab.finished(20)
    assert all(item["status"] == "succeeded" for item in items), items[0]
    events = [json.loads(line) for line in taken.read_text().splitlines()]
    assert sorted(event["subject"] for event in events) == sorted(f"{lab.collection}/{one['id']}" for one in made)
    by_id = {one["id"]: one for one in made}
    assert all(event["data"]["after"] == by_id[event["subject"].split("/")[1]] for event in events)


def test_googles_functions_framework_answers_calls(lab, framework, server):
    url, _ = framework("web", "http")
    lab.deploy(url, triggers=[{"type": "http", "methods": ["GET", "POST", "DELETE"], "access": "true"}])
    path = f"/v1/call/{lab.collection}"
    for method, target, body in [("POST", "/orders/7%20a?x=1&y=%C3%A4", "grüße, exact\n".encode()), ("GET", "/", b""), ("DELETE", "/orders/8", b"")]:
        answer = Caller(server).request(method, path + target, data=body, headers={"Content-Type": "text/plain; charset=utf-8"})
        assert answer.status_code == 201 and answer.headers["X-Made"] == "here", answer.text
        told = answer.json()
        assert told["method"] == method and told["body"] == body.decode()
        assert told["path"] == {"/": "/"}.get(target, target.split("?")[0].replace("%20", " "))
        assert told["query"] == ({"x": "1", "y": "ä"} if "?" in target else {})
    assert_problem(Caller(server).put(path + "/x"), 405)
    runs = eventually(lambda: len(found := lab.admin.every(f"/v1/functions/{lab.collection}/invocations")) >= 3 and found, what="the records")
    assert {run["status"] for run in runs} == {"succeeded"} and {run["event"]["type"] for run in runs} == {"roost.http.request"}


# OpenWhisk

ACTION = "def main(args):\n    if args['subject'].endswith('bad'):\n        return {'error': 'bad subject'}\n    return {'seen': args['id']}\n"


class ActionContainer(Endpoint):
    """An action's container as the interface of OpenWhisk describes it: /init takes the code once, /run calls it."""

    def __init__(self):
        self.main, self.runs = None, []
        super().__init__(self.handle)

    def handle(self, request):
        def answer(status, value):
            return status, {"Content-Type": "application/json"}, json.dumps(value).encode()

        value = request.json["value"]
        if request.path.endswith("/init"):
            if self.main:
                return answer(403, {"error": "Cannot initialize the action more than once."})
            assert value["binary"] is False and value["name"]
            space = {}
            exec(value["code"], space)
            self.main = space[value["main"]]
            return answer(200, {"ok": True})
        if request.path.endswith("/run"):
            if not self.main:
                return answer(502, {"error": "not initialised"})
            for name in ("namespace", "action_name", "api_host", "api_key", "activation_id", "deadline"):
                assert isinstance(request.json[name], str), name
            self.runs.append(request.json)
            result = self.main(value)
            return answer(502 if "error" in result else 200, result)
        return answer(404, {})


def test_an_openwhisk_action_gets_its_code_once_and_then_runs(lab):
    with ActionContainer() as container:
        lab.deploy(container.url, kind="openwhisk", source=ACTION, concurrency=1)
        lab.create(id="good")
        lab.create(id="bad")
        lab.create(id="good2")
        items = lab.finished(3)
        assert {item["event"]["subject"].split("/")[1]: item["status"] for item in items} == {"good": "succeeded", "bad": "failed", "good2": "succeeded"}
        assert any("bad subject" in (item["error"] or "") for item in items)
        assert [request.path for request in container.requests].count("/hook/init") == 1
        assert int(container.runs[0]["deadline"]) > time.time() * 1000
        # A new version has its code taken already: 403 is no failure.
        lab.deploy(container.url, kind="openwhisk", source=ACTION + "\n", concurrency=1)
        lab.create(id="good3")
        assert lab.finished(4)[0]["status"] == "succeeded"


def test_an_openwhisk_action_that_has_its_code_is_only_run(lab):
    with ActionContainer() as container:
        container.main = lambda args: {"ok": True}
        lab.deploy(container.url, kind="openwhisk")
        lab.create(n=1)
        assert lab.finished()[0]["status"] == "succeeded"
        assert [request.path for request in container.requests] == ["/hook/run"]
