"""The three kinds of PATCH, conditions, and `Prefer: return=minimal`, from the outside."""
import json
import re
import subprocess
import threading

import pytest

from roost_client import TIME, assert_problem
from roost_server import ROOT, environment

OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@pytest.fixture(scope="module", autouse=True)
def collections(admin):
    admin.put_collection("things", rules=OPEN, indexes=[{"fields": ["slug"], "unique": True}])
    admin.put_collection(
        "notes", rules={"read": "author == auth.id", "create": "auth != null", "update": "author == auth.id || open == true", "delete": "author == auth.id"})
    admin.put_collection(
        "staff", rules={**OPEN, "update": "auth != null"},
        fieldRules={"salary": {"read": "auth.id == boss"}, "grade": {"read": "auth.id == boss", "write": "auth.id == boss"}})
    admin.put_collection("strict", rules=OPEN, schema={"properties": {"n": {"type": "integer", "maximum": 10}}, "required": ["n"]})


def path(document, collection="things"):
    return f"/v1/documents/{collection}/{document['id']}"


def operations(caller, document, *operations, collection="things", **more):
    return caller.patch(path(document, collection), data=json.dumps(operations), headers={**JSON_PATCH, **more})


def own(document):
    return {name: value for name, value in document.items() if name not in ("id", "version", "createdAt", "updatedAt")}


# MARK: JSON Patch


def test_json_patch_changes_a_document(nobody):
    document = nobody.create("things", title="Old", tags=["a", "b"], author={"name": "Ada"}, big=12345678901234567890)
    answer = operations(
        nobody, document,
        {"op": "test", "path": "/version", "value": 1},
        {"op": "replace", "path": "/title", "value": "New"},
        {"op": "add", "path": "/tags/1", "value": "between"},
        {"op": "move", "from": "/author/name", "path": "/by"},
        {"op": "copy", "from": "/createdAt", "path": "/firstSeen"},
        {"op": "remove", "path": "/author"})
    assert answer.status_code == 200 and answer.headers["ETag"] == '"2"'
    assert own(answer.json()) == {
        "title": "New", "tags": ["a", "between", "b"], "by": "Ada", "big": 12345678901234567890, "firstSeen": document["createdAt"]}
    assert answer.json() == nobody.read("things", document["id"])


def test_json_patch_is_all_or_nothing_and_says_what_failed(nobody):
    document = nobody.create("things", a=1, list=[1, 2])
    good = {"op": "replace", "path": "/a", "value": 2}
    for bad, pointer, says in [
            ({"op": "test", "path": "/a", "value": 3}, "/1/path", "/a"),
            ({"op": "remove", "path": "/nothing"}, "/1/path", "/nothing"),
            ({"op": "add", "path": "/list/7", "value": 1}, "/1/path", "2 elements"),
            ({"op": "copy", "from": "/x/y", "path": "/z"}, "/1/from", "/x/y")]:
        problem = assert_problem(operations(nobody, document, good, bad), 409, "conflict", ["operation 1", says])
        assert problem["errors"][0]["pointer"] == pointer
    assert nobody.read("things", document["id"]) == document


def test_json_patch_that_does_not_change_anything_makes_no_version(nobody):
    document = nobody.create("things", a=1)
    for patch in ([], [{"op": "test", "path": "/a", "value": 1.0}], [{"op": "replace", "path": "/a", "value": 1}]):
        answer = operations(nobody, document, *patch)
        assert answer.status_code == 200 and answer.json() == document


def test_a_malformed_json_patch_is_refused(nobody):
    document = nobody.create("things", a=1)
    for body, status, code, pointer in [
            ("{}", 422, "validation_failed", ""), ("[1]", 422, "validation_failed", "/0"), ("", 400, "invalid_json", None),
            ("[{]", 400, "invalid_json", None), ('[{"op":"add","path":"/x"}]', 422, "validation_failed", "/0/value"),
            ('[{"op":"jump","path":"/x"}]', 422, "validation_failed", "/0/op"), ('[{"op":"add","path":"x","value":1}]', 422, "validation_failed", "/0/path"),
            ('[{"op":"add","op":"add","path":"/x","value":1}]', 400, "invalid_json", None),
            ('[{"op":"replace","path":"/version","value":9}]', 422, "validation_failed", "/0/path"),
            ('[{"op":"move","from":"/id","path":"/was"}]', 422, "validation_failed", "/0/from"),
            ('[{"op":"remove","path":""}]', 422, "validation_failed", "/0/path"),
            ('[{"op":"replace","path":"","value":[]}]', 422, "validation_failed", None),
            ('[{"op":"add","path":"/d","value":' + "[" * 62 + "]" * 62 + '},{"op":"copy","from":"/d","path":"/d' + "/0" * 61 + '/-"}]',
             422, "validation_failed", None),
            ("[" + ",".join(['{"op":"test","path":"/a","value":1}'] * 5001) + "]", 422, "validation_failed", "")]:
        problem = assert_problem(nobody.patch(path(document), data=body, headers=JSON_PATCH), status, code)
        if pointer is not None:
            assert problem["errors"][0]["pointer"] == pointer, problem
    assert nobody.read("things", document["id"]) == document


