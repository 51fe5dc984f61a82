"""Everything at once: every kind of function and trigger, deploys, dead letters, callers that go away, kills. Nothing is lost, doubled, left behind or leaked."""
import collections
import itertools
import os
import random
import re
import shutil
import socket
import threading
import time
from pathlib import Path

import pytest
import requests

from remote_endpoint import Endpoint
from roost_client import admin_login, function, on
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, command, eventually

SEED = int(os.environ.get("ROOST_CHAOS_SEED", random.getrandbits(32)))
KILLS = int(os.environ.get("ROOST_CHAOS_KILLS", 3))
CHANGES = int(os.environ.get("ROOST_CHAOS_CHANGES", 8))
DOCUMENTS, WRITERS = 24, 4
RETRY = {"attempts": 60, "backoff": "20ms"}

SEE = """
export default async (event, { db }) => {
  if (Math.random() < 0.02) throw new Error("not now");
  const { id, n } = event.data.after;
  await db.collection("seen").create({ by: BY, event: Number(event.id), document: id, n });
};"""
SEE_PYTHON = """
def handler(event, context):
    after = event["data"]["after"]
    context.db.collection("seen").create({"by": "python", "event": int(event["id"]), "document": after["id"], "n": after["n"]})
"""
# What a command printed goes to the next function of the sequence.
SEE_NEXT = """
export default async (event, { db }) => {
  const first = typeof event.data === "string" ? JSON.parse(event.data) : event.data;
  await db.collection("seen").create({ by: "then", event: Number(first.id), document: first.data.after.id, n: first.data.after.n });
};"""
# Half of its events are dead letters at first, which come back with each replay.
UNSURE = """
export default async (event, { db }) => {
  if (Math.random() < 0.3) throw new Error("not now");
  await db.collection("seen").create({ by: "unsure", event: Number(event.id), document: event.data.after.id, n: event.data.after.n });
};"""
TICK = """
export default async (event, { db }) => {
  await db.collection("ticks").create({ event: event.id, at: event.data.scheduledTime });
};"""
STEPS = """
export default async (event, { db, step }) => {
  const document = event.data.after.id;
  const first = await step.run("first", async () => (await db.collection("steps").create({ document, step: "first" })).id);
  await step.sleep("nap", 200);
  const went = await step.waitForEvent("go", { event: "go", match: { document }, timeout: "5m" });
  await step.run("second", async () => { await db.collection("steps").create({ document, step: "second", first }); });
  return { first, went: went !== null };
};"""
STREAM = """
export default () => new Response(new ReadableStream({
  async pull(controller) { controller.enqueue(new Uint8Array(20000)); await new Promise((done) => setTimeout(done, 5)); },
}));"""
STAMP = "export default (event) => ({ ...event.data.after, stamp: event.data.after.n * 2 });"


