"""How runs, callers and deploys come to their ends: nobody waits for ever, nothing goes in silence."""
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import requests

from roost_client import admin_login, assert_problem, function, on, raw
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, eventually
from test_functions_archives import tar_of

ADMIN = {"ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD}
OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}


def before(collection, *events, **more):
    return [{"type": "before", "collection": collection, "events": list(events or ("created",)), **more}]


# What functions say before a write


@pytest.mark.parametrize("source, says", [
    ("export default () => ({ refuse: true });", "`refuse`"),
    ("export default () => ({ refuse: { why: 'no' } });", "`refuse`"),
    ("export default () => ({ refuse: null });", "`refuse`"),
    ("export default () => new Response('no', { status: 403 });", "failed"),
    ("export default async () => Response.json({ title: 'x' });", "failed"),
])
def test_an_answer_that_is_neither_a_document_nor_a_refusal_stores_nothing(admin, place, source, says):
    admin.put_collection(place, rules=OPEN)
    admin.put_function(place, source, triggers=before(place, "created", "deleted"))
    assert_problem(admin.post(f"/v1/documents/{place}", json={"id": "a", "n": 1}), 502, "function_failed", says)
    assert admin.list(place)["items"] == []
    # Deletions as well, where what is returned matters not.
    admin.put_function(place, "export default () => {};", triggers=before(place, "created"))
    admin.create(place, id="a")
    admin.put_function(place, source, triggers=before(place, "deleted"))
    assert_problem(admin.delete(f"/v1/documents/{place}/a"), 502, "function_failed", says)
    assert len(admin.list(place)["items"]) == 1


def test_a_refusal_is_one_however_it_is_written(admin, place):
    admin.put_collection(place, rules=OPEN)
    source = "#!/bin/sh\nprintf '\\n { \"refuse\" : \"not today\" }\\n'\n"
    admin.must((200, 201), "PUT", f"/v1/functions/{place}", json={"runtime": "command", "source": source, "triggers": before(place, timeout="10s")})
    assert_problem(admin.post(f"/v1/documents/{place}", json={}), 422, "write_refused", "not today")


# What a server that is killed leaves behind