def test_a_json_patch_can_replace_the_whole_document_but_not_our_fields(nobody):
    document = nobody.create("things", a=1)
    answer = operations(nobody, document, {"op": "add", "path": "", "value": {"id": "other", "version": 77, "b": 2}})
    assert own(answer.json()) == {"b": 2} and answer.json()["id"] == document["id"] and answer.json()["version"] == 2


def test_a_json_patch_cannot_grow_without_end(nobody, server):
    document = nobody.create("things", x="x" * 1000)
    before = server.memory("VmHWM")
    for answer in (
            operations(nobody, document, *[{"op": "copy", "from": "", "path": "/a"}, {"op": "copy", "from": "/a", "path": "/b"}] * 200),
            operations(nobody, document, *[{"op": "copy", "from": "/x", "path": f"/x{n}"} for n in range(1100)])):
        assert_problem(answer, 413, "payload_too_large")
    assert server.memory("VmHWM") - before < 200 << 20
    assert nobody.read("things", document["id"]) == document


def test_another_media_type_is_refused_and_told_what_is_taken(nobody):
    document = nobody.create("things", a=1)
    answer = nobody.patch(path(document), data="[]", headers={"Content-Type": "application/xml-patch+xml"})
    assert_problem(answer, 415, "unsupported_media_type")
    assert "application/json-patch+json" in answer.headers["Accept-Patch"] and "application/merge-patch+json" in answer.headers["Accept-Patch"]
    # A list is no merge patch of a document, whatever RFC 7396 says of values in general.
    assert_problem(nobody.patch(path(document), json=[]), 400, "invalid_json")


# MARK: Update operators


def test_operators_change_a_document(nobody):
    document = nobody.create("things", views=1, tags=["a"], score=5, old="x", list=[3, 1, 2])
    after = nobody.must(200, "PATCH", path(document), json={
        "$inc": {"views": 2, "stats.likes": 1}, "$addToSet": {"tags": {"$each": ["a", "b"]}}, "$max": {"score": 9}, "$rename": {"old": "new"},
        "$push": {"list": {"$each": [9], "$sort": -1, "$slice": 3}}, "$currentDate": {"seenAt": True}, "$set": {"a.b": [1]}, "$unset": {"nothing": ""}})
    assert TIME.match(after["seenAt"]) and after["seenAt"] == after["updatedAt"]
    assert own(after) == {
        "views": 3, "stats": {"likes": 1}, "tags": ["a", "b"], "score": 9, "new": "x", "list": [9, 3, 2], "seenAt": after["seenAt"], "a": {"b": [1]}}
    after = nobody.must(
        200, "PATCH", path(document), json={"$pull": {"list": {"$lt": 9}}, "$mul": {"views": 1.5}, "$min": {"score": 2}},
        headers={"Content-Type": "application/merge-patch+json"})
    assert (after["list"], after["views"], after["score"]) == ([9], 4.5, 2)


def test_operators_that_do_not_fit_are_a_conflict(nobody):
    document = nobody.create("things", text="x", n=9223372036854775807, list=[1])
    for update, pointer in [
            ({"$inc": {"text": 1}}, "/$inc/text"), ({"$inc": {"n": 1}}, "/$inc/n"), ({"$push": {"text": 1}}, "/$push/text"),
            ({"$set": {"ok": 1, "text.deep": 1}}, "/$set/text.deep"), ({"$set": {"list.99999": 1}}, "/$set/list.99999")]:
        problem = assert_problem(nobody.patch(path(document), json=update), 409, "conflict")
        assert problem["errors"][0]["pointer"] == pointer
    assert nobody.read("things", document["id"]) == document


