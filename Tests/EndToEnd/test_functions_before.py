"""Functions that are asked before a write: every kind of write, changed, refused, failing, slow and crashing; races; rules from the outside; SIGKILL."""
import datetime
import json
import re
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

import guides
from roost_client import PASSWORD, Caller, admin_login, assert_problem, function, on, register
from roost_server import eventually

PUBLIC = {"read": "true", "create": "true", "update": "true", "delete": "true"}
NDJSON = {"Content-Type": "application/x-ndjson"}

# What the function does is in the document, so that one function serves all cases. It is asked about every write.
BEHAVE = """
export default async function (event, { refuse, log }) {
  const { before, after } = event.data;
  const what = (after ?? before).do;
  log.info(event.type + " " + what);
  if (what === "change") { if (after) { after.seen = (before?.seen ?? 0) + 1; after.type = event.type; return after; } return; }
  if (what === "refuse") refuse("not " + (after ? "today" : "to be deleted"));
  if (what === "object") return { refuse: "said so" };
  if (what === "throw") throw new Error("secret inside");
  if (what === "slow") { const end = Date.now() + 20000; while (Date.now() < end); }
  if (what === "wait") await new Promise(() => {});
  if (what === "crash") Deno.exit(3);
  if (what === "text") return "a text";
  if (what === "list") return [1];
  if (what === "false") return false;
  if (what === "null") return null;
  if (what === "ours") return { ...after, id: "other", version: 99, createdAt: "1970-01-01T00:00:00.000Z", updatedAt: "x", ours: true };
  if (what === "large") return { ...after, text: "x".repeat(1100000) };
}
"""


def before(collection, *events, **more):
    return [{"type": "before", "events": list(events or ("written",)), "collection": collection, **more}]


def unique(prefix):
    return f"{prefix}{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def things(admin):
    """A collection whose every write is looked at."""
    admin.put_collection("things", rules=PUBLIC, history=True)
    admin.put_function("look", BEHAVE, triggers=before("things", timeout="1500ms"))
    yield "things"


@pytest.fixture
def lab(admin):
    """A collection and a function of a test's own."""
    class Lab:
        name, function = unique("c"), unique("f")

        def deploy(self, source, *events, name=None, trigger=None, **more):
            admin.put_function(name or self.function, source, triggers=before(self.name, *events, **(trigger or {})), **more)

        def __init__(self):
            self.more = []

    lab = Lab()
    admin.put_collection(lab.name, rules=PUBLIC)
    yield lab
    for item in admin.every("/v1/functions"):
        if item["name"].startswith(lab.function):
            admin.delete(f"/v1/functions/{item['name']}")


# Each kind of write. They answer the response, and the id of the document.

def make(admin, **fields):
    """A document that the function lets pass, changed afterwards to what it is to do with the next write."""
    return admin.must(201, "POST", "/v1/documents/things", json=fields)


def create(who, admin, what):
    return who.request("POST", "/v1/documents/things", json={"do": what}), None


def create_named(who, admin, what):
    id = unique("n")
    return who.request("PUT", f"/v1/documents/things/{id}", json={"do": what}), id


def put(who, admin, what):
    made = make(admin, do="pass", old=1)
    return who.request("PUT", f"/v1/documents/things/{made['id']}", json={"do": what}), made["id"]


def merge(who, admin, what):
    made = make(admin, do="pass", old=1)
    return who.request("PATCH", f"/v1/documents/things/{made['id']}", json={"do": what}), made["id"]


def json_patch(who, admin, what):
    made = make(admin, do="pass", old=1)
    patch = [{"op": "replace", "path": "/do", "value": what}]
    return who.request("PATCH", f"/v1/documents/things/{made['id']}", data=json.dumps(patch), headers={"Content-Type": "application/json-patch+json"}), made["id"]


def operators(who, admin, what):
    made = make(admin, do="pass", old=1)
    body = {"$set": {"do": what}, "$inc": {"old": 1}, "$currentDate": {"at": True}}
    return who.request("PATCH", f"/v1/documents/things/{made['id']}", json=body), made["id"]


