"""History: every version of a document, who sees which, restore, deleted documents, purge."""
import json
import random
import re
import subprocess
import threading
import time

import pytest

from roost_client import Caller, TIME, admin_login, assert_problem, on, register
from roost_server import ROOT, command, environment, eventually

OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}
OWNED = {"read": "public || owner == auth.id", "create": "auth != null && incoming.owner == auth.id", "update": "owner == auth.id", "delete": "owner == auth.id"}


@pytest.fixture(scope="module")
def notes(server, admin):
    admin.put_collection("notes", rules=OPEN, history=True)
    return "/v1/documents/notes"


@pytest.fixture(scope="module")
def owned(server, admin):
    admin.put_collection("owned", rules=OWNED, fieldRules={"secret": {"read": "owner == auth.id"}}, history=True)
    return "/v1/documents/owned"


def history(caller, path, **query):
    return caller.must(200, "GET", f"{path}/history", params=query)["items"]


def brief(entries):
    return [(entry["version"], entry["operation"]) for entry in entries]


# Versions

def test_every_version_is_kept_with_who_and_when(admin, ada, notes):
    note = ada.create("notes", n=1)
    path = f"{notes}/{note['id']}"
    second = admin.must(200, "PATCH", path, json={"n": 2})
    third = ada.must(200, "PUT", path, json={"other": [1, {"a": None}]})
    entries = history(admin, path)
    assert brief(entries) == [(3, "updated"), (2, "updated"), (1, "created")]
    assert [entry["document"] for entry in entries] == [third, second, note]
    assert [entry["at"] for entry in entries] == [third["updatedAt"], second["updatedAt"], note["createdAt"]]
    assert [entry["actor"]["type"] for entry in entries] == ["user", "admin", "user"]
    assert entries[0]["actor"]["id"] == ada.id
    for entry in entries:
        assert TIME.match(entry["at"])
        assert admin.must(200, "GET", f"{path}/history/{entry['version']}") == entry
    assert "actor" not in history(ada, path)[0], "who wrote is for admins"
    assert [entry["document"] for entry in history(ada, path)] == [third, second, note]


def test_what_changes_nothing_makes_no_version(admin, notes):
    note = admin.create("notes", n=1)
    path = f"{notes}/{note['id']}"
    admin.must(200, "PATCH", path, json={"n": 1})
    assert_problem(admin.patch(path, json={"n": 2}, headers={"If-Match": '"9"'}), 412)
    assert brief(history(admin, path)) == [(1, "created")]


def test_pages_of_a_long_history(admin, notes):
    note = admin.create("notes", n=1)
    path = f"{notes}/{note['id']}"
    for n in range(2, 24):
        admin.must(200, "PATCH", path, json={"n": n})
    assert [entry["version"] for entry in admin.every(f"{path}/history", limit=5)] == list(range(23, 0, -1))
    first = admin.must(200, "GET", f"{path}/history", params={"limit": 5})
    admin.must(200, "PATCH", path, json={"n": "more"})
    second = admin.must(200, "GET", f"{path}/history", params={"limit": 5, "cursor": first["nextCursor"]})
    assert [entry["version"] for entry in second["items"]] == [18, 17, 16, 15, 14], "a cursor is a place, whatever is written meanwhile"


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "cursor=!!", "cursor=eyJ4IjoxfQ", "cursor=", "filter=n", "limit=1&limit=2"])
def test_a_wrong_query_is_refused(admin, notes, query):
    note = admin.create("notes", n=1)
    assert_problem(admin.get(f"{notes}/{note['id']}/history?{query}"), 400, "bad_request")


@pytest.mark.parametrize("version, status", [("0", 400), ("-1", 400), ("x", 400), ("2", 404), ("9223372036854775807", 404), ("9223372036854775808", 400), ("1e0", 400), ("%31", 200)])
def test_a_version_that_is_not_there(admin, notes, version, status):
    note = admin.create("notes", n=1)
    response = admin.get(f"{notes}/{note['id']}/history/{version}")
    assert response.status_code == status, response.text


