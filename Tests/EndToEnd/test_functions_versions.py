"""Versions of functions: listed, rolled back, split, named, pruned; deploys that drop nothing."""
import json
import threading
import time

import pytest

from roost_client import TIME, Caller, admin_login, assert_problem, function, on
from roost_server import command, eventually



@pytest.fixture
def lab(admin, place):
    return Lab(admin, place)


class Lab:
    def __init__(self, admin, name):
        self.admin, self.source, self.target, self.function = admin, f"in{name}", f"out{name}", f"f{name}"
        self.path = f"/v1/functions/{self.function}"

    def body(self, mark, **more):
        text = f'export default async (event, {{ db }}) => {{ await db.collection("{self.target}").put(event.data.after.id, {{ mark: {json.dumps(mark)} }}); }};'
        return function(text, **{"triggers": on(self.source), **more})

    def deploy(self, mark, query="", headers=None, **more):
        return self.admin.must((200, 201), "PUT", self.path + query, json=self.body(mark, **more), headers=headers or {})

    def marks(self):
        return {item["id"]: item["mark"] for item in self.admin.every(f"/v1/documents/{self.target}", limit=1000)}

    def versions(self):
        return self.admin.every(f"{self.path}/versions")


def test_versions_are_listed_newest_first(lab):
    for mark in ("one", "two", "three"):
        lab.deploy(mark)
    versions = lab.versions()
    assert [item["version"] for item in versions] == [3, 2, 1]
    assert [item["uses"] for item in versions] == [["current"], [], []]
    for item in versions:
        assert TIME.match(item["createdAt"]) and item["by"]["type"] == "admin" and item["kind"] == "source" and len(item["checksum"]) == 64 and item["size"] > 50
    page = lab.admin.must(200, "GET", f"{lab.path}/versions?limit=2")
    assert page["nextCursor"] == "2"
    one = lab.admin.must(200, "GET", f"{lab.path}/versions/1")
    assert '"one"' in one["source"] and one["manifest"]["timeout"] == "10s" and one["version"] == 1
    for path in (f"{lab.path}/versions/9", "/v1/functions/nowhere/versions", "/v1/functions/nowhere/versions/1"):
        assert_problem(lab.admin.get(path), 404)
    for path in (f"{lab.path}/versions/x", f"{lab.path}/versions/0", f"{lab.path}/versions?cursor=x", f"{lab.path}/versions?page=2"):
        assert_problem(lab.admin.get(path), 400, "bad_request")


def test_a_rollback_serves_at_once_and_is_no_copy(lab):
    lab.deploy("one")
    lab.deploy("two")
    back = lab.admin.must(200, "POST", f"{lab.path}/rollback", json={"version": 1})
    assert back["version"] == 1 and back["live"] == {"1": 1}
    document = lab.admin.create(lab.source)
    assert eventually(lambda: lab.marks().get(document["id"])) == "one"
    assert [item["version"] for item in lab.versions()] == [2, 1]
    assert lab.deploy("three")["version"] == 3
    # Without a version: to the one before.
    assert lab.admin.must(200, "POST", f"{lab.path}/rollback")["version"] == 2
    assert lab.admin.must(200, "POST", f"{lab.path}/rollback", json={})["version"] == 1
    assert_problem(lab.admin.post(f"{lab.path}/rollback"), 409, "conflict")
    assert_problem(lab.admin.post(f"{lab.path}/rollback", json={"version": 9}), 404, "not_found")
    assert_problem(lab.admin.post(f"{lab.path}/rollback", json={"version": "1"}), 422, "validation_failed")
    assert_problem(lab.admin.post(f"{lab.path}/rollback", json={"to": 1}), 422, "validation_failed")
    assert_problem(lab.admin.post("/v1/functions/nowhere/rollback", json={"version": 1}), 404, "function_not_found")