def batch_one(who, admin, what):
    made = make(admin, do="pass", old=1)
    writes = [{"op": "patch", "collection": "things", "id": made["id"], "data": {"do": what}}]
    return who.request("POST", "/v1/batch", json={"writes": writes}), made["id"]


def batch_many(who, admin, what):
    made = make(admin, do="pass", old=1)
    writes = [{"op": "create", "collection": "things", "data": {"do": "pass", "batch": made["id"]}},
              {"op": "patch", "collection": "things", "id": made["id"], "data": {"do": what}},
              {"op": "create", "collection": "things", "data": {"do": "change", "batch": made["id"]}}]
    return who.request("POST", "/v1/batch", json={"writes": writes}), made["id"]


WRITES = [create, create_named, put, merge, json_patch, operators, batch_one, batch_many]


def stored(admin, id):
    return admin.read("things", id) if id else None


@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_function_changes_what_is_written(admin, ada, things, write):
    answer, id = write(ada, admin, "change")
    assert answer.status_code in (200, 201), answer.text
    body = answer.json()
    document = body if "items" not in body else [item for item in body["items"] if item["do"] == "change" and item.get("batch") != id][0]
    kind = "created" if id is None or write is create_named else "updated"
    assert document["seen"] == 1 and document["type"] == f"roost.document.before-{kind}"
    assert admin.read("things", document["id"]) == document
    if "items" in body and len(body["items"]) == 3:
        assert body["items"][2]["seen"] == 1 and "seen" not in body["items"][0]


@pytest.mark.parametrize("what, status, code, says", [
    ("refuse", 422, "write_refused", "not today"), ("object", 422, "write_refused", "said so"), ("throw", 502, "function_failed", "look"),
    ("slow", 502, "function_failed", "1500 ms"), ("wait", 502, "function_failed", ""), ("crash", 502, "function_failed", ""),
    ("text", 502, "function_failed", "something else than a document"), ("list", 502, "function_failed", ""), ("false", 502, "function_failed", ""),
    ("large", 502, "function_failed", "")])
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.__name__)
def test_a_function_stops_what_is_written(admin, ada, things, write, what, status, code, says):
    if what in ("wait", "list", "false", "large", "text") and write not in (create, merge, batch_many):
        pytest.skip("the others are enough")
    count = admin.must(200, "GET", "/v1/documents/things", params={"count": "true", "limit": 1})["total"]
    answer, id = write(ada, admin, what)
    body = assert_problem(answer, status, code, says)
    assert "secret inside" not in answer.text and "Error" not in body["detail"]
    if write in (batch_one, batch_many):
        assert f"/writes/{1 if write is batch_many else 0}" in answer.text
    after = admin.must(200, "GET", "/v1/documents/things", params={"count": "true", "limit": 1})["total"]
    if id and write is not create_named:
        assert stored(admin, id)["do"] == "pass" and stored(admin, id)["version"] == 1
        assert after == count + 1
    else:
        assert after == count


def test_null_and_nothing_leave_a_write_as_it_is(admin, ada, things):
    for what in ("null", "pass"):
        text = '{"do":"%s","big":123456789012345678901,"half":1.50}' % what
        answer = ada.request("POST", "/v1/documents/things", data=text, headers={"Content-Type": "application/json"})
        assert answer.status_code == 201 and text[1:] in answer.text


def test_our_fields_stay_ours(admin, ada, things):
    made = ada.create("things", do="ours")
    assert made["ours"] is True and made["version"] == 1 and made["id"] != "other" and made["createdAt"].startswith("20")
    assert admin.read("things", made["id"]) == made


def test_a_delete_is_refused_and_let_through(admin, ada, things):
    for what, status, code in [("refuse", 422, "write_refused"), ("throw", 502, "function_failed"), ("crash", 502, "function_failed"), ("slow", 502, "function_failed")]:
        made = make(admin, do="pass")
        # Its next state must get past the function, too.
        admin.delete("/v1/functions/look")
        admin.must(200, "PATCH", f"/v1/documents/things/{made['id']}", json={"do": what})
        admin.put_function("look", BEHAVE, triggers=before("things", timeout="1500ms"))
        path = f"/v1/documents/things/{made['id']}"
        assert_problem(ada.delete(path), status, code)
        assert_problem(admin.delete(path + "?purge=true"), status, code)
        writes = [{"op": "delete", "collection": "things", "id": made["id"]}]
        assert_problem(ada.request("POST", "/v1/batch", json={"writes": writes}), status, code)
        assert admin.read("things", made["id"])["do"] == what
    made = make(admin, do="change")
    assert ada.delete(f"/v1/documents/things/{made['id']}").status_code == 204