def test_batches_and_functions_write_history_too(server, admin):
    admin.put_collection("in")
    admin.put_collection("out", history=True)
    admin.put_function("copy", """
        export default async (event, { db }) => {
          await db.collection("out").put(event.data.after.id, { n: event.data.after.n });
        };""", triggers=on("in", "created", "updated"))
    made = admin.must(200, "POST", "/v1/batch", json={"writes": [
        {"op": "create", "collection": "in", "id": "a", "data": {"n": 1}},
        {"op": "create", "collection": "out", "id": "b", "data": {"n": 1}},
        {"op": "patch", "collection": "out", "id": "b", "data": {"n": 2}},
        {"op": "delete", "collection": "out", "id": "b"},
        {"op": "create", "collection": "out", "id": "b", "data": {"n": 3}},
    ]})
    assert [item and item["version"] for item in made["items"]] == [1, 1, 2, None, 4]
    assert brief(history(admin, "/v1/documents/out/b")) == [(4, "created"), (3, "deleted"), (2, "updated"), (1, "created")]
    eventually(lambda: admin.get("/v1/documents/out/a").status_code == 200, what="the function's write")
    entry, = history(admin, "/v1/documents/out/a")
    assert entry["actor"] == {"type": "function", "id": "copy"}
    assert_problem(admin.post("/v1/batch", json={"writes": [
        {"op": "patch", "collection": "out", "id": "b", "data": {"n": 9}}, {"op": "delete", "collection": "out", "id": "missing"}]}), 404)
    assert brief(history(admin, "/v1/documents/out/b"))[0] == (4, "created"), "what was undone is not in the history"


# Turning it on and off

def test_it_begins_with_the_version_that_is_there(admin):
    admin.put_collection("late", rules=OPEN)
    old = admin.create("late", n=1)
    path = f"/v1/documents/late/{old['id']}"
    admin.must(200, "PATCH", path, json={"n": 2})
    body = assert_problem(admin.get(f"{path}/history"), 404, "not_found")
    assert "history" in body["detail"]
    untouched = admin.create("late", n=7)
    gone = admin.create("late", n=8)
    admin.put_collection("late", rules=OPEN, history=True)
    assert brief(history(admin, path)) == [(2, "base")]
    assert brief(history(admin, f"/v1/documents/late/{untouched['id']}")) == [(1, "base")]
    assert admin.must(200, "GET", f"/v1/documents/late/{untouched['id']}/history/1")["document"] == untouched
    admin.must(200, "PATCH", path, json={"n": 3})
    entries = history(admin, path)
    assert brief(entries) == [(3, "updated"), (2, "base")] and entries[1]["document"]["n"] == 2 and entries[1]["actor"] is None
    admin.must(204, "DELETE", f"/v1/documents/late/{gone['id']}")
    assert brief(history(admin, f"/v1/documents/late/{gone['id']}")) == [(2, "deleted"), (1, "base")]


def test_turning_it_off_keeps_what_was_kept(admin):
    admin.put_collection("paused", rules=OPEN, history=True)
    admin.create("paused", id="a", n=1)
    admin.must(200, "PATCH", "/v1/documents/paused/a", json={"n": 2})
    admin.create("paused", id="b", n=1)
    assert_problem(admin.delete("/v1/collections/paused/history"), 409, "conflict")
    assert admin.put_collection("paused", rules=OPEN)["history"] is False
    admin.must(200, "PATCH", "/v1/documents/paused/a", json={"n": 3})
    assert brief(history(admin, "/v1/documents/paused/a")) == [(3, "base"), (2, "updated"), (1, "created")]
    admin.must(204, "DELETE", "/v1/documents/paused/b")
    assert admin.must(201, "PUT", "/v1/documents/paused/b", json={"n": 2})["version"] == 3, "versions go on counting"
    admin.must(200, "PATCH", "/v1/documents/paused/a", json={"n": 4})
    admin.put_collection("paused", rules=OPEN, history=True)
    admin.must(200, "PATCH", "/v1/documents/paused/a", json={"n": 5})
    assert brief(history(admin, "/v1/documents/paused/a")) == [(5, "updated"), (4, "base"), (2, "updated"), (1, "created")]
    admin.put_collection("paused", rules=OPEN, history=False)
    admin.must(204, "DELETE", "/v1/collections/paused/history")
    assert_problem(admin.get("/v1/documents/paused/a/history"), 404, "not_found")
    assert_problem(admin.delete("/v1/collections/paused/history"), 404, "not_found")
    assert admin.read("paused", "a")["n"] == 5