def test_operators_that_are_wrong_are_refused(nobody):
    document = nobody.create("things", n=1)
    for update, pointer in [
            ({"$inc": {"n": 1}, "m": 1}, "/m"), ({"$bump": {"n": 1}}, "/$bump"), ({"$inc": {"n": "1"}}, "/$inc/n"), ({"$set": {"id": "x"}}, "/$set/id"),
            ({"$set": {"a": 1}, "$unset": {"a.b": 1}}, "/$unset/a.b"), ({"$inc": 1}, "/$inc"), ({"$set": {"a.$[x].b": 1}}, "/$set/a.$[x].b")]:
        problem = assert_problem(nobody.patch(path(document), json=update), 422, "validation_failed")
        assert problem["errors"][0]["pointer"] == pointer
    assert nobody.read("things", document["id"]) == document


def test_the_result_of_a_patch_must_fit_schema_and_indexes(nobody):
    document = nobody.create("strict", n=9)
    assert nobody.must(200, "PATCH", path(document, "strict"), json={"$inc": {"n": 1}})["n"] == 10
    problem = assert_problem(nobody.patch(path(document, "strict"), json={"$inc": {"n": 1}}), 422, "validation_failed")
    assert problem["errors"][0]["pointer"] == "/n"
    assert_problem(operations(nobody, document, {"op": "remove", "path": "/n"}, collection="strict"), 422, "validation_failed")
    nobody.create("things", slug="taken")
    other = nobody.create("things", slug="free")
    assert_problem(nobody.patch(path(other), json={"$set": {"slug": "taken"}}), 409, "conflict", "slug")


def test_increments_of_64_clients_add_up(nobody, server):
    document = nobody.create("things", n=0, by={})
    failures = []

    def run(number):
        from roost_client import Caller
        caller = Caller(server)
        for _ in range(25):
            answer = caller.patch(path(document), json={"$inc": {"n": 1, f"by.c{number}": 2}, "$push": {"log": {"$each": [number], "$slice": -10}}})
            if answer.status_code != 200:
                failures.append(answer.text)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = nobody.read("things", document["id"])
    assert not failures and after["n"] == 64 * 25 and after["version"] == 1 + 64 * 25 and len(after["log"]) == 10
    assert after["by"] == {f"c{number}": 50 for number in range(64)}


# MARK: Batches, conditions, preferences


def test_a_batch_takes_all_kinds_of_patches(nobody):
    one, two, three = (nobody.create("things", n=1, big=12345678901234567890) for _ in range(3))

    def patch(document, data, **more):
        return {"op": "patch", "collection": "things", "id": document["id"], "data": data, **more}

    items = nobody.must(200, "POST", "/v1/batch", json={"writes": [
        patch(one, {"n": None, "m": 2}), patch(two, {"$inc": {"n": 4}}, ifVersion=1), patch(two, {"$inc": {"n": 4}}, ifVersion=2),
        patch(three, [{"op": "test", "path": "/n", "value": 1}, {"op": "move", "from": "/n", "path": "/m"}]),
        {"op": "create", "collection": "things", "data": {"exact": 1.10, "huge": 98765432109876543210}, "ifVersion": 0}]})["items"]
    assert [own(item) for item in items[:4]] == [
        {"m": 2, "big": 12345678901234567890}, {"n": 5, "big": 12345678901234567890}, {"n": 9, "big": 12345678901234567890},
        {"m": 1, "big": 12345678901234567890}]
    assert items[4]["huge"] == 98765432109876543210


def test_the_patches_of_a_batch_may_not_cost_more_together_than_others_can_wait_for(nobody):
    big = nobody.create("things", tags=[1] * 100_000)
    write = {"op": "patch", "collection": "things", "id": big["id"], "data": {"$addToSet": {"tags": 1}}}
    nobody.must(200, "POST", "/v1/batch", json={"writes": [write] * 3})
    problem = assert_problem(nobody.post("/v1/batch", json={"writes": [write] * 60}), 413, "payload_too_large", "too costly")
    assert problem["errors"][0]["pointer"].startswith("/writes/")
    assert nobody.read("things", big["id"]) == big