class Chaos:
    def __init__(self, server, rng):
        self.server, self.rng = server, rng
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.acknowledged, self.errors = set(), []
        self.statuses = collections.Counter()

    def login(self):
        """Until there is a server that lets us in: it is killed now and then."""
        deadline = time.monotonic() + 60
        while True:
            try:
                self.admin = admin_login(self.server)
                return
            except (OSError, AssertionError, TypeError):
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def ask(self, method, path, **more):
        """A status; 0 where there was no answer. A 500 is never right."""
        more.setdefault("timeout", 20)
        try:
            response = requests.request(method, f"{self.server.url}{path}", headers={"Authorization": f"Bearer {self.admin.token}"}, **more)
        except (OSError, ValueError):
            return 0
        if response.status_code in (500, 401):
            self.errors.append(f"{method} {path}: {response.status_code} {response.text[:300]}")
        with self.lock:
            self.statuses[f"{method} {path.split('?')[0].rsplit('/', 1)[-1][:12]} {response.status_code}"] += 1
        return response.status_code

    def must(self, method, path, **more):
        deadline = time.monotonic() + 60
        while (status := self.ask(method, path, **more)) not in (200, 201, 202, 204):
            assert status in (0, 409, 429, 503), f"{method} {path}: {status}"
            assert time.monotonic() < deadline, f"{method} {path}: not done within a minute, last {status}"
            time.sleep(0.02)

    def spawn(self, *bodies):
        def guarded(body):
            try:
                body()
            except Exception as error:  # noqa: BLE001: shown by the test
                self.errors.append(repr(error))
        threads = [threading.Thread(target=guarded, args=(body,), daemon=True) for body in bodies]
        [thread.start() for thread in threads]
        return threads

    def write(self, number):
        for n in range(1, CHANGES + 1):
            for document in range(number, DOCUMENTS, WRITERS):
                self.must("PUT", f"/v1/documents/things/d{document}", json={"n": n})
                with self.lock:
                    self.acknowledged.add((f"d{document}", n))
                if n == 2:
                    self.must("POST", "/v1/events", json={"name": "go", "data": {"document": f"d{document}"}})

    def operate(self):
        """Deploys, rollbacks, splits, secrets, replays, at random."""
        rng = random.Random(self.rng.random())
        for turn in itertools.count():
            if self.is_over.wait(rng.uniform(0.05, 0.4)):
                return
            shares = rng.choice([{"1": 1}, {"1": 0.5, "2": 0.5}, {"1": 0.1, "2": 0.9}])
            rng.choice([
                lambda: self.ask("PUT", "/v1/functions/js", json=function(SEE.replace("BY", '"js"') + f"\n// {turn}", triggers=on("things", "written"), concurrency=4, retry=RETRY)),
                lambda: self.ask("PUT", "/v1/functions/js?traffic=0.3", json=function(SEE.replace("BY", '"js"') + f"\n// {turn}", triggers=on("things", "written"), concurrency=4, retry=RETRY)),
                lambda: self.ask("POST", "/v1/functions/js/rollback", json={"version": 1}),
                lambda: self.ask("PUT", "/v1/functions/js/aliases/live", json={"versions": shares}),
                lambda: self.ask("PUT", "/v1/secrets/SECRET", json={"value": f"secret-{turn}-value"}),
                lambda: self.ask("POST", "/v1/functions/unsure/dead-letters/replay"),
                lambda: self.ask("GET", "/v1/functions/js/invocations?limit=50"),
                lambda: self.ask("GET", "/v1/usage"),
                lambda: self.ask("POST", "/v1/functions/stamp/test", json={}),
            ])()

    def cut_off(self):
        """Callers of a stream who go away in the middle, or before they have sent their body."""
        rng = random.Random(self.rng.random())
        while not self.is_over.wait(rng.uniform(0.02, 0.2)):
            try:
                with socket.create_connection(("127.0.0.1", self.server.port), timeout=3) as client:
                    client.sendall(b"POST /v1/call/stream HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n" + b"x" * rng.choice([10, 10, 5]))
                    client.settimeout(rng.uniform(0.01, 0.5))
                    client.recv(4096)
            except (OSError, TypeError):
                pass


