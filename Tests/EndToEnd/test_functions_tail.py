"""The live tail: what functions print comes while they run, masked, in order, once, and is what the store gets."""
import json
import re
import shutil
import signal
import subprocess
import threading
import time
from datetime import datetime, timezone

import pytest

from event_stream import EventStream
from roost_client import Caller, admin_login
from roost_server import BINARY, command, environment, eventually

SECRET = "s3cr3t-and-long-enough"

SLOW = {
    "javascript": """console.log("loaded");
        export default async (event, { log, env }) => { console.log("one", env.KEY); log.warn("and a half"); await new Promise(go => setTimeout(go, 2000)); console.log("two"); };""",
    "python": """
import os, time
print("loaded")
def handler(event, context):
    print("one", os.environ["KEY"])
    context.log.warn("and a half")
    time.sleep(2)
    print("two")
""",
    "command": "#!/bin/sh\necho one $KEY >&2\necho and a half >&2\nsleep 2\necho two >&2\n",
    "lambda": """#!/usr/bin/python3
import os, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
print("loaded", flush=True)
while True:
    with urllib.request.urlopen(api + "next") as event:
        event.read()
        id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    print("one", os.environ["KEY"], flush=True)
    print("and a half", flush=True)
    time.sleep(2)
    print("two", flush=True)
    urllib.request.urlopen(urllib.request.Request(api + id + "/response", data=b"null", method="POST")).read()
""",
}


@pytest.fixture
def lab(admin, own_name):
    lab = Lab(admin, own_name)
    yield lab
    admin.delete(lab.path)


class Lab:
    def __init__(self, admin, name):
        self.admin, self.name, self.event = admin, f"f{name}", f"e{name}"
        self.path = f"/v1/functions/{self.name}"

    def deploy(self, source, runtime="javascript", **more):
        more = {"triggers": [{"type": "event", "name": self.event}], "retry": {"attempts": 1}, "timeout": "10s", **more}
        return self.admin.put_function(self.name, source, runtime=runtime, **more)

    def emit(self, **more):
        self.admin.must(202, "POST", "/v1/events", json={"name": self.event, "data": None, **more})

    def tail(self, **more):
        return EventStream(self.admin, self.path + "/logs", **more)

    def stored(self, count):
        """Oldest first."""
        return eventually(lambda: len(found := self.admin.every(self.path + "/logs")) >= count and found[::-1], what=f"{count} lines")

    def runs(self):
        return self.admin.every(self.path + "/invocations")


def milliseconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000


@pytest.mark.parametrize("runtime", list(SLOW))
def test_a_line_comes_before_the_next_one_is_printed(lab, runtime):
    lab.admin.must((200, 201), "PUT", f"/v1/secrets/KEY{lab.name.upper()}", json={"value": SECRET})
    lab.deploy(SLOW[runtime].replace("KEY", f"KEY{lab.name.upper()}"), runtime, **({"handler": "main.handler", "language": "custom"} if runtime == "lambda" else {}))
    try:
        with lab.tail() as tail:
            lab.emit()
            heard, at = [], []
            while not heard or heard[-1].data["message"] != "two":
                heard.append(tail.next())
                at.append(time.time() * 1000)
            messages = [event.data["message"] for event in heard]
            assert messages[-3:] == ["one ***", "and a half", "two"] and messages[:-3] in ([], ["loaded"]), messages
            times = [milliseconds(event.data["time"]) for event in heard]
            assert at[-2] < times[-1] - 1000, "the second came more than a second before the third was printed"
            assert at[-3] < times[-1] - 1000
            stored = lab.stored(len(heard))
            assert stored == [event.data for event in heard], "what was told is what is stored"
            assert lab.runs()[0]["id"] == heard[0].data["invocation"] and len(lab.runs()) == 1
            lab.emit()
            assert tail.next().data["message"] == "one ***", "nothing came twice"
    finally:
        lab.admin.must(204, "DELETE", f"/v1/secrets/KEY{lab.name.upper()}")