def test_a_batch_that_fails_says_where_and_writes_nothing(nobody, ada):
    one, two = nobody.create("things", n=1), nobody.create("things", n="text")
    nobody.create("things", slug="first-come")
    good = {"op": "patch", "collection": "things", "id": one["id"], "data": {"$inc": {"n": 1}}}
    for bad, status, code, pointer in [
            ({"op": "patch", "id": two["id"], "data": {"$inc": {"n": 1}}}, 409, "conflict", "/data/$inc/n"),
            ({"op": "patch", "id": two["id"], "data": [{"op": "test", "path": "/n", "value": 1}]}, 409, "conflict", "/data/0/path"),
            ({"op": "patch", "id": two["id"], "data": [{"op": "jump"}]}, 422, "validation_failed", "/data/0/op"),
            ({"op": "patch", "id": two["id"], "data": {"$jump": {}}}, 422, "validation_failed", "/data/$jump"),
            ({"op": "patch", "id": two["id"], "data": {"n": 2}, "ifVersion": 5}, 412, "precondition_failed", ""),
            ({"op": "put", "id": two["id"], "data": {"n": 2}, "ifVersion": 0}, 412, "precondition_failed", ""),
            ({"op": "delete", "id": two["id"], "ifVersion": 2}, 412, "precondition_failed", ""),
            ({"op": "delete", "id": "nobody"}, 404, "not_found", ""),
            ({"op": "create", "data": {"slug": "first-come"}}, 409, "conflict", "/data/slug"),
            ({"op": "create", "data": {}, "ifVersion": 3}, 422, "validation_failed", "/ifVersion"),
            ({"op": "create", "data": []}, 422, "validation_failed", None),
            ({"op": "put", "id": "x", "data": [1]}, 422, "validation_failed", None),
            ({"op": "create", "id": two["id"], "data": {}}, 409, "already_exists", ""),
            ({"op": "create", "collection": "strict", "data": {"n": 11}}, 422, "validation_failed", "/data/n")]:
        for writes, index in (([good, {"collection": "things", **bad}], 1), ([{"collection": "things", **bad}], 0)):
            problem = assert_problem(nobody.post("/v1/batch", json={"writes": writes}), status, code, f"write {index}")
            if pointer is not None:
                assert problem["errors"][0]["pointer"] == f"/writes/{index}{pointer}", problem
    assert nobody.read("things", one["id"]) == one and nobody.read("things", two["id"]) == two


def test_conditions_hold_for_every_write(nobody):
    document = nobody.create("things", n=1)
    where = path(document)
    for tag in ('"2"', 'W/"1"', '"x"', '"2", "3"', ""):
        for method, more in (("PUT", {"json": {"n": 2}}), ("PATCH", {"json": {"n": 2}}), ("PATCH", {"json": {"$inc": {"n": 1}}}), ("DELETE", {})):
            assert_problem(nobody.request(method, where, headers={"If-Match": tag}, **more), 412, "precondition_failed")
    # The condition is told before what does not fit.
    assert_problem(operations(nobody, document, {"op": "remove", "path": "/none"}, **{"If-Match": '"2"'}), 412, "precondition_failed")
    for name in ("*", '"1"', '"7", "1"', 'W/"1"'):
        for method, more in (("PUT", {"json": {"n": 2}}), ("PATCH", {"json": {"n": 2}}), ("DELETE", {})):
            assert_problem(nobody.request(method, where, headers={"If-None-Match": name}, **more), 412, "precondition_failed")
    assert nobody.read("things", document["id"]) == document
    assert nobody.patch(where, json={"n": 2}, headers={"If-Match": '"9", "1"'}).status_code == 200
    assert nobody.put(where, json={"n": 3}, headers={"If-Match": "*"}).status_code == 200
    assert nobody.patch(where, json={"n": 4}, headers={"If-None-Match": '"1"'}).status_code == 200
    assert_problem(nobody.put(where, json={}, headers={"If-Match": "4"}), 400, "bad_request")
    assert_problem(nobody.put(where, json={}, headers={"If-Match": "*", "If-None-Match": "*"}), 400, "bad_request")
    assert nobody.delete(where, headers={"If-Match": '"4"'}).status_code == 204
    assert_problem(nobody.put(where, json={"n": 1}, headers={"If-Match": "*"}), 412, "precondition_failed")
    assert_problem(nobody.put(where, json={"n": 1}, headers={"If-Match": '"1"'}), 412, "precondition_failed")
    assert nobody.put(where, json={"n": 1}, headers={"If-None-Match": "*"}).status_code == 201
    assert_problem(nobody.put(where, json={"n": 1}, headers={"If-None-Match": "*"}), 412, "precondition_failed")