def test_a_deploy_can_say_what_it_replaces(lab):
    lab.deploy("one", headers={"If-None-Match": "*"})
    answer = lab.admin.get(lab.path)
    assert answer.headers["ETag"] == '"1"'
    assert_problem(lab.admin.put(lab.path, json=lab.body("x"), headers={"If-None-Match": "*"}), 412, "precondition_failed")
    lab.deploy("two", headers={"If-Match": '"1"'})
    assert_problem(lab.admin.put(lab.path, json=lab.body("x"), headers={"If-Match": '"1"'}), 412, "precondition_failed")
    assert_problem(lab.admin.post(f"{lab.path}/rollback", json={"version": 1}, headers={"If-Match": '"1"'}), 412, "precondition_failed")
    assert [item["version"] for item in lab.versions()] == [2, 1]


def test_live_traffic_is_split_by_subject(lab):
    lab.deploy("old")
    deployed = lab.deploy("new", "?traffic=0.3")
    assert deployed["version"] == 1 and deployed["live"] == {"1": 0.7, "2": 0.3}
    documents = [lab.admin.create(lab.source)["id"] for _ in range(200)]
    marks = eventually(lambda: len(lab.marks()) == 200 and lab.marks(), what="200 results")
    news = {id for id in documents if marks[id] == "new"}
    assert 30 <= len(news) <= 90, len(news)
    # The same subjects stay with the new version as its share grows; all of them meet it in the end.
    split = lab.admin.must(200, "PUT", f"{lab.path}/aliases/live", json={"versions": {"1": 0.4, "2": 0.6}})
    assert split["name"] == "live" and split["versions"] == {"1": 0.4, "2": 0.6}
    assert lab.admin.must(200, "GET", lab.path)["version"] == 2, "the weightier version is the current one"
    records = eventually(lambda: len(items := lab.admin.every(f"{lab.path}/invocations", limit=1000)) == 200 and items)
    assert {item["version"] for item in records} == {1, 2}
    for one in records:
        assert (one["event"]["subject"].split("/")[1] in news) == (one["version"] == 2)
    lab.admin.must(204, "DELETE", f"{lab.path}/aliases/live")
    assert lab.admin.must(200, "GET", lab.path)["live"] == {"2": 1}


def test_a_version_without_traffic_waits(lab):
    lab.deploy("old")
    assert lab.deploy("new", "?traffic=0")["version"] == 1
    document = lab.admin.create(lab.source)
    assert eventually(lambda: lab.marks().get(document["id"])) == "old"
    assert [item["version"] for item in lab.versions()] == [2, 1]
    for bad in ("-0.1", "1.1", "x", "nan", ""):
        assert_problem(lab.admin.put(f"{lab.path}?traffic={bad}", json=lab.body("x")), 400, "bad_request")


def test_aliases_name_versions(lab):
    for mark in ("one", "two", "three"):
        lab.deploy(mark)
    assert lab.admin.must(201, "PUT", f"{lab.path}/aliases/stable", json={"version": 1})["versions"] == {"1": 1}
    assert lab.admin.must(200, "PUT", f"{lab.path}/aliases/stable", json={"version": 2})["versions"] == {"2": 1}
    assert [item["name"] for item in lab.admin.must(200, "GET", f"{lab.path}/aliases")["items"]] == ["live", "stable"]
    assert lab.admin.must(200, "GET", f"{lab.path}/aliases/stable")["versions"] == {"2": 1}
    for version, says in ((3, "current"), (2, "stable")):
        assert_problem(lab.admin.delete(f"{lab.path}/versions/{version}"), 409, "conflict", says=says)
    lab.admin.must(204, "DELETE", f"{lab.path}/versions/1")
    assert_problem(lab.admin.delete(f"{lab.path}/versions/1"), 404, "not_found")
    assert_problem(lab.admin.put(f"{lab.path}/aliases/stable", json={"version": 1}), 404, "not_found")
    assert_problem(lab.admin.put(f"{lab.path}/aliases/3", json={"version": 2}), 400, "bad_request")
    for body in ({}, {"version": 0}, {"versions": {"2": 0.5}}, {"versions": {"2": 0.5, "3": 0.6}}, {"versions": {"two": 1}}, {"version": 2, "x": 1}):
        assert_problem(lab.admin.put(f"{lab.path}/aliases/stable", json=body), 422, "validation_failed")
    lab.admin.must(204, "DELETE", f"{lab.path}/aliases/stable")
    assert_problem(lab.admin.delete(f"{lab.path}/aliases/stable"), 404, "not_found")
    lab.admin.must(204, "DELETE", f"{lab.path}/versions/2")