def test_a_restore_is_a_write_like_others(admin, ada, things):
    made = make(admin, do="change", text="one")
    path = f"/v1/documents/things/{made['id']}"
    admin.must(200, "PATCH", path, json={"do": "pass", "text": "two"})
    back = ada.must(200, "POST", path + "/restore", json={"version": 1})
    assert back["text"] == "one" and back["seen"] == 2 and back["type"] == "roost.document.before-updated"
    admin.must(204, "DELETE", path)
    back = admin.must(200, "POST", path + "/restore", json={})
    assert back["text"] == "one" and back["type"] == "roost.document.before-created"


def test_an_import_is_looked_at_line_by_line(admin, things):
    lines = [{"id": unique("i"), "do": what} for what in ["change", "refuse", "pass", "throw", "change"] + ["change"] * 40]
    body = "\n".join(json.dumps(line) for line in lines)
    answer = admin.must(200, "POST", "/v1/import/things", data=body, headers=NDJSON)
    assert (answer["created"], answer["failed"]) == (43, 2), answer
    errors = {error["line"]: error for error in answer["errors"]}
    assert errors[2]["code"] == "write_refused" and "not today" in errors[2]["detail"] and errors[4]["code"] == "function_failed"
    assert admin.read("things", lines[0]["id"])["seen"] == 1
    assert admin.request("GET", f"/v1/documents/things/{lines[1]['id']}").status_code == 404


def test_an_import_that_stops_at_an_error_stops(admin, things):
    lines = [{"id": unique("s"), "do": "refuse" if n == 300 else "change"} for n in range(700)]
    body = "\n".join(json.dumps(line) for line in lines)
    answer = admin.must(200, "POST", "/v1/import/things?onError=stop", data=body, headers=NDJSON)
    assert (answer["created"], answer["failed"]) == (300, 1), answer
    for n, there in [(0, 200), (299, 200), (300, 404), (301, 404), (699, 404)]:
        assert admin.request("GET", f"/v1/documents/things/{lines[n]['id']}").status_code == there, n


# Whom it holds for

def test_it_holds_for_admins_keys_and_functions(admin, things, lab):
    key = admin.must(201, "POST", "/v1/keys", json={"name": unique("k")})
    for who in (admin, Caller(admin.server, key["key"])):
        assert_problem(who.request("POST", "/v1/documents/things", json={"do": "refuse"}), 422, "write_refused", "not today")
    source = """export default async (event, { db, log }) => {
      try { await db.collection("things").create({ do: "refuse" }); } catch (error) { log.info("met " + error.status + " " + error.code); } }"""
    admin.put_function(lab.function, source, triggers=on(lab.name))
    admin.create(lab.name)
    eventually(lambda: any(line["message"] == "met 422 write_refused" for line in admin.every(f"/v1/functions/{lab.function}/logs")), what="the refusal")


