"""SIGKILL loses nothing that was acknowledged; SIGTERM drains."""
import hashlib
import http.client
import json
import os
import random
import signal
import threading
import time

import pytest

from roost_client import Caller, Raw, admin_login, assert_problem, on, register
from roost_server import command, eventually

SEEN = """
export default async (event, { db }) => {
  const { id, n, thread } = event.data.after;
  await db.collection("seen").put(id, { n, thread, event: event.id });
};
"""


class Writer(threading.Thread):
    """Writes as fast as it can until the server goes away, and remembers what was acknowledged."""

    def __init__(self, server, token, number, round):
        super().__init__(daemon=True)
        self.port, self.number, self.round = server.port, number, round
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.rng = random.Random(number * 1000 + round)
        self.created, self.files, self.patched, self.deleted, self.unexpected = {}, {}, {}, set(), []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            n = 0
            while True:
                n += 1
                self.step(connection, n)
        except (OSError, http.client.HTTPException):
            pass

    def send(self, connection, method, path, body, wanted, content_type="application/json"):
        connection.request(method, path, body=body, headers={**self.headers, "Content-Type": content_type})
        response = connection.getresponse()
        content = response.read()
        if response.status in wanted:
            return json.loads(content) if content else {}
        self.unexpected.append((method, path, response.status, content[:300]))
        return None

    def step(self, connection, n):
        kind = self.rng.random()
        if kind < 0.6 or not self.created:
            body = {"n": n, "thread": self.number, "round": self.round, "text": "x" * self.rng.randrange(500)}
            document = self.send(connection, "POST", "/v1/documents/things", json.dumps(body), (201,))
            if document:
                self.created[document["id"]] = body
        elif kind < 0.75:
            id = self.rng.choice(list(self.created))
            if id in self.deleted:
                return
            if self.send(connection, "PATCH", f"/v1/documents/things/{id}", json.dumps({"patched": n}), (200,)):
                self.patched[id] = n
        elif kind < 0.8:
            id = self.rng.choice(list(self.created))
            if id in self.deleted:
                return
            self.uncertain = id
            if self.send(connection, "DELETE", f"/v1/documents/things/{id}", None, (204,)) is not None:
                self.deleted.add(id)
            self.uncertain = None
        else:
            content = self.rng.randbytes(self.rng.choice([0, 100, 5000, 300_000]))
            path = f"{self.round}/{self.number}/{n}.bin"
            if self.send(connection, "PUT", f"/v1/files/kept/{path}", content, (201,), "application/octet-stream") is not None:
                self.files[path] = hashlib.sha256(content).hexdigest()

    uncertain = None