def test_a_collection_takes_its_history_with_it(admin):
    admin.put_collection("gone", rules=OPEN, history=True)
    admin.create("gone", id="a", n=1)
    admin.must(204, "DELETE", "/v1/collections/gone")
    admin.put_collection("gone", rules=OPEN, history=True)
    assert_problem(admin.get("/v1/documents/gone/a/history"), 404, "not_found")
    assert admin.create("gone", id="a", n=1)["version"] == 1


@pytest.mark.parametrize("setting, pointer", [
    ("yes", "/history"), (1, "/history"), ([], "/history"), ({"versions": 0}, "/history/versions"), ({"versions": "2"}, "/history/versions"),
    ({"days": -1}, "/history/days"), ({"day": 1}, "/history/day"), ({"versions": 1.5}, "/history/versions"),
])
def test_a_wrong_setting_is_refused(admin, setting, pointer):
    response = admin.put("/v1/collections/wrong", json={"history": setting})
    assert assert_problem(response, 422, "validation_failed")["errors"][0]["pointer"] == pointer
    assert_problem(admin.get("/v1/collections/wrong"), 404)


@pytest.mark.parametrize("setting", [True, False, {"versions": 3}, {"versions": 3, "days": 4}])
def test_what_get_answers_can_be_put_again(admin, setting):
    made = admin.put_collection("again", history=setting)
    assert made["history"] == setting
    assert admin.must(200, "PUT", "/v1/collections/again", json=made)["history"] == setting


# Who sees what

def test_a_stranger_learns_nothing_of_what_they_may_not_read(ada, bob, nobody, owned):
    note = ada.create("owned", owner=ada.id, public=False, text="mine")
    path = f"{owned}/{note['id']}"
    ada.must(200, "PATCH", path, json={"text": "still mine"})
    missing = f"{owned}/01900000-0000-7000-8000-000000000000"
    for caller in (bob, nobody):
        for method, place, body in (("GET", "/history", None), ("GET", "/history/1", None), ("POST", "/restore", {"version": 1}), ("POST", "/restore", {})):
            real = caller.request(method, path + place, json=body)
            other = caller.request(method, missing + place, json=body)
            assert_problem(real, 404, "not_found")
            assert real.json()["detail"].replace(note["id"], "") == other.json()["detail"].replace(missing[-36:], "")
    assert len(history(ada, path)) == 2


def test_each_version_is_judged_by_itself(admin, ada, bob, nobody, owned):
    note = ada.create("owned", owner=ada.id, public=False, text="draft", secret="one")
    path = f"{owned}/{note['id']}"
    ada.must(200, "PATCH", path, json={"public": True, "text": "out", "secret": "two"})
    ada.must(200, "PATCH", path, json={"text": "better"})
    for caller in (bob, nobody):
        entries = history(caller, path)
        assert [entry["version"] for entry in entries] == [3, 2], "the draft stays hidden"
        assert all("secret" not in entry["document"] and "actor" not in entry for entry in entries)
        assert_problem(caller.get(f"{path}/history/1"), 404, "not_found")
        assert caller.must(200, "GET", f"{path}/history/2")["document"]["text"] == "out"
        assert "two" not in caller.get(f"{path}/history/2").text
    assert [entry["document"]["secret"] for entry in history(ada, path)] == ["two", "two", "one"]
    ada.must(200, "PATCH", path, json={"public": False})
    assert_problem(bob.get(f"{path}/history"), 404), "whoever may not read it now reads nothing of its past"
    assert_problem(bob.get(f"{path}/history/2"), 404)
    assert [entry["document"]["secret"] for entry in history(admin, path)] == ["two", "two", "two", "one"]