def test_profiles_are_looked_at_too(start):
    server = start()
    admin = admin_login(server)
    source = """export default (event, { refuse }) => {
      const { after } = event.data;
      if (event.type.endsWith("deleted")) { if (event.data.before.name === "keep") refuse("kept"); return; }
      if (after.name === "bad") refuse("no bad names");
      return { ...after, name: after.name?.toUpperCase(), email: "mallory@example.org", roles: ["admin"], emailVerified: true };
    }"""
    admin.put_function("profile", source, triggers=before("users"))
    ada = register(server, "ada", name="ada")
    me = ada.must(200, "GET", "/v1/auth/me")
    assert me["name"] == "ADA" and me["email"] == ada.email and me["emailVerified"] is False and me.get("roles", []) == []
    assert_problem(Caller(server).post("/v1/auth/register", json={"email": "b@example.org", "password": PASSWORD, "name": "bad"}), 422, "write_refused", "no bad names")
    # Nothing of that account is there: the address is free.
    Caller(server).must(201, "POST", "/v1/auth/register", json={"email": "b@example.org", "password": PASSWORD, "name": "good"})
    assert_problem(ada.patch("/v1/auth/me", json={"name": "bad"}), 422, "write_refused")
    assert ada.must(200, "PATCH", "/v1/auth/me", json={"name": "eve"})["name"] == "EVE"
    assert_problem(admin.patch(f"/v1/users/{ada.id}", json={"name": "bad"}), 422, "write_refused")
    assert_problem(admin.post("/v1/users", json={"email": "c@example.org", "password": PASSWORD, "name": "bad"}), 422, "write_refused")
    admin.delete("/v1/functions/profile")
    ada.must(200, "PATCH", "/v1/auth/me", json={"name": "keep"})
    admin.put_function("profile", source, triggers=before("users"))
    assert_problem(ada.delete("/v1/auth/me"), 422, "write_refused", "kept")
    assert_problem(admin.delete(f"/v1/users/{ada.id}"), 422, "write_refused", "kept")
    admin.delete("/v1/functions/profile")
    assert ada.delete("/v1/auth/me").status_code == 204


# Rules, and what strangers learn

def test_rules_come_first_and_are_asked_about_what_the_caller_sent(admin, ada, bob, nobody, lab):
    admin.put_collection(lab.name, rules={
        "read": "auth != null && owner == auth.id", "create": "auth != null && incoming.owner == auth.id",
        "update": "auth != null && owner == auth.id && incoming.owner == owner", "delete": "auth != null && owner == auth.id"},
        fieldRules={"score": {"write": "false"}})
    lab.deploy("export default (event, { log }) => { log.info('asked'); const { after } = event.data; if (after) return { ...after, score: 7 }; }")
    made = ada.create(lab.name, owner=ada.id)
    assert made["score"] == 7, "the function may set what the caller may not"
    path = f"/v1/documents/{lab.name}/{made['id']}"
    # What the function has set is not what the caller sets.
    assert ada.must(200, "PATCH", path, json={"a": 1})["score"] == 7
    count = len(admin.every(f"/v1/functions/{lab.function}/invocations"))
    eventually(lambda: len(admin.every(f"/v1/functions/{lab.function}/invocations")) == 2, what="two records")
    assert_problem(nobody.request("POST", f"/v1/documents/{lab.name}", json={"owner": ada.id}), 401)
    assert_problem(bob.request("POST", f"/v1/documents/{lab.name}", json={"owner": ada.id}), 403)
    assert_problem(ada.request("POST", f"/v1/documents/{lab.name}", json={"owner": ada.id, "score": 1}), 403)
    assert_problem(bob.request("PATCH", path, json={"a": 2}), 404)
    assert_problem(bob.request("DELETE", path), 404)
    assert_problem(nobody.request("PUT", path, json={"owner": ada.id}), (401, 404))
    batch = [{"op": "create", "collection": lab.name, "data": {"owner": bob.id}}, {"op": "delete", "collection": lab.name, "id": made["id"]}]
    assert_problem(bob.request("POST", "/v1/batch", json={"writes": batch}), 404)
    time.sleep(0.3)
    assert len(admin.every(f"/v1/functions/{lab.function}/invocations")) == 2, "nobody whom the rules refuse makes functions run"


def test_a_refusal_of_a_hidden_document_is_as_if_it_were_not_there(admin, ada, bob, lab):
    admin.put_collection(lab.name, rules={"read": "auth != null && owner == auth.id", "create": "true", "update": "true", "delete": "true"})
    lab.deploy("export default (event, { refuse }) => { if (event.data.before?.secret) refuse('there is a secret'); return { ...event.data.after, added: 1 }; }")
    made = admin.create(lab.name, owner=ada.id, secret=True)
    path = f"/v1/documents/{lab.name}/{made['id']}"
    for method, body in [("PATCH", {"a": 1}), ("PUT", {"a": 1}), ("DELETE", None)]:
        assert_problem(ada.request(method, path, json=body), 422, "write_refused", "there is a secret")
        assert_problem(bob.request(method, path, json=body), 404, "not_found")
    # Who may create but not read sees what they sent, and nothing that the function added.
    answer = bob.must(201, "POST", f"/v1/documents/{lab.name}", json={"owner": ada.id, "a": 1})
    assert answer["a"] == 1 and "added" not in answer
    assert admin.read(lab.name, answer["id"])["added"] == 1
    assert ada.must(201, "POST", f"/v1/documents/{lab.name}", json={"owner": ada.id})["added"] == 1


