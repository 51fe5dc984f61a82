"""Import and export of collections: many documents in one request, line by line."""
import json
import os
import random
import re
import socket
import subprocess
import threading
import time

import pytest

from roost_client import TIME, UUID_V7, Caller, assert_problem
from roost_server import BINARY, ROOT, command, environment, eventually

PUBLIC = {"read": "true", "create": "true", "update": "true", "delete": "true"}
NDJSON = "application/x-ndjson"


def ndjson(documents):
    return "".join(json.dumps(document, ensure_ascii=False) + "\n" for document in documents).encode()


def send(caller, collection, body, status=200, type=NDJSON, **query):
    """Imports, and answers the summary."""
    return caller.must(status, "POST", f"/v1/import/{collection}", data=body, headers={"Content-Type": type}, params=query)


def counts(summary):
    return {name: summary[name] for name in ("created", "replaced", "unchanged", "failed") if summary[name]}


def export(caller, collection, **query):
    response = caller.get(f"/v1/export/{collection}", params=query)
    assert response.status_code == 200, response.text[:600]
    return [json.loads(line) for line in response.content.splitlines()]


@pytest.fixture
def things(admin, request):
    """A fresh public collection of the test's own."""
    name = "t" + str(abs(hash(request.node.name)))[:12]
    admin.put_collection(name, rules=PUBLIC)
    yield name
    admin.must(204, "DELETE", f"/v1/collections/{name}")


# Import

def test_each_line_becomes_a_document(nobody, things):
    summary = send(nobody, things, ndjson([{"id": "a", "n": 1}, {"n": 2, "text": "zwei\n🐔"}]))
    assert summary == {
        "documents": 2, "created": 2, "replaced": 0, "unchanged": 0, "failed": 0, "stopped": False, "errors": [], "errorsTruncated": False}
    made = export(nobody, things)
    assert {document["n"] for document in made} == {1, 2} and all(document["version"] == 1 for document in made)
    named = next(document for document in made if document["n"] == 1)
    other = next(document for document in made if document["n"] == 2)
    assert named["id"] == "a" and UUID_V7.match(other["id"]) and other["text"] == "zwei\n🐔" and TIME.match(other["createdAt"])


def test_a_bad_line_does_not_stop_the_others(nobody, things):
    body = b'{"id":"a"}\n\n   \n{"id":"b",}\nnull\n{"id":"a"}\n{"id":"no way"}\n{"id":7}\r\n\xff\n{"x":"\x00"}\n{"id":"z"}'
    summary = send(nobody, things, body)
    assert counts(summary) == {"created": 2, "failed": 7} and summary["documents"] == 9
    assert [(error["line"], error["code"]) for error in summary["errors"]] == [
        (4, "invalid_json"), (5, "invalid_json"), (6, "already_exists"), (7, "bad_request"), (8, "validation_failed"), (9, "invalid_json"),
        (10, "invalid_json")]
    assert "column 11" in summary["errors"][0]["detail"] and summary["errors"][4]["errors"][0]["pointer"] == "/id"
    assert [document["id"] for document in export(nobody, things)] == ["a", "z"]


def test_an_import_may_stop_at_the_first_error(nobody, things):
    for bad in (b"oops", b'{"id":"d1"}'):
        body = b"".join(b'{"id":"%s%d"}\n' % (b"d" if bad == b"oops" else b"e", n) for n in range(700)) + bad + b"\n" + b'{"id":"late"}\n' * 2000
        summary = send(nobody, things, body, onError="stop")
        assert summary["stopped"] and counts(summary) == {"created": 700, "failed": 1}
        assert [error["line"] for error in summary["errors"]] == [701]
    assert len(export(nobody, things)) == 1400