def test_hidden_versions_do_not_break_pages(ada, bob, owned):
    note = ada.create("owned", owner=ada.id, public=True, n=0)
    path = f"{owned}/{note['id']}"
    for n in range(1, 20):
        ada.must(200, "PATCH", path, json={"n": n, "public": n % 3 == 0 or n == 19})
    seen = [entry["document"]["n"] for entry in bob.every(f"{path}/history", limit=2)]
    assert seen == [19, 18, 15, 12, 9, 6, 3, 0]


def test_a_rule_that_looks_up_holds_for_each_version(admin, ada, bob):
    admin.put_collection("teams", rules={})
    admin.put_collection("plans", rules={"read": 'auth.id in lookup("teams", team).members'}, history=True)
    admin.create("teams", id="red", members=[ada.id])
    admin.create("teams", id="blue", members=[ada.id, bob.id])
    admin.create("plans", id="p", team="red", text="secret")
    admin.must(200, "PATCH", "/v1/documents/plans/p", json={"team": "blue", "text": "known"})
    assert len(history(ada, "/v1/documents/plans/p")) == 2
    assert [entry["document"]["text"] for entry in history(bob, "/v1/documents/plans/p")] == ["known"]


def test_a_new_document_does_not_show_what_stood_there_before(admin, ada, bob, owned):
    path = f"{owned}/reused"
    ada.create("owned", id="reused", owner=ada.id, public=True, text="Ada's")
    ada.must(204, "DELETE", path)
    assert_problem(ada.get(f"{path}/history"), 404, "not_found")
    assert_problem(ada.post(f"{path}/restore", json={"version": 1}), 404, "not_found")
    made = bob.create("owned", id="reused", owner=bob.id, public=True, text="Bob's")
    assert made["version"] == 3
    assert brief(history(bob, path)) == [(3, "created")], "public or not, it was another document"
    assert_problem(bob.get(f"{path}/history/1"), 404)
    assert_problem(bob.post(f"{path}/restore", json={"version": 1}), 404)
    assert brief(history(admin, path)) == [(3, "created"), (2, "deleted"), (1, "created")]
    assert history(admin, path)[1]["document"] is None


# Restore

@pytest.mark.parametrize("how", ["in one batch", "imported with its old times"])
def test_another_documents_past_is_not_told_by_its_times(admin, ada, notes, how):
    name = "life-" + how.replace(" ", "-")
    target = {"collection": "notes", "id": name}
    former = [{"op": "create", **target, "data": {"former": 1}}, {"op": "delete", **target}]
    if how == "in one batch":
        admin.must(200, "POST", "/v1/batch", json={"writes": [*former, {"op": "create", **target, "data": {"now": 1}}]})
    else:
        created = admin.must(200, "POST", "/v1/batch", json={"writes": former[:1]})["items"][0]["createdAt"]
        admin.must(204, "DELETE", f"{notes}/{name}")
        line = json.dumps({"id": name, "now": 1, "createdAt": created, "updatedAt": created})
        admin.must(200, "POST", "/v1/import/notes?keepTimes=true", data=line, headers={"Content-Type": "application/x-ndjson"})
    assert brief(history(ada, f"{notes}/{name}")) == [(3, "created")]
    assert_problem(ada.get(f"{notes}/{name}/history/1"), 404, "not_found")
    assert_problem(ada.post(f"{notes}/{name}/restore", json={"version": 1}), 404, "not_found")
    assert brief(history(admin, f"{notes}/{name}")) == [(3, "created"), (2, "deleted"), (1, "created")]
    # One that came back goes on with its own past, and no further.
    admin.must(204, "DELETE", f"{notes}/{name}")
    admin.must(200, "POST", f"{notes}/{name}/restore")
    assert brief(history(ada, f"{notes}/{name}"))[0] == (5, "restored")
    assert (3, "created") in brief(history(ada, f"{notes}/{name}")) and (1, "created") not in brief(history(ada, f"{notes}/{name}"))