def test_the_schema_is_about_the_result(admin, ada, lab):
    admin.put_collection(lab.name, rules=PUBLIC, schema={"type": "object", "required": ["slug"], "properties": {"slug": {"type": "string"}}},
                         indexes=[{"fields": ["slug"], "unique": True}])
    lab.deploy("export default ({ data: { after } }) => ({ ...after, slug: after.title === 'bad' ? 7 : after.title.toLowerCase().replaceAll(' ', '-') });", "created", "updated")
    assert ada.create(lab.name, title="A Title")["slug"] == "a-title"
    assert_problem(ada.request("POST", f"/v1/documents/{lab.name}", json={"title": "bad"}), 422, "validation_failed", "/slug")
    assert_problem(ada.request("POST", f"/v1/documents/{lab.name}", json={"title": "a title"}), 409, "conflict", "slug")
    # In a batch what fits only once the functions have seen it fits.
    writes = [{"op": "create", "collection": lab.name, "data": {"title": title, "slug": "a-title"}} for title in ("b one", "b two")]
    items = ada.must(200, "POST", "/v1/batch", json={"writes": writes})["items"]
    assert [item["slug"] for item in items] == ["b-one", "b-two"]


def test_writes_of_a_batch_build_on_each_other(admin, ada, lab):
    lab.deploy("export default ({ data: { before, after } }) => after && ({ ...after, steps: [...(before?.steps ?? []), after.n] });")
    writes = [{"op": "create", "collection": lab.name, "id": "d", "data": {"n": 1}}] + [
        {"op": "patch", "collection": lab.name, "id": "d", "data": {"n": n}} for n in (2, 3, 4)]
    items = ada.must(200, "POST", "/v1/batch", json={"writes": writes})["items"]
    assert items[3]["steps"] == [1, 2, 3, 4] and items[3]["version"] == 4
    assert admin.read(lab.name, "d") == items[3]


# Which writes

def test_events_and_conditions_choose(admin, ada, lab):
    lab.deploy("export default ({ data: { after } }, { refuse }) => refuse('no');", "updated", trigger={"where": "event.after.total > 100"})
    made = ada.create(lab.name, total=500)
    path = f"/v1/documents/{lab.name}/{made['id']}"
    assert_problem(ada.patch(path, json={"total": 101}), 422, "write_refused")
    ada.must(200, "PATCH", path, json={"total": 100})
    assert ada.delete(path).status_code == 204


def test_several_are_asked_in_the_order_of_their_names(admin, ada, lab):
    for name in ("b", "a", "c"):
        lab.deploy("export default ({ data: { after } }) => ({ ...after, trail: (after.trail ?? '') + NAME });".replace("NAME", json.dumps(name)), "created", name=lab.function + name)
    assert ada.create(lab.name)["trail"] == "abc"
    lab.deploy("export default (event, { refuse }) => refuse('b says no');", "created", name=lab.function + "b")
    assert_problem(ada.request("POST", f"/v1/documents/{lab.name}", json={}), 422, "write_refused", "b says no")


def test_a_write_that_changes_nothing_asks_nobody(admin, ada, lab):
    made = ada.create(lab.name, a=1)
    lab.deploy("export default (event, { refuse }) => refuse('no');")
    path = f"/v1/documents/{lab.name}/{made['id']}"
    assert ada.must(200, "PATCH", path, json={"a": 1})["version"] == 1
    assert ada.must(200, "PUT", path, json={"a": 1})["version"] == 1
    assert_problem(ada.patch(path, json={"a": 2}), 422)


def test_it_begins_and_ends_with_its_function(admin, ada, lab):
    for _ in range(10):
        lab.deploy("export default (event, { refuse }) => refuse('no');")
        assert_problem(ada.request("POST", f"/v1/documents/{lab.name}", json={}), 422, "write_refused")
        admin.must(204, "DELETE", f"/v1/functions/{lab.function}")
        ada.create(lab.name)