def test_modes_say_what_becomes_of_documents_that_are_there(nobody, things):
    send(nobody, things, ndjson([{"id": "a", "n": 1, "old": True}]))
    lines = ndjson([{"id": "a", "n": 2, "gone": None}, {"id": "b", "n": 2, "gone": None}])
    assert counts(send(nobody, things, lines, mode="skip")) == {"created": 1, "unchanged": 1}
    assert nobody.read(things, "a")["n"] == 1
    assert counts(send(nobody, things, lines, mode="merge")) == {"replaced": 2}
    merged = nobody.read(things, "a")
    assert merged["n"] == 2 and merged["old"] is True and "gone" not in merged and merged["version"] == 2
    assert counts(send(nobody, things, lines, mode="merge")) == {"unchanged": 2}
    assert counts(send(nobody, things, lines, mode="put")) == {"replaced": 2}
    assert "old" not in nobody.read(things, "a") and nobody.read(things, "a")["gone"] is None
    assert counts(send(nobody, things, lines, mode="put")) == {"unchanged": 2}, "the same again changes nothing"
    assert counts(send(nobody, things, lines)) == {"failed": 2}


def test_a_trial_writes_nothing(nobody, things):
    send(nobody, things, ndjson([{"id": "a"}]))
    summary = send(nobody, things, ndjson([{"id": "a"}, {"id": "b"}, {"id": "b"}]) + b"x\n", validate="true")
    assert counts(summary) == {"created": 1, "failed": 3} and [error["line"] for error in summary["errors"]] == [1, 3, 4]
    assert [document["id"] for document in export(nobody, things)] == ["a"]


@pytest.mark.parametrize("type, query, status, code", [
    ("application/json", {}, 415, "unsupported_media_type"), (None, {}, 415, "unsupported_media_type"),
    ("text/csv; header=absent", {}, 415, "unsupported_media_type"), (NDJSON, {"mode": "upsert"}, 400, "bad_request"),
    (NDJSON, {"onError": "explode"}, 400, "bad_request"), (NDJSON, {"validate": "maybe"}, 400, "bad_request"),
    (NDJSON, {"format": "xml"}, 400, "bad_request"), (NDJSON, {"typo": "1"}, 400, "bad_request"), (NDJSON, {"types": "text"}, 400, "bad_request"),
    (NDJSON, {"keepTimes": "true"}, 401, "unauthenticated"),
])
def test_what_is_not_understood_is_refused_before_a_line_is_read(nobody, things, type, query, status, code):
    response = nobody.post(f"/v1/import/{things}", data=b'{"id":"a"}\n', headers={"Content-Type": type}, params=query)
    assert_problem(response, status, code)
    assert export(nobody, things) == []


def test_an_admin_may_keep_the_times(admin, nobody, things):
    old = {"createdAt": "2019-01-02T03:04:05.678Z", "updatedAt": "2020-01-02T03:04:05+01:00"}
    lines = ndjson([{"id": "a", **old}, {"id": "b", "createdAt": old["createdAt"]}, {"id": "c", "createdAt": "yesterday"}, {"id": "d"}])
    summary = send(admin, things, lines, keepTimes="true")
    assert counts(summary) == {"created": 3, "failed": 1} and summary["errors"][0]["errors"][0]["pointer"] == "/createdAt"
    a, b, d = export(nobody, things)
    assert (a["createdAt"], a["updatedAt"]) == ("2019-01-02T03:04:05.678Z", "2020-01-02T02:04:05.000Z")
    assert b["createdAt"] == b["updatedAt"] == old["createdAt"] and d["createdAt"] > "2026"
    assert [item["id"] for item in admin.list(things, sort="createdAt")["items"]] == ["a", "b", "d"]


# CSV

def table(caller, collection, body, **query):
    return send(caller, collection, body if isinstance(body, bytes) else body.encode(), type="text/csv", **query)


def own(document):
    return {name: value for name, value in document.items() if name not in ("version", "createdAt", "updatedAt")}


def test_a_csv_becomes_documents(nobody, things):
    text = '\ufeffid,title,price,ok,tags,address.city,note\r\na,"He said ""hi"",\r\nthen left",1.50,TRUE,"[1,""x""]",Köln,\r\n\r\nb,007,-3,false,,,""\n'
    assert counts(table(nobody, things, text)) == {"created": 2}
    assert [own(document) for document in export(nobody, things)] == [
        {"id": "a", "title": 'He said "hi",\r\nthen left', "price": 1.5, "ok": True, "tags": [1, "x"], "address": {"city": "Köln"}},
        {"id": "b", "title": "007", "price": -3, "ok": False, "note": ""}]