def test_restore_writes_an_old_version_anew(admin, ada, notes):
    note = ada.create("notes", n=1, only="old")
    path = f"{notes}/{note['id']}"
    ada.must(200, "PUT", path, json={"n": 2})
    response = ada.post(f"{path}/restore", json={"version": 1})
    assert response.status_code == 200, response.text
    back = response.json()
    assert response.headers["ETag"] == '"3"' and back["version"] == 3
    assert (back["n"], back["only"], back["createdAt"]) == (1, "old", note["createdAt"]) and back["updatedAt"] >= note["updatedAt"]
    assert ada.get(path).json() == back
    assert brief(history(admin, path)) == [(3, "restored"), (2, "updated"), (1, "created")]
    assert ada.post(f"{path}/restore", json={"version": 1}).json() == back, "what is there already is not written again"
    assert_problem(ada.post(f"{path}/restore", json={"version": 2}, headers={"If-Match": '"2"'}), 412, "precondition_failed")
    assert ada.post(f"{path}/restore", json={"version": 2}, headers={"If-Match": '"3"'}).json()["version"] == 4


@pytest.mark.parametrize("body, status", [
    ({"version": 9}, 404), ({"version": 0}, 422), ({"version": "1"}, 422), ({"version": 1.5}, 422), ({"versio": 1}, 422), ({}, 422), ([], 400),
    ({"version": 9223372036854775807}, 404),
])
def test_a_wrong_restore_is_refused(admin, notes, body, status):
    note = admin.create("notes", n=1)
    path = f"{notes}/{note['id']}"
    assert_problem(admin.post(f"{path}/restore", json=body), status)
    assert admin.read("notes", note["id"]) == note


def test_a_restore_needs_the_right_to_update(admin, ada, bob, owned):
    note = ada.create("owned", owner=ada.id, public=True, text="first", secret="s1")
    path = f"{owned}/{note['id']}"
    ada.must(200, "PATCH", path, json={"text": "second", "secret": "s2"})
    assert_problem(bob.post(f"{path}/restore", json={"version": 1}), 403, "forbidden")
    assert ada.read("owned", note["id"])["text"] == "second"
    assert ada.post(f"{path}/restore", json={"version": 1}).json()["secret"] == "s1"


def test_a_restore_does_not_bring_back_what_the_caller_does_not_see(admin, ada, bob):
    """Bob may change the document and does not see `salary`: a restore is as if he had sent what he sees of the old version."""
    admin.put_collection("staff", rules={"read": "true", "update": "auth != null"}, fieldRules={"salary": {"read": "owner == auth.id"}}, history=True)
    admin.create("staff", id="s", owner=ada.id, title="junior", salary=1)
    admin.must(200, "PATCH", "/v1/documents/staff/s", json={"title": "senior", "salary": 2})
    back = bob.must(200, "POST", "/v1/documents/staff/s/restore", json={"version": 1})
    assert back["title"] == "junior" and "salary" not in back
    assert admin.read("staff", "s")["salary"] == 2


def test_a_restore_must_fit_the_schema_and_the_unique_indexes(admin):
    admin.put_collection("strict", history=True, indexes=[{"fields": ["slug"], "unique": True}])
    admin.create("strict", id="a", slug="one", n="text")
    admin.must(200, "PATCH", "/v1/documents/strict/a", json={"slug": "two", "n": 2})
    admin.create("strict", id="b", slug="one")
    assert_problem(admin.post("/v1/documents/strict/a/restore", json={"version": 1}), 409, "conflict")
    admin.must(204, "DELETE", "/v1/documents/strict/b")
    admin.must((200, 201), "PUT", "/v1/collections/strict", json={
        "history": True, "schema": {"properties": {"n": {"type": "integer"}}}, "indexes": [{"fields": ["slug"], "unique": True}]})
    assert_problem(admin.post("/v1/documents/strict/a/restore", json={"version": 1}), 422, "validation_failed")
    assert admin.read("strict", "a")["version"] == 2


# Deleted documents

