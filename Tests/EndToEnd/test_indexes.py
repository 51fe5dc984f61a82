"""Indexes: what may be declared, how they are built while others write, and what a changed schema would meet."""
import json
import re
import subprocess
import threading

import pytest

from roost_client import Caller, admin_login, assert_problem
from roost_server import ROOT, command, environment, eventually

PUBLIC = {"read": "true", "create": "true", "update": "true", "delete": "true"}


def fill(admin, collection, count, make):
    """Writes documents `d0`, `d1`, … in batches."""
    for start in range(0, count, 500):
        writes = [{"op": "create", "collection": collection, "id": f"d{n}", "data": make(n)} for n in range(start, min(start + 500, count))]
        admin.must(200, "POST", "/v1/batch", json={"writes": writes})


def indexes(admin, collection):
    return admin.must(200, "GET", f"/v1/collections/{collection}")["indexes"]


def ready(admin, collection, seconds=60):
    return eventually(lambda: all(index["state"] == "ready" for index in indexes(admin, collection)), seconds, "the indexes")


def explain(admin, collection, **query):
    return admin.must(200, "GET", f"/v1/documents/{collection}", params={**query, "explain": "true"})["plan"]


# Declaring them

@pytest.mark.parametrize("index, pointer", [
    ({"fields": ["a"], "unique": "yes"}, "/indexes/0/unique"), ({"fields": ["a"], "unique": 1}, "/indexes/0/unique"),
    ({"fields": ["a"], "sparse": "true"}, "/indexes/0/sparse"), ({"fields": ["a"], "uniqe": True}, "/indexes/0/uniqe"),
    ({"fields": ["a"], "background": True}, "/indexes/0/background"), ({"fields": "a"}, "/indexes/0/fields"), ({}, "/indexes/0/fields"),
    ({"fields": [1]}, "/indexes/0/fields/0"), ({"fields": ["a", ""]}, "/indexes/0/fields/1"), ({"fields": ["a", "-a"]}, "/indexes/0/fields/1"),
    ({"fields": ["a'); DROP TABLE collections; --"]}, "/indexes/0/fields/0"), ({"fields": ["a\"b"]}, "/indexes/0/fields/0"),
    ({"fields": [f"f{n}" for n in range(9)]}, "/indexes/0/fields"), ("a", "/indexes/0"), (None, "/indexes/0"), ([], "/indexes/0"),
])
def test_a_wrong_index_is_refused_with_its_place(admin, index, pointer):
    problem = assert_problem(admin.put("/v1/collections/strict", json={"indexes": [index]}), 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == pointer
    assert admin.get("/v1/collections/strict").status_code == 404


def test_the_same_index_twice_is_refused(admin):
    for pair in ([{"fields": ["a"]}, {"fields": ["a"]}], [{"fields": ["a", "b"], "unique": True}, {"fields": ["a", "b"]}]):
        problem = assert_problem(admin.put("/v1/collections/twice", json={"indexes": pair}), 422, "validation_failed")
        assert problem["errors"][0]["pointer"] == "/indexes/1"
    admin.put_collection("twice", indexes=[{"fields": ["a"]}, {"fields": ["a"], "unique": True}, {"fields": ["a"], "sparse": True}, {"fields": ["-a"]}])


def test_what_the_server_answers_can_be_put_again(admin):
    first = admin.put_collection("again", rules=PUBLIC, indexes=[{"fields": ["a", "-b"]}, {"fields": ["c"], "unique": True, "sparse": True}])
    assert first["indexes"] == [
        {"fields": ["a", "-b"], "unique": False, "sparse": False, "state": "ready", "progress": 1},
        {"fields": ["c"], "unique": True, "sparse": True, "state": "ready", "progress": 1}]
    second = admin.must(200, "PUT", "/v1/collections/again", json=admin.must(200, "GET", "/v1/collections/again"))
    assert second["indexes"] == first["indexes"]


# Unique

def test_a_duplicate_names_the_fields(admin, nobody):
    admin.put_collection("seats", rules=PUBLIC, indexes=[{"fields": ["room", "seat.row"], "unique": True}])
    nobody.create("seats", room="a", seat={"row": 1})
    problem = assert_problem(nobody.post("/v1/documents/seats", json={"room": "a", "seat": {"row": 1}}), 409, "conflict", says="room")
    assert [error["pointer"] for error in problem["errors"]] == ["/room", "/seat/row"]
    # A missing field counts as a value, unless all are missing; null is like missing.
    nobody.create("seats", room="a")
    problem = assert_problem(nobody.post("/v1/documents/seats", json={"room": "a", "seat": {"row": None}}), 409, "conflict")
    assert [error["pointer"] for error in problem["errors"]] == ["/room", "/seat/row"]
    for body in ({}, {}, {"room": None}, {"room": None, "seat": None}):
        nobody.create("seats", **body)


@pytest.mark.parametrize("sparse", [False, True])
def test_documents_without_the_field_are_not_compared(admin, nobody, sparse):
    name = f"codes{sparse}"
    admin.put_collection(name, rules=PUBLIC, indexes=[{"fields": ["code"], "unique": True, "sparse": sparse}])
    for body in ({}, {}, {"code": None}, {"code": None}, {"code": 1}, {"code": "1"}):
        nobody.create(name, **body)
    assert_problem(nobody.post(f"/v1/documents/{name}", json={"code": 1.0}), 409, "conflict", says="code")
    assert [d["code"] for d in nobody.list(name, filter="code == 1")["items"]] == [1]


def test_a_stranger_learns_no_other_documents_from_a_conflict(admin, nobody):
    admin.put_collection("private", rules={"create": "true"}, indexes=[{"fields": ["code"], "unique": True}])
    first = admin.create("private", code="secret-7", note="hidden")
    response = nobody.post("/v1/documents/private", json={"code": "secret-7"})
    assert_problem(response, 409, "conflict")
    assert first["id"] not in response.text and "hidden" not in response.text and "secret-7" not in response.text


@pytest.mark.parametrize("count", [10, 1500])
def test_a_unique_index_over_duplicates_is_refused_and_names_them(admin, count):
    name = f"doubles{count}"
    admin.put_collection(name, rules=PUBLIC)
    fill(admin, name, count, lambda n: {"code": n if n != 7 else 3, "k": "x"})
    before = admin.must(200, "GET", f"/v1/collections/{name}")
    problem = assert_problem(admin.put(f"/v1/collections/{name}", json={"indexes": [{"fields": ["k"]}, {"fields": ["code"], "unique": True}]}), 409, "conflict", says="code")
    assert problem["errors"] == [{"pointer": "/indexes/1", "detail": "3 in the documents 'd3' and 'd7'"}]
    problem = assert_problem(admin.patch(f"/v1/collections/{name}", json={"indexes": [{"fields": ["k", "k2"], "unique": True}]}), 409, "conflict")
    assert problem["errors"][0]["detail"] == f"\"x\" and null in the documents 'd0' and 'd{999 if count > 999 else 9}' and {count - 2} more"
    assert admin.must(200, "GET", f"/v1/collections/{name}") == before


# Sparse

def test_a_sparse_index_never_hides_a_document(admin, nobody):
    admin.put_collection("sparse", rules=PUBLIC, indexes=[{"fields": ["due"], "sparse": True}, {"fields": ["a", "b"], "sparse": True}])
    fill(admin, "sparse", 60, lambda n: {**({"due": n % 5} if n % 3 == 0 else {}), **({"a": n % 2} if n % 4 else {}), **({"b": n} if n % 5 else {"b": None}), "n": n})
    admin.put_collection("full", rules=PUBLIC)
    fill(admin, "full", 60, lambda n: {key: value for key, value in nobody.read("sparse", f"d{n}").items() if key not in ("id", "version", "createdAt", "updatedAt")})
    for query, index in [
        ({"sort": "due"}, None), ({"filter": "due > 1", "sort": "due"}, ["due"]), ({"filter": "due == 2"}, ["due"]), ({"filter": "n > 3", "sort": "due"}, None),
        ({"filter": "due > 1", "sort": "-due"}, ["due"]), ({"filter": "has(due)", "sort": "due"}, None), ({"filter": "due == null", "sort": "due"}, None),
        ({"filter": "a == 1", "sort": "b"}, ["a", "b"]), ({"sort": "a,b"}, None), ({"filter": "b > 3", "sort": "a,b"}, ["a", "b"]),
        ({"filter": "a >= 0", "sort": "-a,-b"}, ["a", "b"]), ({"filter": "!has(due)", "sort": "due"}, None), ({"filter": "due != 2", "sort": "due"}, None),
        ({"filter": "due > 1 || n == 1", "sort": "due"}, None), ({"filter": "due in [1, 2]", "sort": "due"}, ["due"]),
    ]:
        assert explain(admin, "sparse", **query)["index"] == index, query
        indexed, scanned = [[{**d, "createdAt": "", "updatedAt": ""} for d in nobody.every(f"/v1/documents/{name}", limit=7, **query)] for name in ("sparse", "full")]
        assert indexed == scanned, query


# In the background

def test_reads_and_writes_go_on_while_an_index_is_built(admin, nobody, server):
    admin.put_collection("posts", rules=PUBLIC)
    fill(admin, "posts", 20_000, lambda n: {"author": f"u{n % 100}", "n": n, "text": "x" * 200})
    errors, written, stop = [], [], threading.Event()

    def write(worker):
        caller = Caller(server)
        n = 0
        while not stop.is_set():
            try:
                written.append(caller.create("posts", author="late", n=1_000_000 * (worker + 1) + n))
                caller.must(200, "PATCH", f"/v1/documents/posts/d{(n * 37 + worker) % 15_000}", json={"author": "changed"})
                caller.must((204, 404), "DELETE", f"/v1/documents/posts/d{15_000 + (n * 2 + worker) % 5000}")
                assert len(caller.list("posts", filter='author == "u7"', sort="-n", limit=3)["items"]) == 3
                n += 1
            except Exception as error:  # noqa: BLE001 (whatever goes wrong in the thread is the test's failure)
                errors.append(error)
                return

    workers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for worker in workers:
        worker.start()
    try:
        put = admin.put_collection("posts", rules=PUBLIC, indexes=[{"fields": ["author", "-n"]}, {"fields": ["n"], "unique": True}])
        assert {index["state"] for index in put["indexes"]} <= {"building", "ready"}
        seen = []
        eventually(lambda: seen.append(indexes(admin, "posts")) or all(index["state"] == "ready" for index in seen[-1]), 120, "the indexes")
    finally:
        stop.set()
        for worker in workers:
            worker.join()
    assert not errors, errors[0]
    progress = [step[0]["progress"] for step in seen]
    assert progress == sorted(progress) and progress[-1] == 1
    assert explain(admin, "posts", filter='author == "late"', sort="-n")["index"] == ["author", "-n"]
    late = nobody.every("/v1/documents/posts", filter='author == "late"', sort="-n", limit=1000)
    assert sorted(d["n"] for d in late) == sorted(d["n"] for d in written)
    everything = nobody.every("/v1/documents/posts", limit=1000)
    changed = nobody.every("/v1/documents/posts", filter='author == "changed"', sort="-n", limit=1000)
    assert {d["id"] for d in changed} == {d["id"] for d in everything if d["author"] == "changed"}
    assert_problem(nobody.post("/v1/documents/posts", json={"n": written[0]["n"]}), 409, "conflict")


def test_a_killed_server_goes_on_building(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("things", rules=PUBLIC)
    fill(admin, "things", 30_000, lambda n: {"n": (n * 7919) % 30_000, "text": "x" * 100})
    admin.put_collection("things", rules=PUBLIC, indexes=[{"fields": ["n"], "unique": True}, {"fields": ["-n", "text"], "sparse": True}])
    admin.must(200, "PATCH", "/v1/documents/things/d5", json={"n": -5})
    server.kill()
    server.start()
    admin = admin_login(server)
    ready(admin, "things")
    assert explain(admin, "things", filter="n > 3", sort="-n,text")["index"] == ["-n", "text"]
    assert [d["id"] for d in admin.list("things", filter="n == -5")["items"]] == ["d5"]
    assert len(admin.every("/v1/documents/things", filter="n > -10", sort="-n,text", limit=1000)) == 30_000


def test_a_duplicate_during_the_build_is_shown_and_nothing_is_lost(admin, nobody, server):
    admin.put_collection("raced", rules=PUBLIC)
    fill(admin, "raced", 20_000, lambda n: {"code": f"c{n}"})
    unique = {"rules": PUBLIC, "indexes": [{"fields": ["code"], "unique": True}]}
    admin.put_collection("raced", **unique)
    # The build has not come to the last document yet.
    twin = nobody.create("raced", code="c19999")
    failed = eventually(lambda: [index for index in indexes(admin, "raced") if index["state"] == "failed"], what="the failure")[0]
    assert failed["duplicates"] == [{"values": ["c19999"], "count": 2, "ids": sorted(["d19999", twin["id"]])}] and "code" in failed["error"]
    told = command("collections", "indexes", "raced", env={"ROOST_SERVER": server.url, "ROOST_KEY": admin.token}).stdout
    assert "failed" in told and "c19999" in told
    nobody.create("raced", code="c19999")
    assert len(nobody.list("raced", filter='code == "c19999"')["items"]) == 3
    problem = assert_problem(admin.put("/v1/collections/raced", json=unique), 409, "conflict")
    assert "and 1 more" in problem["errors"][0]["detail"]
    for document in nobody.list("raced", filter='code == "c19999" && id != "d19999"')["items"]:
        nobody.must(204, "DELETE", f"/v1/documents/raced/{document['id']}")
    # What was answered of the failed one may be put again.
    admin.must(200, "PUT", "/v1/collections/raced", json=admin.must(200, "GET", "/v1/collections/raced"))
    ready(admin, "raced")
    assert_problem(nobody.post("/v1/documents/raced", json={"code": "c7"}), 409, "conflict", says="code")


def test_a_build_ends_with_its_collection_and_its_declaration(admin, nobody):
    for change in (lambda: admin.must(204, "DELETE", "/v1/collections/short"), lambda: admin.put_collection("short", rules=PUBLIC),
                   lambda: admin.put_collection("short", rules=PUBLIC, indexes=[{"fields": ["-n"]}])):
        admin.put_collection("short", rules=PUBLIC)
        fill(admin, "short", 5_000, lambda n: {"n": n})
        admin.put_collection("short", rules=PUBLIC, indexes=[{"fields": ["n"]}, {"fields": ["n"], "unique": True}])
        change()
        if admin.get("/v1/collections/short").status_code == 200:
            ready(admin, "short")
            nobody.create("short", n=7)
            assert len(nobody.list("short", filter="n == 7")["items"]) == 2
            admin.must(204, "DELETE", "/v1/collections/short")
        assert_problem(nobody.post("/v1/documents/short", json={"n": 1}), 404, "collection_not_found")


# A changed schema

SCHEMA = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}, "n": {"type": "integer", "maximum": 10}}}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_dry_run_says_what_no_longer_fits_and_saves_nothing(admin, method):
    name = "dry" + method.lower()
    before = admin.put_collection(name, rules=PUBLIC)
    fill(admin, name, 2500, lambda n: {"title": "t", "n": n % 12} if n % 100 else {"n": "x"})
    told = admin.must(200, method, f"/v1/collections/{name}?validate=true", json={"rules": PUBLIC, "schema": SCHEMA})
    wrong = [n for n in range(2500) if n % 12 == 11 or n % 100 == 0]
    assert told["total"] == told["checked"] == 2500 and told["misfits"] == len(wrong) and len(told["documents"]) == 20
    assert told["documents"][0]["id"] == "d0" and {error["pointer"] for error in told["documents"][0]["errors"]} == {"/title", "/n"}
    assert told["documents"][1]["id"] == "d11" and told["documents"][1]["errors"][0]["pointer"] == "/n"
    assert admin.must(200, "GET", f"/v1/collections/{name}") == before
    assert admin.must(200, "PUT", f"/v1/collections/{name}?validate=true", json={"rules": PUBLIC}) == {"total": 0, "checked": 0, "misfits": 0, "documents": []}
    assert_problem(admin.put(f"/v1/collections/{name}?validate=true", json={"schema": {"type": "strng"}}), 422, "validation_failed")
    assert_problem(admin.put(f"/v1/collections/{name}?validate=yes", json={}), 400, "bad_request")
    assert_problem(admin.put(f"/v1/collections/{name}?valdate=true", json={}), 400, "bad_request")
    assert admin.put("/v1/collections/neverthere?validate=true", json={"schema": SCHEMA}).json()["total"] == 0
    assert admin.get("/v1/collections/neverthere").status_code == 404