def test_what_has_expired_goes_all_the_same(admin, lab):
    admin.put_collection(lab.name, rules=PUBLIC, ttl={"field": "expiresAt"})
    lab.deploy("export default (event, { refuse }) => refuse('never');", "deleted")
    # Not yet: a first call may take its time where much runs at once.
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)
    made = admin.create(lab.name, expiresAt=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert_problem(admin.delete(f"/v1/documents/{lab.name}/{made['id']}"), 422)
    eventually(lambda: admin.get(f"/v1/documents/{lab.name}/{made['id']}").status_code == 404, seconds=40, what="the expiry")


@pytest.mark.parametrize("trigger, pointer", [
    ({"events": ["read"]}, "/triggers/0/events/0"), ({"collection": "nowhere"}, "/triggers/0/collection"), ({"where": "total >"}, "/triggers/0/where"),
    ({"timeout": "11s"}, "/timeout"), ({"timeout": 3}, "/timeout"), ({"wrong": 1}, "wrong")])
def test_a_bad_trigger_is_refused(admin, lab, trigger, pointer):
    body = function("export default () => {};", triggers=[{"type": "before", "collection": lab.name, "events": ["created"], **trigger}])
    assert_problem(admin.put(f"/v1/functions/{lab.function}", json=body), 422, says=pointer)


def test_a_manifest_shows_its_trigger(admin, lab):
    lab.deploy("export default () => {};", "created", trigger={"where": "a == 1"})
    shown = admin.must(200, "GET", f"/v1/functions/{lab.function}")["triggers"]
    assert shown == [{"type": "before", "events": ["created"], "collection": lab.name, "where": "a == 1", "timeout": "2s"}]


# Loops and races

def test_a_function_that_writes_what_it_looks_at_ends(admin, ada, lab):
    lab.deploy(f"export default async (event, {{ db }}) => {{ await db.collection({json.dumps(lab.name)}).create({{ again: true }}); }};", "created", concurrency=20)
    assert_problem(ada.request("POST", f"/v1/documents/{lab.name}", json={}), (502, 503))
    assert admin.list(lab.name)["items"] == []


def test_a_function_may_write_elsewhere(admin, ada, lab):
    other = unique("o")
    admin.put_collection(other)
    lab.deploy(f"export default async (event, {{ db }}) => {{ await db.collection({json.dumps(other)}).put(event.data.after.id, {{ n: event.data.after.n }}); }};", "created")
    made = ada.create(lab.name, n=5)
    assert admin.read(other, made["id"])["n"] == 5, "the function saw the id that the document got"


@pytest.mark.parametrize("kind", ["patch", "put"])
def test_no_update_is_lost(admin, ada, lab, kind):
    lab.deploy("""export default async ({ data: { before, after } }) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      return { ...after, count: (before?.count ?? 0) + 1 };
    };""", "updated")
    made = ada.create(lab.name, count=0)
    path = f"/v1/documents/{lab.name}/{made['id']}"
    writers, each = 16, 12

    def work(number):
        caller = Caller(ada.server, ada.token)
        for step in range(each):
            caller.must(200, "PATCH" if kind == "patch" else "PUT", path, json={"from": [number, step]})

    with ThreadPoolExecutor(writers) as pool:
        list(pool.map(work, range(writers)))
    assert admin.read(lab.name, made["id"])["count"] == writers * each


def test_creating_one_id_at_the_same_time(admin, ada, lab):
    lab.deploy("export default ({ data: { before, after } }) => ({ ...after, count: (before?.count ?? 0) + 1 });", "created", "updated")
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: Caller(ada.server, ada.token).put(f"/v1/documents/{lab.name}/one", json={"n": n}).status_code, range(16)))
    assert sorted(answers) == [200] * 15 + [201]
    assert admin.read(lab.name, "one")["count"] == 16