def test_a_deleted_document_can_come_back(admin, ada, bob, nobody, owned):
    note = ada.create("owned", owner=ada.id, public=True, text="lost", secret="s")
    path = f"{owned}/{note['id']}"
    ada.must(200, "PATCH", path, json={"text": "lost and found"})
    ada.must(204, "DELETE", path)
    assert_problem(admin.get(path), 404)
    entry = next(item for item in admin.every(owned, deleted="true") if item["id"] == note["id"])
    assert entry["version"] == 3 and entry["actor"] == {"type": "user", "id": ada.id} and TIME.match(entry["deletedAt"])
    assert entry["document"]["text"] == "lost and found" and entry["document"]["version"] == 2
    for caller in (ada, bob):
        assert_problem(caller.get(f"{owned}?deleted=true"), 403, "forbidden")
        assert_problem(caller.post(f"{path}/restore", json={}), 404, "not_found")
    assert_problem(nobody.get(f"{owned}?deleted=true"), 401, "unauthenticated")
    back = admin.must(200, "POST", f"{path}/restore")
    assert (back["version"], back["createdAt"], back["text"], back["secret"]) == (4, note["createdAt"], "lost and found", "s")
    assert ada.read("owned", note["id"]) == back
    assert note["id"] not in {item["id"] for item in admin.every(owned, deleted="true")}
    assert brief(history(admin, path)) == [(4, "restored"), (3, "deleted"), (2, "updated"), (1, "created")]
    assert [entry["version"] for entry in history(ada, path)] == [4, 2, 1], "the same document goes on"


def test_deleted_documents_come_in_pages_last_deleted_first(admin):
    admin.put_collection("many", history=True)
    ids = [admin.create("many", n=n)["id"] for n in range(25)]
    order = ids[:]
    random.Random(7).shuffle(order)
    for id in order:
        admin.must(204, "DELETE", f"/v1/documents/many/{id}")
    assert [item["id"] for item in admin.every("/v1/documents/many", deleted="true", limit=4)] == order[::-1]
    admin.must(200, "POST", f"/v1/documents/many/{order[3]}/restore", json={"version": 1})
    assert [item["id"] for item in admin.every("/v1/documents/many", deleted="true", limit=7)] == [id for id in order[::-1] if id != order[3]]
    for query in ("deleted=false", "deleted=x", "deleted=true&filter=n", "deleted=true&sort=n", "deleted=true&limit=0", "deleted=true&cursor=x"):
        assert_problem(admin.get(f"/v1/documents/many?{query}"), 400, "bad_request")
    admin.put_collection("plain")
    assert_problem(admin.get("/v1/documents/plain?deleted=true"), 404, "not_found")


def test_no_entity_tag_comes_twice(admin, nobody, notes):
    path = f"{notes}/tag"
    tags = []
    for _ in range(3):
        tags.append(nobody.put(path, json={"n": 1}).headers["ETag"])
        tags.append(nobody.patch(path, json={"n": 2}).headers["ETag"])
        nobody.must(204, "DELETE", path)
    assert len(set(tags)) == 6
    assert nobody.post(notes, json={"id": "tag", "n": 3}).headers["ETag"] not in tags


# Purge

def test_purge_leaves_nothing(admin, ada, nobody, server, notes):
    note = ada.create("notes", text="forget-me-entirely")
    path = f"{notes}/{note['id']}"
    ada.must(200, "PATCH", path, json={"text": "forget-me-entirely too"})
    assert_problem(ada.delete(f"{path}?purge=true"), 403, "forbidden")
    assert_problem(nobody.delete(f"{path}?purge=true"), 401, "unauthenticated")
    assert_problem(nobody.delete(f"{notes}/missing?purge=true"), 401, "unauthenticated")
    assert_problem(admin.delete(f"{path}?purge=maybe"), 400)
    assert_problem(admin.delete(f"{path}?purge=true", headers={"If-Match": '"1"'}), 412)
    assert admin.delete(f"{path}?purge=true").status_code == 204
    for place in ("", "/history", "/history/1"):
        assert_problem(admin.get(path + place), 404, "not_found")
    assert_problem(admin.post(f"{path}/restore", json={"version": 1}), 404)
    assert note["id"] not in {item["id"] for item in admin.every(notes, deleted="true")}
    assert_problem(admin.delete(f"{path}?purge=true"), 404, "not_found")