def test_old_documents_stay_and_must_fit_after_their_next_write(admin, nobody):
    admin.put_collection("old", rules=PUBLIC)
    old = nobody.create("old", n=50, other=1)
    admin.put_collection("old", rules=PUBLIC, schema=SCHEMA)
    assert nobody.read("old", old["id"]) == old
    problem = assert_problem(nobody.patch(f"/v1/documents/old/{old['id']}", json={"other": 2}), 422, "validation_failed")
    assert {error["pointer"] for error in problem["errors"]} == {"/title", "/n"}
    nobody.must(200, "PATCH", f"/v1/documents/old/{old['id']}", json={"other": 1})
    assert nobody.must(200, "PATCH", f"/v1/documents/old/{old['id']}", json={"title": "t", "n": 5})["other"] == 1
    assert nobody.delete(f"/v1/documents/old/{old['id']}").status_code == 204


def test_only_admins_declare_and_check(nobody, ada, admin):
    admin.put_collection("guarded", rules=PUBLIC)
    for caller, status in ((nobody, 401), (ada, 403)):
        for path in ("/v1/collections/guarded", "/v1/collections/guarded?validate=true"):
            assert_problem(caller.put(path, json={"schema": SCHEMA}), status)
            assert_problem(caller.patch(path, json={"schema": SCHEMA}), status)
        assert_problem(caller.get("/v1/collections/guarded"), status)