def test_versions_are_for_admins(lab, ada, nobody):
    lab.deploy("one")
    for caller, status in ((ada, 403), (nobody, 401)):
        for method, path in (
            ("GET", "/versions"), ("GET", "/versions/1"), ("DELETE", "/versions/1"), ("POST", "/rollback"), ("GET", "/aliases"), ("GET", "/aliases/live"),
            ("PUT", "/aliases/live"), ("DELETE", "/aliases/live"),
        ):
            assert_problem(caller.request(method, lab.path + path, json={"version": 1} if method in ("PUT", "POST") else None), status)


def test_deploys_and_rollbacks_under_load_drop_nothing(lab):
    """Documents are written while versions change all the time: each event is delivered once, by some version, at the first attempt."""
    slow = lambda mark: function(
        f'export default async (event, {{ db }}) => {{ await new Promise((done) => setTimeout(done, 20)); await db.collection("{lab.target}").create({{ of: event.data.after.id, mark: "{mark}" }}); }};',
        triggers=on(lab.source), concurrency=4)
    put = lambda mark: lab.admin.must((200, 201), "PUT", lab.path, json=slow(mark))
    put("0")
    over = threading.Event()
    written = []

    def write():
        caller = Caller(lab.admin.server, lab.admin.token)
        while not over.is_set():
            written.append(caller.create(lab.source)["id"])
            time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for round in range(1, 7):
            put(str(round))
            time.sleep(0.1)
            lab.admin.must(200, "POST", f"{lab.path}/rollback", json={"version": round})
            time.sleep(0.1)
            lab.admin.must(200, "PUT", f"{lab.path}/aliases/live", json={"versions": {str(round): 0.5, str(round + 1): 0.5}})
            time.sleep(0.1)
    finally:
        over.set()
        writer.join()
    results = eventually(lambda: len(items := lab.admin.every(f"/v1/documents/{lab.target}", limit=1000)) >= len(written) and items, 60, "all events")
    assert sorted(item["of"] for item in results) == sorted(written)
    records = eventually(lambda: len(items := lab.admin.every(f"{lab.path}/invocations", limit=1000)) >= len(written) and items)
    assert {(item["status"], item["attempt"]) for item in records} == {("succeeded", 1)}
    assert len({item["version"] for item in records}) > 2


@pytest.mark.parametrize("round", range(4))
def test_a_server_that_is_killed_while_it_deploys_has_the_old_or_the_new(start, round):
    server = start()
    admin = admin_login(server)
    admin.put_collection("things")
    body = lambda version: function(f"export default () => {version};" + "\n// " + "x" * 100_000, triggers=on("things"))
    admin.must(201, "PUT", "/v1/functions/f", json=body(1))
    acknowledged = 1
    timer = threading.Timer(0.05 + 0.07 * round, server.kill)
    timer.start()
    try:
        while acknowledged < 500:
            admin.must(200, "PUT", "/v1/functions/f", json=body(acknowledged + 1), timeout=10)
            acknowledged += 1
    except Exception:
        pass
    timer.join()
    again = start(server.data)
    admin = admin_login(again)
    version = admin.must(200, "GET", "/v1/functions/f")["version"]
    assert version in (acknowledged, acknowledged + 1)
    assert admin.must(200, "GET", "/v1/functions/f")["source"].startswith(f"export default () => {version};")
    assert [item["version"] for item in admin.every("/v1/functions/f/versions")] == list(range(version, max(0, version - 100), -1))