def test_batches_over_the_same_documents_do_not_wait_in_a_circle(admin, ada, lab):
    lab.deploy("export default ({ data: { before, after } }) => ({ ...after, count: (before?.count ?? 0) + 1 });", "updated")
    ids = [ada.create(lab.name, count=0)["id"] for _ in range(5)]

    def work(number):
        caller = Caller(ada.server, ada.token)
        for step in range(6):
            order = ids[number % 5:] + ids[:number % 5]
            writes = [{"op": "patch", "collection": lab.name, "id": id, "data": {"from": [number, step]}} for id in order]
            caller.must(200, "POST", "/v1/batch", json={"writes": writes})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert [admin.read(lab.name, id)["count"] for id in ids] == [48] * 5


def test_if_match_holds_at_the_commit(admin, ada, lab):
    lab.deploy("export default async ({ data: { after } }) => { await new Promise((resolve) => setTimeout(resolve, 30)); return { ...after, seen: true }; };", "updated")
    made = ada.create(lab.name, n=0)
    path = f"/v1/documents/{lab.name}/{made['id']}"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: Caller(ada.server, ada.token).put(path, json={"n": n}, headers={"If-Match": '"1"'}).status_code, range(1, 9)))
    assert sorted(answers) == [200] + [412] * 7


def test_a_repeated_request_asks_once(admin, ada, lab):
    lab.deploy("export default ({ data: { after } }) => ({ ...after, nonce: Math.random() });", "created")
    headers = {"Idempotency-Key": unique("key")}
    first = ada.must(201, "POST", f"/v1/documents/{lab.name}", json={"a": 1}, headers=headers)
    assert ada.must(201, "POST", f"/v1/documents/{lab.name}", json={"a": 1}, headers=headers) == first
    assert len(admin.list(lab.name)["items"]) == 1


def test_many_wait_and_are_answered(admin, ada, lab):
    lab.deploy("export default async ({ data: { after } }) => { await new Promise((resolve) => setTimeout(resolve, 20)); };", "created", concurrency=4)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda n: Caller(ada.server, ada.token).post(f"/v1/documents/{lab.name}", json={"n": n}).status_code, range(64)))
    assert set(answers) <= {201, 503}, answers
    assert len(admin.every(f"/v1/documents/{lab.name}")) == answers.count(201)


# The server's own ends

def test_killed_in_the_middle_nothing_is_half_done(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("orders")
    admin.put_function("slow", """export default async ({ data: { before, after } }) => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
      return { ...after, seen: (before?.seen ?? 0) + 1 };
    };""", triggers=before("orders"))
    acknowledged, stop = {}, threading.Event()

    def work(number):
        caller = Caller(server, admin.token)
        step = 0
        while not stop.is_set():
            step += 1
            try:
                answer = caller.put(f"/v1/documents/orders/o{number}", json={"step": step}, timeout=5)
            except OSError:
                return
            if answer.status_code in (200, 201):
                acknowledged[number] = answer.json()

    for _ in range(3):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        time.sleep(1)
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        stop.clear()
        server.start()
        admin = admin_login(server)
        for number, document in acknowledged.items():
            found = admin.read("orders", f"o{number}")
            assert found["version"] >= document["version"] and found["seen"] == found["version"], "each version was looked at"
    # It holds from the first request on.
    assert admin.must(201, "POST", "/v1/documents/orders", json={})["seen"] == 1


def test_without_workers_nothing_is_written(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("orders")
    admin.put_function("look", "export default () => {};", triggers=before("orders"))
    assert server.terminate() == 0
    server.env = {**server.env, "ROOST_DENO": "/nonexistent"}
    server.env["PATH"] = "/nonexistent"
    server.start()
    admin = admin_login(server)
    assert_problem(admin.request("POST", "/v1/documents/orders", json={}), (502, 503))
    assert admin.list("orders")["items"] == []


def test_the_guide_works_as_it_stands(start, tmp_path):
    """The shell blocks of docs/guides/before-triggers.md, one after the other; where a block of output follows, that is what they print."""
    blocks = re.findall(r"```(sh|)\n(.*?)```", guides.read("before-triggers"), re.DOTALL)
    script, wanted = "", []
    for position, (kind, block) in enumerate(blocks):
        if kind == "sh":
            shown = position + 1 < len(blocks) and blocks[position + 1][0] == ""
            script += block if shown else "{ " + block + "} > /dev/null\n"
        else:
            wanted += block.strip().splitlines()
    said = guides.run(script, start(), tmp_path)
    assert said.strip().splitlines() == wanted, said