def test_a_deleted_document_can_be_purged(admin, notes):
    note = admin.create("notes", n=1)
    path = f"{notes}/{note['id']}"
    admin.must(204, "DELETE", path)
    admin.must(204, "DELETE", f"{path}?purge=true")
    assert_problem(admin.get(f"{path}/history"), 404)
    assert admin.must(201, "PUT", path, json={"n": 2})["version"] == 1


def test_triggers_hear_of_restores_and_once_of_a_deletion(server, admin):
    admin.put_collection("watched", history=True)
    admin.put_collection("heard")
    admin.put_function("hear", """
        export default async (event, { db }) => {
          await db.collection("heard").create({ type: event.type, before: event.data.before?.n, after: event.data.after?.n });
        };""", triggers=on("watched", "written"))
    path = "/v1/documents/watched/a"
    admin.create("watched", id="a", n=1)
    admin.must(200, "PATCH", path, json={"n": 2})
    admin.must(200, "POST", f"{path}/restore", json={"version": 1})
    admin.must(204, "DELETE", path)
    admin.must(200, "POST", f"{path}/restore", json={"version": 2})
    admin.must(204, "DELETE", path)
    admin.must(204, "DELETE", f"{path}?purge=true")
    admin.create("watched", id="a", n=7)
    admin.must(204, "DELETE", f"{path}?purge=true")
    events = [("created", None, 1), ("updated", 1, 2), ("updated", 2, 1), ("deleted", 1, None), ("created", None, 2), ("deleted", 2, None),
              ("created", None, 7), ("deleted", 7, None)]
    read = lambda: [(item["type"].split(".")[-1], item.get("before"), item.get("after")) for item in admin.every("/v1/documents/heard")]
    eventually(lambda: len(read()) >= len(events), 30, "the function to hear")
    assert read() == events


# Accounts

def test_an_account_takes_the_history_of_its_profile_with_it(start):
    server = start()
    admin = admin_login(server)
    users = admin.must(200, "GET", "/v1/collections/users")
    admin.must(200, "PUT", "/v1/collections/users", json={**users, "history": True})
    eve = register(server, "eve", nickname="Evil")
    eve.must(200, "PATCH", "/v1/auth/me", json={"nickname": "Eve"})
    path = f"/v1/documents/users/{eve.id}"
    assert [entry["document"]["nickname"] for entry in history(eve, path)] == ["Eve", "Evil"]
    assert_problem(register(server, "mallory").get(f"{path}/history"), 404)
    assert eve.must(200, "POST", f"{path}/restore", json={"version": 1})["nickname"] == "Evil"
    assert_problem(admin.delete(f"{path}?purge=true"), (400, 403, 409, 422))
    eve.must(204, "DELETE", "/v1/auth/me")
    assert_problem(admin.get(f"{path}/history"), 404)
    assert admin.every("/v1/documents/users", deleted="true") == []
    assert_problem(admin.post(f"{path}/restore", json={"version": 1}), 404)


# Bounds and crashes

def test_a_bounded_history_keeps_the_newest_versions(admin):
    admin.put_collection("short", history=True)
    admin.create("short", id="a", n=1)
    for n in range(2, 12):
        admin.must(200, "PATCH", "/v1/documents/short/a", json={"n": n})
    admin.put_collection("short", history={"versions": 3})
    versions = lambda: [entry["version"] for entry in history(admin, "/v1/documents/short/a")]
    eventually(lambda: versions() == [11, 10, 9], 40, "the older versions to go")
    admin.must(204, "DELETE", "/v1/documents/short/a")
    assert admin.must(200, "POST", "/v1/documents/short/a/restore")["n"] == 11