def test_instances_are_kept_ready_and_replaced_before_the_old_go(lab):
    lab.deploy("one", minInstances=2)
    assert lab.admin.must(200, "GET", lab.path)["minInstances"] == 2
    instances = lambda: lab.admin.must(200, "GET", lab.path)["instances"]
    eventually(lambda: instances() == 2, what="two instances without any event")
    document = lab.admin.create(lab.source)
    assert eventually(lambda: lab.marks().get(document["id"])) == "one"
    lab.deploy("two", minInstances=2)
    seen = []
    def switched():
        seen.append(instances())
        made = lab.admin.create(lab.source)["id"]
        return eventually(lambda: lab.marks().get(made)) == "two"
    eventually(switched)
    assert min(seen) >= 1, seen
    eventually(lambda: instances() == 2)
    for run in lab.admin.every(f"{lab.path}/invocations"):
        assert run["durationMs"] < 5000
    assert_problem(lab.admin.put(lab.path, json=lab.body("x", minInstances=11)), 422, "validation_failed")
    lab.deploy("none", minInstances=0)
    assert "minInstances" not in lab.admin.must(200, "GET", lab.path)


def test_a_module_that_loads_no_more_is_not_tried_without_end(lab):
    # It loads in the check, and then no more.
    source = 'const n = Math.random(); if (n < 0.7) throw new Error("not today"); export default () => 1;'
    for _ in range(60):
        if lab.admin.put(lab.path, json=function(source, triggers=on(lab.source), minInstances=3, retry={"attempts": 2, "backoff": "1ms"})).status_code in (200, 201):
            break
    time.sleep(1)
    lab.admin.create(lab.source)
    eventually(lambda: len(lab.admin.every(f"{lab.path}/invocations")) >= 1)


def test_the_command_line_goes_back_and_names(lab):
    environment = {"ROOST_SERVER": lab.admin.server.url, "ROOST_KEY": lab.admin.token}
    run = lambda *arguments, status=0: (lambda done: (done.returncode == status and done.stdout + done.stderr) or pytest.fail(f"{arguments}: {done.returncode} {done.stdout} {done.stderr}"))(command(*arguments, env=environment))
    for mark in ("one", "two", "three"):
        lab.deploy(mark)
    listed = run("functions", "versions", lab.function)
    assert "VERSION" in listed and "current" in listed
    assert [item["version"] for item in json.loads(run("functions", "versions", lab.function, "--json"))] == [3, 2, 1]
    assert "version 2" in run("functions", "rollback", lab.function)
    assert "version 1" in run("functions", "rollback", lab.function, "--to", "1")
    run("functions", "rollback", lab.function, "--to", "9", status=1)
    run("functions", "aliases", "set", lab.function, "stable", "3")
    run("functions", "aliases", "set", lab.function, "live", "1=0.5", "3=0.5")
    assert json.loads(run("functions", "aliases", "list", lab.function, "--json"))[0]["versions"] == {"1": 0.5, "3": 0.5}
    run("functions", "aliases", "delete", lab.function, "stable")
    run("functions", "aliases", "set", lab.function, "live", "x", status=64)


def test_calls_choose_a_version_by_its_name(lab):
    page = lambda mark: {"source": f'export default () => new Response("{mark}");', "triggers": [{"type": "http", "access": "true"}]}
    for mark in ("one", "two"):
        lab.admin.must((200, 201), "PUT", lab.path, json=page(mark))
    call = lambda name="": Caller(lab.admin.server).get(f"/v1/call/{lab.function}{name}")
    assert call().text == "two"
    assert_problem(call("@stable"), 404, "not_found")
    lab.admin.must(201, "PUT", f"{lab.path}/aliases/stable", json={"version": 1})
    assert (call("@stable").text, call("@1").text, call("@2").text, call("@live").text, call("@stable/x").text) == ("one", "one", "two", "two", "one")
    for bad in ("@", "@9", "@1@2", "@..", "@%00"):
        assert call(bad).status_code in (400, 404), bad
    lab.admin.must(200, "PUT", f"{lab.path}/aliases/live", json={"versions": {"1": 0.5, "2": 0.5}})
    assert {call().text for _ in range(60)} == {"one", "two"}