def test_kill_9_under_load_loses_nothing_acknowledged(start, tmp_path):
    """Several rounds on one data folder: load, SIGKILL at a random moment, restart, check everything of all rounds."""
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    data = tmp_path / "data"
    server = start(data)
    admin = admin_login(server)
    admin.put_collection("things", rules={"read": "true", "create": "auth != null"}, indexes=[{"fields": ["thread", "-n"]}])
    admin.put_collection("seen")
    admin.put_bucket("kept")
    admin.put_function("see", SEEN, triggers=on("things"), retry={"attempts": 20, "backoff": "100ms"})
    user = register(server, "survivor")
    created, files, patched, deleted, uncertain = {}, {}, {}, set(), set()

    for round in range(5):
        writers = [Writer(server, admin.token, number, round) for number in range(6)]
        [writer.start() for writer in writers]
        time.sleep(rng.uniform(0.5, 2.5))
        server.kill()
        [writer.join(30) for writer in writers]
        for writer in writers:
            assert writer.unexpected == [], writer.unexpected[:3]
            created.update(writer.created)
            files.update(writer.files)
            patched.update(writer.patched)
            deleted |= writer.deleted
            uncertain.add(writer.uncertain)
        assert created and files, "the load wrote nothing"

        server = start(data)
        admin.server = server
        there = {item["id"]: item for item in admin.every("/v1/documents/things", limit=1000)}
        for id, body in created.items():
            if id in deleted:
                assert id not in there, f"round {round}: the acknowledged delete of {id} is lost"
            elif id not in uncertain:
                assert id in there, f"round {round}: {id} was acknowledged and is lost"
                assert {key: there[id][key] for key in body} == body
                if id in patched:
                    assert there[id].get("patched", 0) >= patched[id], f"round {round}: the acknowledged patch of {id} is lost"
        for id in random.Random(round).sample(sorted(there), min(50, len(there))):
            assert admin.read("things", id) == there[id], "list and point read agree"
        for path, digest in files.items():
            got = admin.get(f"/v1/files/kept/{path}")
            assert got.status_code == 200, f"round {round}: the acknowledged file {path} is lost"
            assert hashlib.sha256(got.content).hexdigest() == digest and got.headers["ETag"] == f'"{digest}"'
        assert {item["path"] for item in admin.every("/v1/files/kept", limit=1000)} >= set(files)
        eventually(lambda: set(created) <= {item["id"] for item in admin.every("/v1/documents/seen", limit=1000)}, 90, f"round {round}: every trigger to run")
        assert Caller(server, user.token).must(200, "GET", "/v1/auth/me")["id"] == user.id, "tokens stay good over a restart"

    everything = {item["id"] for item in admin.every("/v1/documents/things", limit=1000)}
    assert everything - set(created) - uncertain == set() or len(everything - set(created)) <= 6 * 5, "only what was in flight may be there unacknowledged"
    assert admin.every("/v1/functions/see/dead-letters") == []
    print(f"{len(created)} documents, {len(deleted)} deletes, {len(patched)} patches, {len(files)} files over 5 rounds")
    assert server.terminate() == 0
    doctor = command("doctor", "--data", data)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def test_kill_9_in_the_middle_of_an_upload_leaves_no_part_of_it(start, tmp_path):
    server = start(tmp_path / "data")
    admin = admin_login(server)
    admin.put_bucket("kept", rules={"read": "true", "write": "true"})
    admin.must(201, "PUT", "/v1/files/kept/old.bin", data=b"old")
    size = lambda: sum(file.stat().st_size for file in (tmp_path / "data").rglob("*") if file.is_file())
    before = size()
    connections = []
    for name in ("old", "new"):
        connection = Raw(server)
        connection.send(f"PUT /v1/files/kept/{name}.bin HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n".encode() + b"p" * 20_000_000)
        connections.append(connection)
    eventually(lambda: size() > before + 10_000_000, what="the parts on disk")
    server.kill()
    admin.server = start(tmp_path / "data")
    assert admin.get("/v1/files/kept/old.bin").content == b"old"
    assert_problem(admin.get("/v1/files/kept/new.bin"), 404)
    eventually(lambda: size() < before + 5_000_000, 20, "the parts to be cleared away")


def test_kill_9_while_a_function_runs_runs_it_again(start, tmp_path):
    server = start(tmp_path / "data")
    admin = admin_login(server)
    admin.put_collection("in")
    admin.put_collection("out")
    admin.put_function("slow", """
        export default async (event, { db }) => {
          await db.collection("out").create({ step: "began", event: event.id });
          await new Promise((resolve) => setTimeout(resolve, 1500));
          await db.collection("out").create({ step: "ended", event: event.id });
        };""", triggers=on("in"))
    admin.create("in", a=1)
    eventually(lambda: admin.list("out")["items"], what="the first start")
    server.kill()
    admin.server = start(tmp_path / "data")
    eventually(lambda: "ended" in [item["step"] for item in admin.list("out")["items"]], 30, "the end")
    steps = admin.list("out")["items"]
    assert [step["step"] for step in steps] == ["began", "began", "ended"] and len({step["event"] for step in steps}) == 1