class Changer(threading.Thread):
    """Creates, changes, deletes and restores documents until the server goes away."""

    def __init__(self, server, token, number):
        super().__init__(daemon=True)
        self.caller, self.rng, self.number = Caller(server, token), random.Random(number), number
        self.acknowledged, self.unexpected = {}, []

    def run(self):
        n = 0
        try:
            while True:
                n += 1
                id = f"{self.number}-{self.rng.randrange(20)}"
                path = f"/v1/documents/kept/{id}"
                kind = self.rng.random()
                if kind < 0.3:
                    response = self.caller.put(path, json={"n": n})
                elif kind < 0.7:
                    response = self.caller.patch(path, json={"n": n, "more": "x" * self.rng.randrange(300)})
                elif kind < 0.85:
                    response = self.caller.delete(path)
                else:
                    response = self.caller.post(f"{path}/restore", json={"version": self.rng.randrange(1, 6)})
                if response.status_code in (200, 201):
                    self.acknowledged[id] = max(self.acknowledged.get(id, 0), response.json()["version"])
                elif response.status_code not in (204, 404):
                    self.unexpected.append((path, response.status_code, response.text[:300]))
        except Exception:
            pass


def test_kill_9_leaves_documents_and_history_in_agreement(start, tmp_path):
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    server = start(tmp_path / "data")
    admin = admin_login(server)
    admin.put_collection("kept", history=True)
    acknowledged = {}
    for round in range(3):
        changers = [Changer(server, admin.token, number) for number in range(6)]
        [changer.start() for changer in changers]
        time.sleep(rng.uniform(0.5, 1.5))
        server.kill()
        [changer.join(30) for changer in changers]
        for changer in changers:
            assert changer.unexpected == [], changer.unexpected[:3]
            acknowledged.update({id: max(version, acknowledged.get(id, 0)) for id, version in changer.acknowledged.items()})
        server = start(tmp_path / "data")
        admin.server = server
        there = {item["id"]: item for item in admin.every("/v1/documents/kept", limit=1000)}
        deleted = {item["id"] for item in admin.every("/v1/documents/kept", deleted="true", limit=1000)}
        assert there.keys().isdisjoint(deleted)
        assert acknowledged.keys() <= there.keys() | deleted
        for id in there.keys() | deleted:
            entries = admin.every(f"/v1/documents/kept/{id}/history", limit=1000)
            assert [entry["version"] for entry in entries] == list(range(entries[0]["version"], 0, -1)), "no version is missing"
            assert entries[0]["version"] >= acknowledged.get(id, 0)
            assert entries[0]["document"] == there.get(id)
    assert acknowledged


# The guide and the command line

def test_the_guide(start):
    server = start()
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "docs/guides/lifetime.md").read_text(), re.DOTALL)
    assert len(blocks) == 7
    script = "\n".join(["set -euo pipefail", *blocks]).replace("http://127.0.0.1:8090", server.url)
    run = subprocess.run(["bash", "-c", script], env=environment(), capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"code"' not in run.stdout, run.stdout
    assert run.stdout.count("204\n") == 2 and '"operation":"created"' in run.stdout and '"deletedAt"' in run.stdout


def test_the_commands(server, admin):
    admin.put_collection("films", history=True)

    def roost(*arguments, status=0):
        run = command("documents", *arguments, "--server", server.url, "--key", admin.token)
        assert run.returncode == status, run.stdout + run.stderr
        return run

    roost("put", "films", "m", '{"title": "M"}')
    roost("put", "films", "m", '{"title": "N"}')
    versions = json.loads(roost("history", "films", "m", "--json").stdout)
    assert brief(versions) == [(2, "updated"), (1, "created")] and versions[0]["actor"]["type"] == "admin"
    shown = roost("history", "films", "m", "--limit", "1").stdout
    assert "updated" in shown and '"N"' in shown and '"M"' not in shown
    run = roost("restore", "films", "m", "1")
    assert "version 3" in run.stdout + run.stderr and admin.read("films", "m")["title"] == "M"
    roost("delete", "films", "m", "--yes")
    assert [item["id"] for item in json.loads(roost("deleted", "films", "--json").stdout)] == ["m"]
    assert '"M"' in roost("deleted", "films").stdout
    assert json.loads(roost("restore", "films", "m", "--json").stdout)["version"] == 5
    roost("restore", "films", "m", "77", status=1)
    roost("delete", "films", "m", "--purge", status=64)
    roost("delete", "films", "m", "--purge", "--yes")
    assert json.loads(roost("deleted", "films", "--json").stdout) == []
    assert "no document" in roost("history", "films", "m", status=1).stderr.lower()