def sandboxes(*words):
    """The command lines of bubblewraps that have all these words, by process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text() == "bwrap\n":
                line = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if all(word in line for word in words):
                    found[int(folder.name)] = line
        except OSError:
            pass
    return found


@pytest.mark.skipif(not shutil.which("bwrap"), reason="there is no sandbox")
def test_the_next_server_of_a_folder_ends_what_the_last_one_left(start):
    server = start(env=ADMIN)
    eventually(lambda: any("ROOST_OF_" in " ".join(line) for line in sandboxes().values()), what="a sandbox")
    identity = server.data.stat()
    mark, other = f"ROOST_OF_{identity.st_dev}_{identity.st_ino}", f"ROOST_OF_{identity.st_dev}_{identity.st_ino + 1}"
    assert sandboxes(mark)
    server.kill()
    eventually(lambda: not sandboxes(mark), what="the end of its workers")
    # As bubblewrap leaves it where it dies while it makes a sandbox: nobody ends it.
    left, foreign = [subprocess.Popen(["bwrap", "--unsetenv", name, "--die-with-parent", "--ro-bind", "/", "/", "sleep", "300"]) for name in (mark, other)]
    try:
        eventually(lambda: sandboxes(mark) and sandboxes(other), what="both")
        server.start()
        assert left.wait(10) != 0 and foreign.poll() is None
        admin = admin_login(server)
        admin.put_collection("things")
        admin.put_function("f", "export default () => {};", triggers=on("things"))
        admin.create("things")
        eventually(lambda: admin.every("/v1/functions/f/invocations"), what="a run")
        assert foreign.poll() is None
    finally:
        for process in (left, foreign):
            process.kill()
            process.wait()


# Several events in one go

def test_workers_that_end_in_the_middle_leave_nothing_behind(start):
    """Neither events nor descriptors of what had been given to them."""
    server = start(env=ADMIN)
    admin = admin_login(server)
    admin.put_collection("things")
    source = "export default (event) => { if (event.data.after.bad) Deno.exit(3); };"
    admin.put_function("f", source, triggers=on("things"), concurrency=2, retry={"attempts": 1})
    count = 0

    def deliver(documents):
        nonlocal count
        count += len(documents)
        body = "".join(json.dumps(one) + "\n" for one in documents)
        admin.must(200, "POST", "/v1/import/things", data=body, headers={"content-type": "application/x-ndjson"})
        eventually(lambda: len(admin.every("/v1/functions/f/invocations", limit=200)) == count, 60, f"{count} runs")

    def descriptors():
        return len(list(Path(f"/proc/{server.pid}/fd").iterdir()))

    deliver([{"n": n} for n in range(600)])
    before = descriptors()
    for _ in range(3):
        deliver([{"n": n, "bad": n % 30 == 29} for n in range(300)])
    runs = admin.every("/v1/functions/f/invocations", limit=200)
    assert sum(run["status"] == "crashed" for run in runs) == 30 and len({run["event"]["id"] for run in runs}) == count
    eventually(lambda: descriptors() <= before + 10, 20, f"no more than the {before} descriptors of before")


# Sequences


def test_a_result_for_a_function_that_is_gone_waits_as_a_dead_letter(admin, place):
    admin.put_collection(place, rules=OPEN)
    admin.put_collection(place + "-got", rules=OPEN)
    target = f"export default async (event, {{ db }}) => {{ await db.collection('{place}-got').create(event.data); }}"
    admin.put_function(place + "-next", target)
    admin.put_function(place, "export default (event) => ({ n: event.data.after.n });", triggers=on(place), then=[place + "-next"])
    admin.must(204, "DELETE", f"/v1/functions/{place}-next")
    admin.create(place, n=7)
    letters = eventually(lambda: admin.every(f"/v1/functions/{place}/dead-letters"), what="the dead letter")
    assert f"'{place}-next'" in letters[0]["error"] and letters[0]["attempts"] == 1, letters
    assert [run["status"] for run in admin.every(f"/v1/functions/{place}/invocations")] == ["failed"]
    admin.put_function(place + "-next", target)
    admin.must(202, "POST", f"/v1/functions/{place}/dead-letters/{letters[0]['id']}/replay")
    got = eventually(lambda: admin.every(f"/v1/documents/{place}-got"), what="the result")
    assert [one["n"] for one in got] == [7]


def test_a_result_goes_on_although_its_version_has_gone_meanwhile(admin, place):
    admin.put_collection(place, rules=OPEN)
    admin.put_collection(place + "-got", rules=OPEN)
    admin.put_function(place + "-next", f"export default async (event, {{ db }}) => {{ await db.collection('{place}-got').create(event.data); }}")
    source = "export default async (event) => { await new Promise((done) => setTimeout(done, 700)); return { n: event.data.after.n }; };"
    admin.put_function(place, source, triggers=on(place), then=[place + "-next"], concurrency=3)
    for n in range(3):
        admin.create(place, n=n)
    time.sleep(0.4)
    admin.put_function(place, source + "//", triggers=on(place), then=[place + "-next"], concurrency=3)
    eventually(lambda: len(admin.every(f"/v1/documents/{place}-got")) == 3, what="the results")


# Small print of deploys and calls


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/UTC"])
def test_a_time_zone_that_another_machine_reads_otherwise_is_refused(admin, place, zone):
    manifest = function("export default () => {};", triggers=[{"type": "schedule", "cron": "0 3 * * *", "timeZone": zone}])
    response = admin.put(f"/v1/functions/{place}", json=manifest)
    assert_problem(response, 422, "validation_failed", zone)
    assert response.json()["errors"][0]["pointer"] == "/triggers/0/timeZone"
    assert_problem(admin.post("/v1/schedules/next", json={"cron": "0 3 * * *", "timeZone": zone}), 422, "validation_failed", zone)


@pytest.mark.parametrize("path", ["/v1/call/{}", "/v1/collections", "/v1/documents/x/y"])
def test_allow_names_each_method_once(admin, place, path):
    admin.put_function(place, "export default { fetch: () => new Response('x') };", triggers=[{"type": "http", "access": "true"}])
    for method in ("TRACE", "PROPFIND"):
        answer = raw(admin.server, f"{method} {path.format(place)} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        status, headers = answer[0], {name.lower(): value for name, value in dict(answer[1]).items()}
        allowed = headers["allow"].split(", ")
        assert status == 405 and len(allowed) == len(set(allowed)), (status, allowed)


def test_many_deploys_at_once_wait_in_line(admin, place):
    admin.put_collection(place, rules=OPEN)
    statuses = []

    def deploy(number):
        body = function(f"export default () => {number};", triggers=on(place))
        statuses.append(requests.put(f"{admin.server.url}/v1/functions/{place}", json=body, headers=dict(admin.headers), timeout=60).status_code)

    deploys = [threading.Thread(target=deploy, args=(number,)) for number in range(40)]
    for one in deploys:
        one.start()
    for one in deploys:
        one.join()
    assert sorted(statuses) == [200] * 39 + [201]


def test_whoever_follows_the_logs_of_a_function_that_is_deleted_is_told(admin, place):
    admin.put_collection(place, rules=OPEN)
    admin.put_function(place, "export default () => {};", triggers=on(place))
    with admin.get(f"/v1/functions/{place}/logs", headers={"Accept": "text/event-stream"}, stream=True) as stream:
        assert stream.status_code == 200
        pieces = stream.iter_content(None)
        next(pieces)
        admin.must(204, "DELETE", f"/v1/functions/{place}")
        rest = b"".join(pieces)
    assert rest.endswith(b'event: end\ndata: {"reason":"function_deleted"}\n\n'), rest


# The end of the server


def test_whoever_still_waits_when_the_time_is_over_is_answered(start):
    server = start(arguments=["--drain-seconds", "1"])
    admin = admin_login(server)
    for name in ("posts", "checked"):
        admin.put_collection(name, rules=OPEN)
    slow = "await new Promise((done) => setTimeout(done, 30000));"
    admin.put_function("call", f"export default {{ async fetch() {{ {slow} }} }};", timeout="60s", concurrency=2, triggers=[{"type": "http", "access": "true"}])
    admin.put_function("check", f"export default async () => {{ {slow} }};", timeout="60s", triggers=before("checked", timeout="10s"))
    admin.put_function("event", f"export default async () => {{ {slow} }};", timeout="60s", triggers=on("posts"))
    admin.create("posts")
    answers = []

    def ask(method, path):
        try:
            response = requests.request(method, server.url + path, json={}, timeout=30)
            answers.append((response.status_code, response.json()["code"]))
        except requests.RequestException as error:
            answers.append(repr(error))

    # Two run, two wait for a worker.
    askers = [threading.Thread(target=ask, args=("POST", path)) for path in ["/v1/call/call"] * 4 + ["/v1/documents/checked"] * 3]
    for asker in askers:
        asker.start()
    eventually(lambda: sum(admin.must(200, "GET", f"/v1/functions/{name}")["instances"] for name in ("call", "check", "event")) >= 4, what="workers")
    begin = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for asker in askers:
        asker.join(30)
    assert answers == [(503, "unavailable")] * 7
    assert server.terminate(10) == 0
    assert time.monotonic() - begin < 5
    again = start(data=server.data)
    admin = admin_login(again)
    assert admin.list("checked")["items"] == []
    # What was not finished begins anew, as if it had never been tried.
    eventually(lambda: admin.must(200, "GET", "/v1/functions/event")["instances"] == 1, what="the event again")
    assert admin.every("/v1/functions/event/invocations") == []


def test_calls_are_answered_while_the_instances_of_a_deploy_come_up(admin, place):
    def deploy(number, first=""):
        source = f"{first}\nexport default {{ fetch: () => new Response('{number}') }};"
        admin.put_function(place, source, minInstances=1, triggers=[{"type": "http", "access": "true"}])

    deploy(1)
    answers, over = [], threading.Event()

    def ask():
        while not over.is_set():
            response = requests.get(f"{admin.server.url}/v1/call/{place}", timeout=30)
            answers.append((response.status_code, response.text[:200]))

    asker = threading.Thread(target=ask)
    asker.start()
    deploy(2, "await new Promise((done) => setTimeout(done, 700));")
    try:
        eventually(lambda: (200, "2") in answers, what="the new version")
    finally:
        over.set()
        asker.join()
    assert set(answers) == {(200, "1"), (200, "2")}
    assert answers == sorted(answers)


def test_an_installation_that_takes_too_long_for_a_drain_is_given_up(start):
    with socket.socket() as index:
        # It takes connections and never answers.
        index.bind(("127.0.0.1", 0))
        index.listen(20)
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        server = start(arguments=["--drain-seconds", "1"], env={**ADMIN, "PIP_INDEX_URL": address, "PIP_DEFAULT_TIMEOUT": "100"})
        admin = admin_login(server)
        admin.put_collection("posts", rules=OPEN)
        archive = tar_of({"main.py": "def handler(event, context): pass\n", "requirements.txt": "six==1.17.0\n"})
        files = {"archive": ("a", archive, "application/octet-stream"), "manifest": (None, json.dumps({"runtime": "python", "triggers": on("posts")}), "application/json")}
        answers = []
        deploy = threading.Thread(target=lambda: answers.append(admin.put("/v1/functions/f", files=files)))
        deploy.start()
        index.settimeout(20)
        index.accept()
        begin = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        deploy.join(20)
        assert server.terminate(10) == 0
        assert time.monotonic() - begin < 5
    assert_problem(answers[0], 503, "unavailable")
    again = admin_login(start(data=server.data))
    assert again.must(200, "GET", "/v1/functions")["items"] == []