def test_types_may_be_text(nobody, things):
    table(nobody, things, "id,a,b\nx,1,true\n", types="text")
    assert own(export(nobody, things)[0]) == {"id": "x", "a": "1", "b": "true"}


def test_rows_that_break_the_rules_are_told_with_their_line(nobody, things):
    body = b'id,a,a.b\nx1,1,\nx2,"open"ed,1\nx3,op"en,1\n"x\n4",1\nx5,1,2\nx6,\xff,\n x7,1,\nx8,1,\nx9,"never closed,\n'
    summary = table(nobody, things, body)
    assert counts(summary) == {"created": 2, "failed": 7}
    assert [error["line"] for error in summary["errors"]] == [3, 4, 5, 7, 8, 9, 11]
    assert [document["id"] for document in export(nobody, things)] == ["x1", "x8"]


@pytest.mark.parametrize("header", ["a,a", "a,", "a..b", '"a', "a,b\\.", "\xff"])
def test_a_header_that_names_no_fields_is_refused(nobody, things, header):
    response = nobody.post(f"/v1/import/{things}", data=header.encode("latin-1") + b"\n1,2\n", headers={"Content-Type": "text/csv"})
    if header == "a,b\\.":
        assert response.status_code == 200
    else:
        assert_problem(response, 422, "validation_failed")


def test_an_endless_quote_takes_no_memory(server, nobody, things):
    before = server.memory()
    summary = table(nobody, things, b'id\na\n"' + b"x" * (20 << 20) + b'"\nb\n')
    assert counts(summary) == {"created": 1, "failed": 1} and "never closed" in summary["errors"][0]["detail"]
    assert server.memory() - before < 24 << 20


SCHEMA = {
    "type": "object", "properties": {
        "name": {"type": "string"}, "size": {"type": "number"}, "ok": {"type": "boolean"}, "tags": {"type": "array"}, "any": {},
        "place": {"type": "object", "properties": {"city": {"type": "string"}, "at": {"type": "object", "properties": {"x": {"type": "integer"}}}}}}}
TEXTS = ["", " ", "a", "1", "-1.5e3", "007", "true", "TRUE", "null", "[1]", "{}", '{"a":1}', '"q"', '"', '""', "a,b", "a\nb", "\r\n", "\r", "=1+1", "-",
         "ü🐔", "\0", "\ufeff", "'", "a\"b", "é", "e\u0301", "\u2028", "\\", "x.y"]


def chance_document(chance, number):
    def value(depth=0):
        return chance.choice([
            lambda: chance.choice(TEXTS), lambda: chance.randint(-10**15, 10**15), lambda: chance.random() * 1e-5, lambda: None,
            lambda: chance.random() < 0.5, lambda: [value(depth + 1) for _ in range(chance.randint(0, 2))] if depth < 3 else [],
            lambda: {chance.choice(TEXTS[2:]): value(depth + 1) for _ in range(chance.randint(0, 2))} if depth < 3 else {}])()
    document = {
        "name": chance.choice(TEXTS), "size": chance.choice([0, 1.5, -3, 1e300]), "ok": chance.random() < 0.5, "tags": [value()], "any": value(),
        "place": chance.choice([{}, {"city": chance.choice(TEXTS)}, {"city": "x", "at": {}}, {"at": {"x": number, "y": value()}, "new": value()}])}
    for name in list(document):
        if chance.random() < 0.3:
            del document[name]
    for _ in range(chance.randint(0, 2)):
        document[chance.choice([text for text in TEXTS if text])] = value()
    return {"id": f"d{number:04}", **document}


