"""Import and export of collections: many documents in one request, line by line."""
import json
import random
import socket
import threading
import time

import pytest

from roost_client import TIME, UUID_V7, Caller, assert_problem
from roost_server import command, eventually

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