def test_workers_die_with_the_server(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("in")
    admin.put_function("sleeper", "export default () => new Promise((resolve) => setTimeout(resolve, 60_000));", triggers=on("in"), timeout="60s")
    admin.create("in", a=1)

    def workers():
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    text = open(f"/proc/{entry}/cmdline", "rb").read()
                    parent = int(open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()[1])
                except (OSError, ValueError, IndexError):
                    continue
                if parent == pid or entry in known or parent in map(int, known):
                    if text:
                        found.append(entry)
        return found

    pid, known = server.pid, set()
    eventually(lambda: known.update(workers()) or known, 15, "a worker process")
    known.update(workers())
    server.kill()
    eventually(lambda: not [worker for worker in known if os.path.exists(f"/proc/{worker}/exe") and is_alive(worker)], 10, "the workers' end")


def is_alive(pid):
    try:
        return open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


# SIGTERM

def test_sigterm_ends_an_idle_server_at_once_with_0(start):
    for sign in (signal.SIGTERM, signal.SIGINT):
        server = start()
        idle = Raw(server)
        idle.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.answer()[0] == 200
        server.process.send_signal(sign)
        began = time.monotonic()
        assert server.process.wait(10) == 0, server.log_tail()
        assert time.monotonic() - began < 5
        assert idle.is_closed()


def test_sigterm_lets_a_request_finish(start):
    server = start()
    admin = admin_login(server)
    admin.put_bucket("kept")
    with Raw(server, seconds=30) as upload:
        head = f"PUT /v1/files/kept/slow.bin HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\nContent-Length: 2000000\r\n\r\n"
        upload.send(head.encode() + b"a" * 1_000_000)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        assert server.process.poll() is None, "it waits for the upload"
        with pytest.raises((OSError, AssertionError)):
            with Raw(server, seconds=2) as late:
                late.send(b"GET /v1/collections HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = late.answer()
                assert answer is not None and answer[0] != 503, "a new connection is refused"
        upload.send(b"b" * 1_000_000)
        status, headers, body = upload.answer()
        assert status == 201 and json.loads(body)["size"] == 2_000_000
        assert headers.get("connection", "").lower() == "close" or upload.is_closed()
    assert server.process.wait(15) == 0, server.log_tail()
    server.process = None
    server.start()
    assert admin.get("/v1/files/kept/slow.bin").content == b"a" * 1_000_000 + b"b" * 1_000_000


def test_sigterm_lets_a_function_finish_or_run_again(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("in")
    admin.put_collection("out")
    admin.put_function("slow", """
        export default async (event, { db }) => {
          console.log("began");
          await new Promise((resolve) => setTimeout(resolve, 1500));
          await db.collection("out").put(event.data.after.id, { done: true });
        };""", triggers=on("in"))
    ids = {admin.create("in", n=n)["id"] for n in range(5)}
    time.sleep(0.5)
    assert server.terminate() == 0, server.log_tail()
    admin.server = server.start()
    eventually(lambda: {item["id"] for item in admin.list("out")["items"]} == ids, 30, "all five")
    assert admin.every("/v1/functions/slow/dead-letters") == []


def test_sigterm_under_load_answers_or_refuses_each_request_but_loses_none(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("things")
    admin.put_bucket("kept")
    writers = [Writer(server, admin.token, number, 0) for number in range(8)]
    [writer.start() for writer in writers]
    time.sleep(1)
    assert server.terminate() == 0, server.log_tail()
    [writer.join(30) for writer in writers]
    admin.server = server.start()
    there = {item["id"] for item in admin.every("/v1/documents/things", limit=1000)}
    for writer in writers:
        assert set(writer.created) - writer.deleted - {writer.uncertain} <= there
        assert [entry for entry in writer.unexpected if entry[2] != 503] == []


def test_a_second_server_on_the_same_folder_is_refused(start):
    server = start()
    second = command("serve", "--data", server.data, "--listen", "127.0.0.1:0", seconds=20)
    assert second.returncode == 1 and second.stderr.strip(), "a second writer would break the order of ids and triggers"
    assert Caller(server).get("/readyz").status_code == 200


def test_a_port_that_is_taken_is_a_clear_error(start, tmp_path):
    server = start()
    second = command("serve", "--data", tmp_path / "other", "--listen", f"127.0.0.1:{server.port}", seconds=20)
    assert second.returncode == 1 and str(server.port) in second.stderr
    assert "Fatal error" not in second.stderr