@pytest.mark.parametrize("schema", [None, SCHEMA])
@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_an_export_imports_into_an_equal_collection(admin, schema, format):
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    documents = [chance_document(chance, number) for number in range(400)]
    for name in ("first", "second"):
        admin.put_collection(name, rules={}, **({"schema": schema} if schema else {}))
    assert counts(send(admin, "first", ndjson(documents))) == {"created": 400}, f"seed {seed}"
    text = admin.get("/v1/export/first", params={"format": format})
    assert text.status_code == 200
    summary = send(admin, "second", text.content, type=text.headers["Content-Type"], keepTimes="true")
    assert counts(summary) == {"created": 400}, f"seed {seed}: {summary['errors'][:3]}"
    first, second = export(admin, "first"), export(admin, "second")
    for a, b in zip(first, second, strict=True):
        assert a == b, f"seed {seed}"
    assert {name: a[name] for a in first[:1] for name in documents[0]} == documents[0]
    for name in ("first", "second"):
        admin.must(204, "DELETE", f"/v1/collections/{name}")


def test_columns_can_be_named_and_formulas_made_harmless(nobody, things):
    send(nobody, things, ndjson([{"id": "a", "x": "=1+1", "n": -1, "o": {"p": "@x", "q": [1]}}, {"id": "b", "x": "fine"}]))
    response = nobody.get(f"/v1/export/{things}", params={"fields": "x,o.p,n,o.q,missing", "format": "csv", "safe": "true"})
    assert response.headers["Content-Type"].startswith("text/csv") and things in response.headers["Content-Disposition"]
    assert response.text == "x,o.p,n,o.q,missing\r\n'=1+1,'@x,-1,[1],\r\nfine,,,,\r\n"


def test_the_format_is_negotiated(nobody, things):
    for accept, type in [(None, NDJSON), ("*/*", NDJSON), ("text/csv", "text/csv"), ("text/html, text/csv;q=0.5", "text/csv"),
                         ("text/csv;q=0.5, application/x-ndjson", NDJSON), ("text/csv;q=0", NDJSON), ("application/jsonl", NDJSON)]:
        response = nobody.get(f"/v1/export/{things}", headers={"Accept": accept})
        assert response.headers["Content-Type"].startswith(type), accept
    assert nobody.head(f"/v1/export/{things}").status_code == 200
    assert_problem(nobody.get(f"/v1/export/{things}", params={"format": "xml"}), 400, "bad_request")


def test_too_many_columns_are_refused_before_the_answer_begins(nobody, things):
    send(nobody, things, ndjson([{f"f{n}x{m}": 1 for m in range(400)} for n in range(3)]))
    assert_problem(nobody.get(f"/v1/export/{things}", params={"format": "csv"}), 422, "validation_failed")
    assert nobody.get(f"/v1/export/{things}", params={"format": "csv", "fields": "f0x1"}).text.splitlines() == ["f0x1", "1", "", ""]


# Who may

@pytest.fixture(scope="module")
def guarded(server, admin, ada):
    admin.put_collection(
        "guarded", rules={"read": "author == auth.id || public == true", "create": "auth != null && incoming.author == auth.id",
                          "update": "author == auth.id && incoming.author == author"},
        fieldRules={"secret": {"read": "author == auth.id"}, "grade": {"write": "false"}}, indexes=[{"fields": ["slug"], "unique": True}],
        schema={"properties": {"n": {"type": "integer"}}})
    return "guarded"


def test_every_line_is_judged_by_the_rules(admin, ada, bob, nobody, guarded):
    send(admin, guarded, ndjson([{"id": "bobs", "author": bob.id, "n": 1, "secret": "s"}, {"id": "open", "author": bob.id, "public": True}]))
    lines = ndjson([
        {"id": "mine", "author": ada.id, "n": 1, "slug": "x"}, {"id": "his", "author": bob.id}, {"id": "graded", "author": ada.id, "grade": 1},
        {"id": "bad", "author": ada.id, "n": "one"}, {"id": "bobs", "author": ada.id}, {"id": "open", "author": ada.id},
        {"id": "twin", "author": ada.id, "slug": "x"}, {"id": "mine", "author": ada.id, "n": 2, "slug": "x"}])
    summary = send(ada, guarded, lines, mode="put")
    assert counts(summary) == {"created": 1, "replaced": 1, "failed": 6}
    assert [(error["line"], error["code"]) for error in summary["errors"]] == [
        (2, "forbidden"), (3, "forbidden"), (4, "validation_failed"), (5, "not_found"), (6, "forbidden"), (7, "conflict")]
    summary = send(ada, guarded, lines, mode="merge")
    assert [(error["line"], error["code"]) for error in summary["errors"]] == [
        (2, "forbidden"), (3, "forbidden"), (4, "validation_failed"), (5, "not_found"), (6, "forbidden"), (7, "conflict")]
    assert admin.read(guarded, "bobs")["secret"] == "s" and admin.read(guarded, "bobs")["version"] == 1
    # Who may not create is not told which ids are taken: every line has the same answer.
    for mode in ("create", "skip"):
        stranger = send(nobody, guarded, ndjson([{"id": "bobs"}, {"id": "free"}]), mode=mode)
        assert [error["code"] for error in stranger["errors"]] == ["unauthenticated"] * 2
        assert len({error["detail"] for error in stranger["errors"]}) == 1