def test_who_comes_later_is_told_of_what_runs(lab):
    lab.deploy(SLOW["javascript"].replace("env.KEY", "''"), concurrency=2)
    lab.emit()
    eventually(lambda: lab.admin.must(200, "GET", lab.path)["instances"], what="a worker")
    with lab.tail() as early:
        first = [early.next() for _ in range(3)]
        assert [event.data["message"] for event in first] == ["loaded", "one ", "and a half"]
        with lab.tail() as late, lab.tail(last_event_id=first[1].id) as again:
            assert [late.next().data for _ in range(3)] == [event.data for event in first], "lines of a run that is not over come first"
            assert again.next() == first[2], "but not those that came already"
            last = early.next()
            assert last.data["message"] == "two" and late.next() == again.next() == last
    assert lab.stored(4) == [event.data for event in [*first, last]]
    with lab.tail(last_event_id=first[0].id) as again:
        assert again.take(3) == [*first[1:], last], "the stored ones once"


def test_nothing_is_lost_or_twice_however_often_a_follower_comes_back(lab):
    lab.deploy("""export default async (event, { log }) => { for (let n = 0; n < 40; n++) { log.info(event.subject, n); await new Promise(go => setTimeout(go, 25)); } };""",
               concurrency=4)
    heard, last, stop = [], None, 6 * 40
    for n in range(6):
        lab.emit(subject=f"s{n}")
    deadline = time.monotonic() + 40
    while len(heard) < stop and time.monotonic() < deadline:
        with lab.tail(last_event_id=last, seconds=5) as tail:
            for _ in range(min(7, stop - len(heard))):
                heard.append(tail.next())
            last = tail.last_event_id
    stored = lab.stored(stop)
    assert [event.id for event in heard] == [line["id"] for line in stored], "every line, once, in the order of the store"
    for run in {line["invocation"] for line in stored}:
        assert [int(line["message"].split()[1]) for line in stored if line["invocation"] == run] == list(range(40))


def test_a_flood_is_bounded_live_as_it_is_stored(lab):
    lab.deploy("""export default async (event, { log }) => { for (let n = 0; n < 5000; n++) log.info(n); await new Promise(go => setTimeout(go, 300)); };""")
    with lab.tail() as tail:
        lab.emit()
        heard = tail.take(1001)
        assert [event.data["message"] for event in heard[:1000]] == [str(n) for n in range(1000)] and "truncated" in heard[1000].data["message"]
        assert lab.stored(1001) == [event.data for event in heard]


def test_the_command_line_follows(start, tmp_path):
    server = start(tmp_path / "data")
    admin = admin_login(server)
    lab = Lab(admin, "cli")
    lab.deploy(SLOW["python"].replace('os.environ["KEY"]', "event['data']"), "python")
    lab.emit()
    lab.stored(4)
    key = admin.must(201, "POST", "/v1/keys", json={"name": "cli"})["key"]
    remote = ["--server", server.url, "--json"]
    process = subprocess.Popen([BINARY, "functions", "logs", lab.name, "--follow", "--limit", "2", *remote], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env=environment(ROOST_KEY=key))
    lines, came = [], []

    def read():
        for text in process.stdout:
            lines.append(json.loads(text))
            came.append(time.time() * 1000)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        eventually(lambda: len(lines) == 2 or process.poll() is not None, what="the stored lines")
        assert [line["message"] for line in lines] == ["and a half", "two"], process.stderr.read() if process.poll() is not None else lines
        lab.emit()
        eventually(lambda: len(lines) == 5, what="the new lines")
        assert [line["message"] for line in lines[2:]] == ["one None", "and a half", "two"]
        assert came[2] < milliseconds(lines[4]["time"]) - 1000, "as it was printed"
        # The server goes and comes back: the command goes on where it was.
        data, port = server.data, server.port
        server.terminate()
        server.arguments = ["--listen", f"127.0.0.1:{port}"]
        server.start()
        assert server.port == port
        lab.admin = admin_login(server)
        lab.emit()
        eventually(lambda: len(lines) >= 9, 30, what="lines after the restart")
        assert [line["message"] for line in lines[5:]] == ["loaded", "one None", "and a half", "two"]
        assert [line["id"] for line in lines] == [line["id"] for line in lab.stored(11)][-9:]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(10)
        reader.join(5)