@pytest.mark.parametrize("prefer", ["return=minimal", "Return=Minimal", "respond-async, return=minimal; x=1", 'return="minimal"', "return=minimal, return=representation"])
def test_an_answer_without_a_body_is_preferred(nobody, prefer):
    headers = {"Prefer": prefer}
    created = nobody.post("/v1/documents/things", json={"n": 1}, headers=headers)
    assert (created.status_code, created.content, created.headers["ETag"]) == (201, b"", '"1"')
    where = created.headers["Location"]
    batch = {"writes": [{"op": "patch", "collection": "things", "id": where.split("/")[-1], "data": {"n": 5}}]}
    for answer, tag in [
            (nobody.patch(where, json={"$inc": {"n": 1}}, headers=headers), '"2"'), (nobody.put(where, json={"n": 9}, headers=headers), '"3"'),
            (nobody.post("/v1/batch", json=batch, headers=headers), None)]:
        assert (answer.status_code, answer.content, answer.headers.get("ETag")) == (204, b"", tag)
        assert answer.headers["Preference-Applied"] == "return=minimal"
    assert created.headers["Preference-Applied"] == "return=minimal"
    assert nobody.put(where + "-new", json={}, headers=headers).status_code == 201
    assert nobody.get(where).json()["n"] == 5


def test_a_representation_is_the_default_and_acknowledged(nobody):
    plain = nobody.post("/v1/documents/things", json={"n": 1})
    assert plain.json()["n"] == 1 and "Preference-Applied" not in plain.headers
    asked = nobody.post("/v1/documents/things", json={"n": 1}, headers={"Prefer": "return=representation"})
    assert asked.json()["n"] == 1 and asked.headers["Preference-Applied"] == "return=representation"
    for prefer in ("return=everything", "return", "", "wait=10", "minimal"):
        answer = nobody.post("/v1/documents/things", json={"n": 1}, headers={"Prefer": prefer})
        assert answer.json()["n"] == 1 and "Preference-Applied" not in answer.headers


def test_the_examples_of_the_guide(admin, server, tmp_path):
    """Each command of docs/guides/writing.md answers what stands below it."""
    admin.put_collection("posts", rules=OPEN)
    text = (ROOT / "docs/guides/writing.md").read_text()
    examples = re.findall(r"```sh\n(.*?)```\n```json\n(.*?)```", text, re.DOTALL)
    assert len(examples) == text.count("```sh") == 6
    function = 'as() { local token=$1; shift; curl -sS -H "Authorization: Bearer $token" "$@"; }\n'
    for command, expected in examples:
        run = subprocess.run(
            ["bash", "-euc", function + command], cwd=tmp_path, capture_output=True, text=True, env=environment(URL=server.url, TOKEN=admin.token))
        assert run.returncode == 0, run.stderr
        assert own(json.loads(run.stdout)) == json.loads(expected), f"{command}: {run.stdout}"


# MARK: What the rules hide


def test_who_may_not_read_learns_nothing_by_patching(ada, bob, nobody):
    note = ada.create("notes", author=ada.id, secret="s", n=1)
    for caller in (bob, nobody):
        for body, headers in [
                (json.dumps([{"op": "test", "path": "/secret", "value": "x"}]), JSON_PATCH), (json.dumps([{"op": "remove", "path": "/none"}]), JSON_PATCH),
                (json.dumps([{"op": "test", "path": "/secret", "value": "s"}]), JSON_PATCH), (json.dumps({"$inc": {"secret": 1}}), {}),
                (json.dumps({"$inc": {"n": 1}}), {}), (json.dumps({"$inc": {"n": 1}}), {"If-Match": '"7"'})]:
            assert_problem(caller.patch(path(note, "notes"), data=body, headers={"Content-Type": "application/json", **headers}), 404, "not_found")
    assert ada.read("notes", note["id"]) == note


def test_who_may_change_but_not_read_is_not_told_why_a_patch_does_not_fit(ada, bob):
    note = ada.create("notes", author=ada.id, open=True, n="text")
    assert_problem(bob.patch(path(note, "notes"), json={"$inc": {"n": 1}}), 404, "not_found")
    assert_problem(operations(bob, note, {"op": "test", "path": "/n", "value": "text2"}, collection="notes"), 404, "not_found")
    answer = bob.patch(path(note, "notes"), json={"$set": {"m": 1}})
    assert answer.status_code == 204 and not answer.content