def test_nothing_comes_out_that_may_not_be_read(admin, ada, bob, nobody, guarded):
    send(admin, guarded, ndjson([{"id": "e1", "author": ada.id, "secret": "hers"}, {"id": "e2", "author": bob.id, "public": True, "secret": "his"},
                                 {"id": "e3", "author": bob.id, "secret": "his", "rare": 1}]), mode="put")
    def seen(caller, **query):
        return {document["id"]: document.get("secret") for document in export(caller, guarded, **query) if document["id"].startswith("e")}
    assert seen(admin) == {"e1": "hers", "e2": "his", "e3": "his"}
    assert seen(ada) == {"e1": "hers", "e2": None}
    assert seen(bob) == {"e2": "his", "e3": "his"}
    assert seen(nobody) == {"e2": None}
    assert seen(ada, filter='secret == "his"') == {} and seen(bob, filter='secret == "his"') == {"e2": "his", "e3": "his"}
    # A column would tell that somebody has the field.
    header = ada.get(f"/v1/export/{guarded}", params={"format": "csv"}).text.splitlines()[0].split(",")
    assert "rare" not in header and "secret" in header
    assert "secret" not in nobody.get(f"/v1/export/{guarded}", params={"format": "csv"}).text.splitlines()[0].split(",")
    for caller in (ada, nobody):
        named = caller.get(f"/v1/export/{guarded}", params={"format": "csv", "fields": "id,secret,rare"}).text
        assert "his" not in named


def test_a_closed_collection_is_refused_at_once(admin, ada, nobody):
    admin.put_collection("closed", rules={})
    assert_problem(ada.post("/v1/import/closed", data=b"x", headers={"Content-Type": NDJSON}), 403, "forbidden")
    assert_problem(nobody.post("/v1/import/closed", data=b"x", headers={"Content-Type": NDJSON}), 401, "unauthenticated")
    assert_problem(ada.get("/v1/export/closed"), 403, "forbidden")
    assert_problem(admin.get("/v1/export/nowhere"), 404, "collection_not_found")
    assert_problem(admin.post("/v1/import/nowhere", data=b"", headers={"Content-Type": NDJSON}), 404, "collection_not_found")
    assert_problem(ada.post("/v1/import/closed?keepTimes=true", data=b"x", headers={"Content-Type": NDJSON}), 403, "forbidden")


def test_profiles_are_not_made_by_an_import(admin, ada):
    summary = send(admin, "users", ndjson([{"id": "u1", "email": "x@example.org"}]), mode="put")
    assert summary["failed"] == 1
    assert any(user["id"] == ada.id for user in export(admin, "users"))


# Many, slow, broken off

def test_a_hundred_thousand_documents(server, admin):
    admin.put_collection("many", rules={}, indexes=[{"fields": ["n"]}])
    count = 100_000
    def body():
        for start in range(0, count, 1000):
            yield b"".join(b'{"id":"d%06d","n":%d,"text":"%s"}\n' % (n, n % 97, b"lorem ipsum " * 8) for n in range(start, start + 1000))
    send(admin, "many", b'{"id":"warm"}')
    before = server.memory("VmHWM")
    assert counts(send(admin, "many", body())) == {"created": count}
    assert counts(send(admin, "many", body(), mode="skip")) == {"unchanged": count}
    assert [document["id"] for document in export(admin, "many", after="d", fields="id") if document["id"] != "warm"] == [f"d{n:06}" for n in range(count)]
    assert admin.list("many", filter="n == 5", limit=1000)["items"][0]["n"] == 5
    assert server.memory("VmHWM") - before < 48 << 20, "memory grows with the body"