# The guide and the command line

def test_the_guide(start, tmp_path):
    server = start(tmp_path / "data")
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/guides/indexes.md").read_text(), re.DOTALL)
    script = "\n".join(['as() { local token=$1; shift; curl -sS -H "Authorization: Bearer $token" "$@"; }', *blocks])
    run = subprocess.run(["bash", "-c", script], env=environment(URL=server.url, ADMIN=admin_login(server).token), capture_output=True, text=True, timeout=60)
    assert run.returncode == 0 and not run.stderr, run.stdout + run.stderr
    lines = [line for line in run.stdout.replace("}{", "}\n{").splitlines() if line.strip()]
    statuses = [json.loads(line).get("code") for line in lines if line.startswith("{")]
    assert statuses.count("conflict") == 1 and '"pointer":"/label"' in run.stdout
    assert lines[-1] == '{"total":1,"checked":1,"misfits":1,"documents":[{"id":"one","errors":[{"pointer":"/weight","detail":"expected a value, which is required, found nothing"}]}]}'
    assert '{"fields":["city","-createdAt"],"unique":false,"sparse":false,"state":"ready","progress":1}' in run.stdout.replace("1.0}", "1}")


def test_the_command_line_shows_indexes_and_checks_schemas(server, admin):
    admin.put_collection("shown", rules=PUBLIC, indexes=[{"fields": ["a", "-b"]}, {"fields": ["c"], "unique": True, "sparse": True}])
    admin.create("shown", a=1, c="x\x1b[31m")
    env = {"ROOST_SERVER": server.url, "ROOST_KEY": admin.token}
    table = command("collections", "indexes", "shown", env=env)
    assert table.returncode == 0 and [line.split() for line in table.stdout.splitlines()] == [
        ["FIELDS", "KIND", "STATE", "BUILT", "WHY"], ["a,-b", "ready", "100%"], ["c", "unique,sparse", "ready", "100%"]]
    assert json.loads(command("collections", "indexes", "shown", "--json", env=env).stdout)[1]["sparse"] is True
    listed = next(line for line in command("collections", "list", env=env).stdout.splitlines() if line.startswith("shown "))
    assert listed.split()[-1] == "2"
    body = json.dumps({"rules": PUBLIC, "schema": {"required": ["d"], "properties": {"c": {"maxLength": 1}}}})
    told = command("collections", "put", "shown", body, "--validate", env=env)
    assert told.returncode == 1 and " /d expected" in told.stdout and " /c expected" in told.stdout and "\x1b" not in told.stdout
    assert "1 of 1 documents do not fit. Nothing was stored." in told.stderr
    assert json.loads(command("collections", "put", "shown", body, "--validate", "--json", env=env).stdout)["misfits"] == 1
    fits = command("collections", "put", "shown", json.dumps({"schema": {"required": ["a"]}}), "--validate", env=env)
    assert fits.returncode == 0 and fits.stdout == ""
    assert admin.must(200, "GET", "/v1/collections/shown")["schema"] is None