def test_who_may_change_but_not_read_finds_nothing_out_by_trying(ada, bob):
    """Each guess is made with a right and a wrong value: the answers are the same, so that nothing can be read out by guessing."""
    note = ada.create("notes", author=ada.id, open=True, pin="4711", n=5)
    target = {"op": "patch", "collection": "notes", "id": note["id"]}
    never = {**target, "ifVersion": 99, "data": {"m": 1}}

    def told(response):
        problem = response.json() if response.content else {}
        return response.status_code, problem.get("code"), problem.get("errors")

    def batch(data, last=never):
        return told(bob.post("/v1/batch", json={"writes": [{**target, "data": data}, last]}))

    def tried(mode, line):
        headers = {"Content-Type": "application/x-ndjson"}
        return bob.must(200, "POST", f"/v1/import/notes?mode={mode}&validate=true", data=json.dumps({"id": note["id"], **line}), headers=headers)

    right, wrong = ({"op": "test", "path": "/pin", "value": pin} for pin in ("4711", "4710"))
    assert told(operations(bob, note, right, collection="notes")) == told(operations(bob, note, wrong, collection="notes"))
    assert batch([right]) == batch([wrong])
    # What fits one document only: whether a number is one, and how large; a list, an object.
    largest = 2**63 - 1
    for fits, fails in [
            ({"$inc": {"n": largest - 5}}, {"$inc": {"n": largest - 4}}), ({"$inc": {"n": 0}}, {"$inc": {"pin": 0}}),
            ({"$push": {"none": 1}}, {"$push": {"pin": 1}}), ({"$set": {"none.a": 1}}, {"$set": {"pin.a": 1}})]:
        assert batch(fits) == batch(fails)
    # Whoever guesses what is there changes the document like everybody else.
    unchanged = {**target, "ifVersion": note["version"], "data": {"m": 1}}
    for pin in ("4711", "4710"):
        for guess in ({"pin": pin}, {"$set": {"pin": pin}}):
            assert batch(guess, unchanged)[:2] == (412, "precondition_failed")
    assert tried("merge", {"pin": "4711"}) == tried("merge", {"pin": "4710"})
    assert tried("put", own(note)) == tried("put", {**own(note), "pin": "4710"})
    assert ada.read("notes", note["id"]) == note
    # For those who see it nothing has changed.
    assert ada.must(200, "PATCH", path(note, "notes"), json={"pin": "4711"})["version"] == note["version"]
    assert ada.must(200, "PATCH", path(note, "notes"), json={"$inc": {"n": 1}})["n"] == 6


def test_a_schema_tells_nothing_of_a_document_that_is_not_seen(admin, ada, bob):
    rules = {"read": "author == auth.id", "create": "auth != null", "update": "auth != null"}
    admin.put_collection("sealed", rules=rules)
    notes = [ada.create("sealed", author=ada.id, n=n) for n in (1, 99)]
    admin.put_collection("sealed", rules=rules, schema={"properties": {"n": {"maximum": 10}, "m": {"type": "integer"}}})
    for note in notes:
        assert bob.patch(path(note, "sealed"), json={"m": 1}).status_code == 204
        assert_problem(bob.patch(path(note, "sealed"), json={"m": "text"}), 422, "validation_failed", "/m")


def test_hidden_fields_are_not_there_for_any_patch(ada, bob, admin):
    person = admin.create("staff", boss=ada.id, salary=100, grade="A")
    hidden = path(person, "staff")
    assert_problem(operations(bob, person, {"op": "test", "path": "/salary", "value": 100}, collection="staff"), 409, "conflict")
    assert_problem(operations(bob, person, {"op": "copy", "from": "/salary", "path": "/mine"}, collection="staff"), 409, "conflict")
    assert_problem(operations(bob, person, {"op": "remove", "path": "/grade"}, collection="staff"), 409, "conflict")
    # Whatever is guessed, what they may not set is refused alike.
    for update in ({"$inc": {"grade": 1}}, {"$max": {"grade": "A"}}, {"$set": {"grade": "A"}}, {"$push": {"grade": 1}}):
        assert_problem(bob.patch(hidden, json=update), 403, "forbidden", "grade")
    answer = bob.must(200, "PATCH", hidden, json={"$rename": {"grade": "mine", "salary": "pay"}, "$set": {"note": "hi"}})
    assert "salary" not in answer and "pay" not in answer and "mine" not in answer
    whole = [{"op": "add", "path": "", "value": {"boss": ada.id}}]
    assert own(operations(bob, person, *whole, collection="staff").json()) == {"boss": ada.id}
    assert own(ada.read("staff", person["id"])) == {"boss": ada.id, "salary": 100, "grade": "A"}
    assert ada.must(200, "PATCH", hidden, json={"$inc": {"salary": 5}})["salary"] == 105