def chunks_of(body, chance):
    position = 0
    while position < len(body):
        size = chance.choice([1, 2, 3, 7, 100, 5000])
        yield body[position:position + size]
        position += size


@pytest.mark.parametrize("type, body", [
    (NDJSON, '\ufeff{"id":"a","t":"ü🐔"}\r\n\n{"id":"b"}\n{"id":"c","t":"x"'.encode()),
    ("text/csv", '\ufeffid,t\r\na,"ü""🐔,\r\n"\r\n\r\nb,\n"c",""'.encode())])
def test_where_the_chunks_end_makes_no_difference(admin, type, body):
    admin.put_collection("chopped", rules={})
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    expected = None
    for _ in range(30):
        summary = send(admin, "chopped", chunks_of(body, chance), mode="put", type=type)
        documents = [own(document) for document in export(admin, "chopped")]
        summary = {name: summary[name] for name in ("documents", "failed", "errors")}
        assert expected in (None, (summary, documents)), f"seed {seed}"
        expected = (summary, documents)


def test_a_client_that_goes_leaves_what_was_written_and_may_come_again(server, admin):
    admin.put_collection("halves", rules={})
    lines = [b'{"id":"h%05d","n":1}\n' % n for n in range(5000)]
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"POST /v1/import/halves HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\nContent-Type: {NDJSON}\r\n"
                           "Content-Length: 1000000000\r\n\r\n".encode() + b"".join(lines))
        eventually(lambda: len(export(admin, "halves")) >= 4000, what="the first documents")
    summary = send(admin, "halves", b"".join(lines), mode="skip")
    assert summary["failed"] == 0 and summary["created"] + summary["unchanged"] == 5000
    assert [document["version"] for document in export(admin, "halves")] == [1] * 5000


def test_a_killed_server_keeps_what_it_wrote(start):
    from roost_client import admin_login
    server = start()
    admin = admin_login(server)
    admin.put_collection("things", rules={})
    body = b"".join(b'{"id":"k%06d"}\n' % n for n in range(100_000))
    def importing():
        try:
            send(Caller(server, admin.token), "things", body)
        except Exception:
            pass
    thread = threading.Thread(target=importing)
    thread.start()
    eventually(lambda: admin.list("things", limit=1, sort="-id")["items"], what="a first document")
    server.kill()
    thread.join()
    server.start()
    admin = admin_login(server)
    there = export(admin, "things")
    assert 0 < len(there) < 100_000
    assert [document["id"] for document in there] == [f"k{n:06}" for n in range(len(there))], "in the order of the lines, without a gap"
    summary = send(admin, "things", body, mode="skip")
    assert summary["unchanged"] == len(there) and summary["created"] == 100_000 - len(there)


def test_an_export_that_fails_breaks_off(server, admin):
    admin.put_collection("leaving", rules={})
    send(admin, "leaving", b"".join(b'{"n":%d,"text":"%s"}\n' % (n, b"x" * 3000) for n in range(20_000)))
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"GET /v1/export/leaving HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\n\r\n".encode())
        received = connection.recv(4096)
        assert b"200 OK" in received
        admin.must(204, "DELETE", "/v1/collections/leaving")
        while piece := connection.recv(1 << 20):
            received += piece
        assert not received.endswith(b"0\r\n\r\n")