def processes(root):
    """(pid, start) of a process's descendants."""
    parents, found = collections.defaultdict(list), {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, fields = (folder / "stat").read_text().rsplit(")", 1)
        except OSError:
            continue
        fields = fields.split()
        if fields[0] != "Z":
            parents[int(fields[1])].append((int(folder.name), fields[19], name.split("(", 1)[1]))
    todo = [root]
    while todo:
        for pid, start, name in parents[todo.pop()]:
            found[(pid, start)] = name
            todo.append(pid)
    return found


def left(before):
    """Those that still live."""
    alive = {}
    for (pid, start), name in before.items():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z" and fields[19] == start:
            alive[pid] = name
    return alive


def descriptors(server):
    """What the server has open, by kind."""
    kinds = collections.Counter()
    for link in Path(f"/proc/{server.pid}/fd").iterdir():
        try:
            kinds[re.sub(r"[:\[].*|/.*/", "", os.readlink(link)) or "?"] += 1
        except OSError:
            pass
    return kinds


def in_order(items, by):
    """What came of each event first, in the order of its document; repeats do not count."""
    first, wrong = collections.defaultdict(list), []
    for item in sorted((item for item in items if item["by"] == by), key=lambda item: item["id"]):
        events = first[item["document"]]
        if item["event"] in events:
            continue
        if events and item["event"] < events[-1]:
            wrong.append((by, item["document"], events[-1], item["event"]))
        events.append(item["event"])
    return wrong


def test_everything_at_once_over_kills_loses_doubles_and_leaks_nothing(start, tmp_path):
    print(f"ROOST_CHAOS_SEED={SEED}")
    rng = random.Random(SEED)
    got, draw, lock = [], random.Random(rng.random()), threading.Lock()

    def answer(request):
        with lock:
            fate = draw.random()
            if fate >= 0.2:
                got.append(request.json)
        return 503 if fate < 0.15 else 429 if fate < 0.2 else 204

    with Endpoint(answer) as endpoint:
        server = start(tmp_path / "data", arguments=["--allow-private-addresses", "--drain-seconds", "20", "--no-access-log"])
        chaos = Chaos(server, rng)
        chaos.login()
        deploy(chaos.admin, endpoint)
        threads = chaos.spawn(*(lambda number=number: chaos.write(number) for number in range(WRITERS)))
        others = chaos.spawn(chaos.operate, chaos.operate, chaos.cut_off, chaos.cut_off)
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.5, 3))
            assert server.is_running, server.log_tail()
            children = processes(server.pid)
            server.kill()
            eventually(lambda children=children: not left(children), 10, f"the end of the killed server's processes {left(children)}")
            server.start()
        [thread.join(90) for thread in threads]
        chaos.is_over.set()
        [thread.join(30) for thread in others]
        assert chaos.errors == [] and server.is_running, server.log_tail()
        print(f"{len(chaos.acknowledged)} changes acknowledged; {sorted(chaos.statuses.items())}")
        assert len(chaos.acknowledged) == DOCUMENTS * CHANGES
        settle(chaos, got)
        check(chaos, got)
        children, open_files = collections.Counter(processes(server.pid).values()), descriptors(server)
        print(f"{open_files}, {server.memory() >> 20} MB, {children}")
        assert open_files.total() < 80 + 6 * children.total(), "what no worker needs stays open"
        assert server.memory() < 700 << 20
        # The end comes in the middle of work, too.
        more = chaos.spawn(lambda: [chaos.ask("PUT", f"/v1/documents/things/d{n % DOCUMENTS}", json={"n": 100 + n}) for n in range(40)])
        time.sleep(0.3)
        children, began = processes(server.pid), time.monotonic()
        assert server.terminate(40) == 0, server.log_tail()
        print(f"drained in {time.monotonic() - began:.1f} s")
        assert not left(children)
        [thread.join(30) for thread in more]
    assert not [line for line in server.log_text().splitlines() if "Fatal error" in line or "internal" in line.lower() and "500" in line]
    doctor = command("doctor", "--data", server.data)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr


def deploy(admin, endpoint):
    for name in ("things", "seen", "ticks", "steps"):
        admin.put_collection(name)
    admin.must((200, 201), "PUT", "/v1/secrets/SECRET", json={"value": "secret-0-value"})
    admin.put_function("js", SEE.replace("BY", '"js"'), triggers=on("things", "written"), concurrency=4, retry=RETRY)
    admin.put_function("js", SEE.replace("BY", '"js"') + "\n", triggers=on("things", "written"), concurrency=4, retry=RETRY)
    admin.put_function("python", SEE_PYTHON, runtime="python", triggers=on("things", "written"), concurrency=2, retry=RETRY)
    admin.put_function("next", SEE_NEXT, triggers=[], concurrency=4, retry=RETRY)
    admin.put_function("command", "#!/bin/sh\ncat\n", runtime="command", triggers=on("things", "written"), concurrency=2, retry=RETRY, then=["next"])
    admin.must((200, 201), "PUT", "/v1/functions/remote", json={
        "runtime": "remote", "url": endpoint.url, "triggers": on("things", "written"), "timeout": "5s", "concurrency": 4, "retry": RETRY})
    admin.put_function("unsure", UNSURE, triggers=on("things", "written"), concurrency=2, retry={"attempts": 1})
    admin.put_function("tick", TICK, triggers=[{"type": "schedule", "cron": "@every 1s"}], retry=RETRY)
    admin.put_function("steps", STEPS, triggers=on("things", "created"), retry=RETRY)
    admin.put_function("stream", STREAM, triggers=[{"type": "http", "methods": ["POST"], "access": "true"}], concurrency=2, timeout="10s")
    admin.put_function("stamp", STAMP, triggers=[{"type": "before", "collection": "things", "events": ["written"], "timeout": "10s"}], concurrency=2)


SEERS = ("js", "python", "then", "unsure")


def settle(chaos, got):
    """Until every event has arrived everywhere, those given up with the help of a replay."""
    admin, wanted = chaos.admin, chaos.acknowledged

    def missing():
        admin.must(202, "POST", "/v1/functions/unsure/dead-letters/replay")
        seen = collections.defaultdict(set)
        for item in admin.every("/v1/documents/seen", limit=1000):
            seen[item["by"]].add((item["document"], item["n"]))
        seen["remote"] = {(event["data"]["after"]["id"], event["data"]["after"]["n"]) for event in list(got)}
        runs = admin.every("/v1/functions/steps/runs", limit=100)
        # Whoever was not waiting yet when the event came waits for the next.
        for run in runs:
            if run["status"] == "waiting":
                admin.must(202, "POST", "/v1/events", json={"name": "go", "data": {"document": run["event"]["subject"].split("/")[1]}})
        gaps = {by: len(wanted - seen[by]) for by in (*SEERS, "remote")}
        gaps["runs"] = DOCUMENTS - sum(run["status"] == "completed" for run in runs)
        return {by: count for by, count in gaps.items() if count}
    deadline = time.monotonic() + 90
    while gaps := missing():
        if time.monotonic() > deadline:
            raise AssertionError(f"lost, or late: {gaps}\n{state(admin)}\n{chaos.server.log_tail()}")
        time.sleep(0.3)


def state(admin):
    """What each function did, for whoever has to find out why something is missing."""
    said = []
    for name in ("js", "python", "command", "next", "remote", "unsure", "steps"):
        runs = admin.every(f"/v1/functions/{name}/invocations", limit=1000)
        counts = collections.Counter((run["status"], (run["error"] or "")[:120]) for run in runs)
        dead = admin.every(f"/v1/functions/{name}/dead-letters", limit=100)
        newest = max((run["startedAt"] for run in runs), default=None)
        said.append(f"{name}: {dict(counts)}, newest {newest}, dead {[letter['error'][:120] for letter in dead[:3]]}")
    return "\n".join(said)


def check(chaos, got):
    admin = chaos.admin
    seen = admin.every("/v1/documents/seen", limit=1000)
    remote = [{"by": "remote", "id": place, "event": int(event["id"]), "document": event["data"]["after"]["id"]} for place, event in enumerate(list(got))]
    # What was replayed comes later than what came meanwhile, and the next one of a sequence has an order of its own.
    for by in ("js", "python"):
        assert in_order(seen, by) == []
    assert in_order(remote, "remote") == []
    assert all(item["stamp"] == 2 * item["n"] for item in admin.every("/v1/documents/things")), "a write went past its before trigger"
    ticks = collections.defaultdict(set)
    for tick in admin.every("/v1/documents/ticks", limit=1000):
        ticks[tick["at"]].add(tick["event"])
    assert [at for at, events in ticks.items() if len(events) > 1] == [], "a due time is one event"
    steps = collections.defaultdict(list)
    for item in admin.every("/v1/documents/steps", limit=1000):
        steps[item["document"], item["step"]].append(item)
    for run in admin.every("/v1/functions/steps/runs", limit=100):
        document = run["event"]["subject"].split("/")[1]
        assert run["result"]["went"] is True
        assert {item["first"] for item in steps[document, "second"]} == {run["result"]["first"]}, "a step that is done keeps its result"
        assert len(steps[document, "first"]) <= 1 + KILLS and len(steps[document, "second"]) <= 1 + KILLS
    print(f"{len(seen)} seen, {len(got)} at the endpoint, {len(ticks)} ticks, {sum(map(len, steps.values()))} steps done of {2 * DOCUMENTS}")


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")
def test_a_clock_that_was_wrong_and_is_put_right_holds_nothing_up(start, tmp_path):
    clock = tmp_path / "clock"
    clock.write_text("+3d")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    server = start(tmp_path / "data", prefix=("env",), env={
        "ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD, "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
    admin = admin_login(server)
    for name in ("things", "done", "ticks"):
        admin.put_collection(name)
    admin.put_function("tick", TICK, triggers=[{"type": "schedule", "cron": "@every 1s"}])
    source = 'export default async (event, { db, attempt }) => { if (attempt < 3) throw new Error("x"); await db.collection("done").create({}); };'
    admin.put_function("retry", source, triggers=on("things"), retry={"attempts": 5, "backoff": "2s"})
    admin.create("things", n=1)
    eventually(lambda: admin.every("/v1/documents/ticks") and admin.every("/v1/functions/retry/invocations"), what="the first attempt and a tick")
    clock.write_text("+0")
    admin = eventually(lambda: admin_login(server), what="a login by the right clock")
    before = len(admin.every("/v1/documents/ticks"))
    eventually(lambda: admin.every("/v1/documents/done"), 15, "the retries")
    eventually(lambda: len(admin.every("/v1/documents/ticks")) >= before + 2, 10, "ticks by the right clock")
    ticks = [tick["at"] for tick in admin.every("/v1/documents/ticks")]
    assert len(set(ticks)) == len(ticks)