def test_only_so_many_run_at_once_and_strangers_do_not_crowd_out_admins(server, admin, nobody):
    admin.put_collection("busy", rules=PUBLIC)
    head = f"POST /v1/import/busy HTTP/1.1\r\nHost: x\r\nContent-Type: {NDJSON}\r\nContent-Length: 1000\r\n\r\n".encode()
    connections = []
    # More than there are places: the question below may have one for a moment.
    for _ in range(6):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.sendall(head + b'{"id":')
        connections.append(connection)
    def refused():
        response = nobody.post("/v1/import/busy", data=b"", headers={"Content-Type": NDJSON})
        return [response] if response.status_code == 503 else None
    [response] = eventually(refused, what="the refusal")
    assert_problem(response, 503, "overloaded")
    assert "Retry-After" in response.headers
    assert counts(send(admin, "busy", b'{"id":"a"}\n')) == {"created": 1}
    for connection in connections:
        connection.close()
    eventually(lambda: nobody.post("/v1/import/busy", data=b"", headers={"Content-Type": NDJSON}).status_code == 200, what="room")


def test_others_are_served_during_an_import(server, admin, nobody):
    admin.put_collection("load", rules={})
    admin.put_collection("quick", rules=PUBLIC)
    over = threading.Event()
    def body():
        while not over.is_set():
            yield b'{"text":"%s"}\n' % (b"x" * 250) * 500
    thread = threading.Thread(target=lambda: send(Caller(server, admin.token), "load", body()))
    thread.start()
    try:
        eventually(lambda: admin.list("load", limit=1)["items"], what="the import")
        times = []
        for n in range(100):
            began = time.monotonic()
            nobody.create("quick", n=n)
            times.append(time.monotonic() - began)
        assert sorted(times)[94] < 0.5, sorted(times)[-10:]
    finally:
        over.set()
        thread.join()


# The command line

def test_the_command_line_imports_and_exports(server, admin, tmp_path):
    env = {"ROOST_SERVER": server.url, "ROOST_KEY": admin.token}
    admin.put_collection("films", rules={})
    films = tmp_path / "films.ndjson"
    films.write_bytes(ndjson([{"id": f"f{n}", "n": n, "title": f"Film {n}"} for n in range(3000)]))
    done = command("documents", "import", "films", films, env=env)
    assert done.returncode == 0 and "Imported 3000 documents into 'films'" in done.stderr and done.stdout == "", done.stderr
    again = command("documents", "import", "films", films, "--mode", "skip", "--json", env=env)
    assert again.returncode == 0 and json.loads(again.stdout)["unchanged"] == 3000
    out = command("documents", "export", "films", "--format", "csv", "--fields", "id,title", "--filter", "n < 2", env=env)
    assert out.returncode == 0 and out.stdout.splitlines() == ["id,title", "f0,Film 0", "f1,Film 1"], out.stderr
    whole = command("documents", "export", "films", env=env)
    assert len(whole.stdout.splitlines()) == 3000
    rest = command("documents", "export", "films", "--after", "f998", env=env)
    assert [json.loads(line)["id"] for line in rest.stdout.splitlines()] == ["f999"]
    bad = command("documents", "import", "films", "-", "--format", "csv", input="id,n\nx,1\ny y,2\n", env=env)
    assert bad.returncode == 1 and "Line 3:" in bad.stderr and "1 created, 1 failed" in bad.stderr
    trial = command("documents", "import", "films", "-", "--validate", input='{"id":"t"}\n', env=env)
    assert trial.returncode == 0 and "Would import 1 of 1" in trial.stderr and admin.get("/v1/documents/films/t").status_code == 404
    assert command("documents", "import", "films", tmp_path / "nothing", env=env).returncode == 1
    assert command("documents", "import", "nowhere", films, env=env).returncode == 1
    assert command("documents", "export", "films", "--format", "xml", env=env).returncode == 64


def test_the_guide_works_as_it_stands(start, tmp_path):
    server = start(tmp_path / "roost_data")
    guide = (ROOT / "docs/guides/import-and-export.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) >= 7
    script = "\n".join(["set -euo pipefail", 'curl() { command curl --fail-with-body "$@"; }', *blocks]).replace("http://127.0.0.1:8090", server.url)
    run = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment(PATH=f"{BINARY.parent}:{os.environ['PATH']}"), capture_output=True,
                         text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"created":3' in run.stdout and "alien,Alien" in run.stdout and '"city": "London"' in run.stdout
    assert len((tmp_path / "films.ndjson").read_text().splitlines()) == 3
