"""Expressions over HTTP: checking, evaluating, simulating; lookups, field rules and schema types in rules; hostile expressions."""
import json
import re

import pytest

from roost_client import PASSWORD, Caller, User, admin_login, assert_problem, register


@pytest.fixture(scope="module")
def callers(server, admin, nobody):
    return {"admin": admin, "stranger": nobody, **{name: register(server, name) for name in ("ann", "ben")}}


def check(admin, expression, kind=None, collection=None, **more):
    return admin.post("/v1/expressions/check", json={
        "expression": expression, **({"kind": kind} if kind else {}), **({"collection": collection} if collection else {}), **more})


def evaluate(admin, expression, variables=None):
    return admin.post("/v1/expressions/evaluate", json={"expression": expression, "variables": variables or {}})


def simulate(admin, collection, operation, auth=None, **more):
    return admin.must(200, "POST", "/v1/rules/simulate", json={"collection": collection, "operation": operation, "auth": auth, **more})


# Who may ask

ASKED = {
    "/v1/expressions/check": {"expression": "true"},
    "/v1/expressions/evaluate": {"expression": "1 + 1", "variables": {}},
    "/v1/rules/simulate": {"collection": "users", "operation": "read", "auth": None, "document": {}},
}


@pytest.mark.parametrize("path", ASKED)
def test_only_admins_ask(callers, admin, path):
    assert callers["admin"].post(path, json=ASKED[path]).status_code == 200
    assert_problem(callers["ann"].post(path, json=ASKED[path]), 403, "forbidden")
    assert_problem(callers["stranger"].post(path, json=ASKED[path]), 401, "unauthenticated")
    key = admin.must(201, "POST", "/v1/keys", json={"name": "for expressions"})["key"]
    assert callers["stranger"].post(path, json=ASKED[path], headers={"Authorization": f"Bearer {key}"}).status_code == 200
    for body in (b"{", b"[]", b'{"expression": 5, "collection": 5}', b'{"surprise": 1}', b'"x"', b"{}"):
        assert_problem(admin.post(path, data=body, headers={"Content-Type": "application/json"}), (400, 422))
    assert_problem(admin.get(path), 405)


# Checking

@pytest.fixture(scope="module")
def checked(admin):
    admin.put_collection("teams")
    admin.put_collection("checked", indexes=[{"fields": ["author", "-createdAt"]}])
    return admin


@pytest.mark.parametrize("expression, kind, fields, lookups", [
    ('author == "x" && likes > 3', "filter", {"author", "likes"}, []),
    ("published || author == auth.id", "read", {"published", "author"}, []),
    ('auth.id in lookup("teams", team).members', "read", {"team"}, ["teams"]),
    ("incoming.author == auth.id && incoming.n > n", "update", {"n"}, []),
    ("incoming.author == auth.id", "create", set(), []),
    ("author == auth.id", "delete", {"author"}, []),
    ("request.time > timestamp(opens)", "read", {"opens"}, []),
])
def test_a_valid_expression_is_described(checked, expression, kind, fields, lookups):
    answer = check(checked, expression, kind, "checked").json()
    assert answer["valid"] is True and answer["kind"] == kind and answer["type"] == "bool", answer
    assert fields <= set(answer["fields"]) and all(isinstance(type, str) for type in answer["fields"].values()), answer
    assert answer["lookups"] == lookups
    assert (answer["plan"] is not None) == (kind in ("filter", "read"))


def test_a_filter_is_the_kind_that_is_meant_without_one(checked):
    answer = check(checked, "likes > 3").json()
    assert answer["kind"] == "filter" and answer["fields"] == {"likes": "dyn"} and answer.get("plan") is None


@pytest.mark.parametrize("expression, kind, valid", [
    ("incoming.a == 1", "create", True), ("incoming.a == 1", "update", True), ("document.a == incoming.a", "update", True),
    ('event.type == "document.created"', "trigger", True), ("event.typ == 'x'", "trigger", False),
    ("path.startsWith('a') && size < 10 && owner == auth.id", "bucket", True), ("file.contentType == 'text/plain'", "bucket", True),
    ('lookup("teams", "a") != null', "read", True), ('lookup("teams", "a") != null', "create", True), ('lookup("teams", "a") != null', "bucket", True),
    ('lookup("teams", "a") != null', "filter", False), ('lookup("teams", "a") != null', "trigger", False), ("lookup(team, \"a\") != null", "read", False),
    ("params.x == a", "filter", True), ("1 + 1", "read", False), ("1 + 1", "filter", False), ('"a" + "b"', "trigger", False),
])
def test_each_kind_has_its_names(checked, expression, kind, valid):
    response = check(checked, expression, kind)
    if valid:
        assert response.status_code == 200 and response.json()["valid"] is True, response.text
    else:
        assert_problem(response, 422, "expression_invalid")


@pytest.mark.parametrize("expression, kind, line, column, says", [
    ("author ==", "filter", 1, 10, None),
    ("a ==\n  b &&\n  ) c", "filter", 3, 3, ")"),
    ('"abc', "filter", 1, 1, None),
    ("auth.idd == 'x'", "read", 1, 6, "id"),
    ("request.tme < timestamp('2026-01-01T00:00:00Z')", "read", 1, 9, "time"),
    ("auth.roles.exists(r, r == 5)", "read", 1, 24, "string"),
    ("request.time > '2026-01-01'", "read", 1, 14, "string"),
    ("starsWith('a', 'b')", "filter", 1, 1, "startsWith"),
    ("'a'.starsWith('b')", "filter", 1, 4, "startsWith"),
    ("1 + 'a' == 2", "filter", 1, 3, "string"),
    ("'a' && true", "filter", 1, 5, "string"),
    ("'é' == 'é' && 1 + 'a' == 2", "filter", 1, 17, "string"),
    ("x.matches('(')", "filter", 1, 11, None),
    ("size(1, 2) == 1", "filter", 1, 1, "size"),
    ('lookup("teams", 5) == null', "read", 1, 17, "string"),
    ("authr.id == 'x'", "bucket", 1, 1, "auth"),
])
def test_an_invalid_expression_is_named_with_its_place(checked, expression, kind, line, column, says):
    body = assert_problem(check(checked, expression, kind), 422, "expression_invalid", says=says)
    found = re.search(r"line (\d+), column (\d+)", body["detail"])
    assert found and int(found.group(1)) == line, body
    assert abs(int(found.group(2)) - column) <= 2, body
    assert found.group() in body["errors"][0]["detail"], body


def test_a_plan_tells_the_index(checked):
    plan = lambda *arguments, **more: check(checked, *arguments, "checked", **more).json()["plan"]
    found = plan('author == "x"', "filter", sort="-createdAt")
    assert found["precision"] == "exact" and found["index"] and found["missingIndex"] is None, found
    assert found["sql"] and '"x"' not in str(found["sql"]) and "'x'" not in str(found["sql"]), "values are parameters"
    missing = plan('status == "x" && likes > 3', "filter")
    assert missing["index"] is None and missing["missingIndex"] and missing["missingIndex"][0] == "status", missing
    missing = plan('status == "x"', "filter", sort="-createdAt")
    assert missing["missingIndex"] == ["status", "-createdAt"], missing
    rule = plan("author == auth.id", "read", sort="-createdAt")
    assert rule["precision"] == "exact" and rule["index"] and rule["missingIndex"] is None, rule
    assert plan("true", "filter")["missingIndex"] is None


@pytest.mark.parametrize("expression", ["tags.exists(t, t.matches('^a+$')) && n > 3", "a.map(x, x * 2) == [2, 4]", "a.b.c == d.e || has(f)", "published || author == auth.id"])
def test_a_plan_says_what_the_database_cannot(checked, expression):
    plan = check(checked, expression, "read", "checked").json()["plan"]
    assert plan["precision"] in ("exact", "partly", "memory"), plan
    assert set(plan) == {"sql", "precision", "index", "unreadyIndex", "missingIndex", "steps"}


@pytest.mark.parametrize("body, code", [
    ({"expression": "true", "kind": "reed"}, "validation_failed"), ({"kind": "read"}, "validation_failed"), ({"expression": None}, "validation_failed"),
    ({"expression": "true", "extra": 1}, "validation_failed"), ({"expression": "", "kind": "read"}, ("expression_invalid", "validation_failed")),
])
def test_a_wrong_question_is_422(checked, body, code):
    assert_problem(checked.post("/v1/expressions/check", json=body), 422, code)


def test_a_collection_that_is_not_there_is_404(checked):
    assert_problem(check(checked, "true", "filter", "nowhere"), 404)
    body = {"collection": "nowhere", "operation": "read", "auth": None, "document": {}}
    assert_problem(checked.post("/v1/rules/simulate", json=body), 404)


# Evaluating

NAN = float("nan")
VALUES = [
    ("1 + 2", 3, "int"), ("9223372036854775807", 9223372036854775807, "int"), ("-9223372036854775808", -9223372036854775808, "int"),
    ("18446744073709551615u", 18446744073709551615, "uint"), ("uint(7)", 7, "uint"), ("1.5 * 2.0", 3.0, "double"), ("2.0", 2.0, "double"), ("1e300 * 10.0", 1e301, "double"),
    ("0.0 / 0.0", "NaN", "double"), ("1.0 / 0.0", "Infinity", "double"), ("-1.0 / 0.0", "-Infinity", "double"),
    ('"a" + "ü"', "aü", "string"), ("b'abc'", "YWJj", "bytes"), ("b'\\xff'", "/w==", "bytes"), ("true && !false", True, "bool"), ("null", None, "null_type"),
    ("[1, 'a', null]", [1, "a", None], "list"), ("[9223372036854775807, 18446744073709551615u]", [9223372036854775807, 18446744073709551615], "list"),
    ("{'a': 1, 'b': [true]}", {"a": 1, "b": [True]}, "map"), ("{1: 'x'}", {"1": "x"}, "map"),
    ("timestamp('2026-11-21T10:00:00Z')", "2026-11-21T10:00:00Z", "google.protobuf.Timestamp"),
    ("timestamp('2026-11-21T10:00:00.5Z') + duration('1h')", "2026-11-21T11:00:00.5Z", "google.protobuf.Timestamp"),
    ("duration('90s')", "90s", "google.protobuf.Duration"), ("duration('1.5s')", "1.5s", "google.protobuf.Duration"),
    ("type(1)", "int", "type"), ("int", "int", "type"), ("type(null)", "null_type", "type"), ("type(timestamp('2026-01-01T00:00:00Z'))", "google.protobuf.Timestamp", "type"),
    ("optional.of(5)", 5, "optional_type"), ("optional.none()", None, "optional_type"), ("{'a': 1}.?a", 1, "optional_type"),
    ("[1, 2, 3].filter(x, x > 1).map(x, x * 10)", [20, 30], "list"), ("'abc'.matches('^a.c$')", True, "bool"), ("'a,b'.split(',')", ["a", "b"], "list"),
    ("[3, 1, 2].sort()", [1, 2, 3], "list"), ("sets.contains([1, 2], [2])", True, "bool"), ("math.greatest(1, 5)", 5, "int"),
    ("base64.encode(b'hi')", "aGk=", "string"), ("cel.bind(x, 3, x * x)", 9, "int"), ("false && 1 / 0 > 0", False, "bool"), ("1 / 0 > 0 || true", True, "bool"),
]


@pytest.mark.parametrize("expression, value, type", VALUES, ids=[row[0] for row in VALUES])
def test_an_expression_has_its_value_and_type(admin, expression, value, type):
    response = evaluate(admin, expression)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert answer == {"value": value, "type": type}
    assert repr(answer["value"]) == repr(value) or type == "double", "true is not 1"


def test_large_integers_keep_their_digits(admin):
    assert '"value":9223372036854775807' in evaluate(admin, "9223372036854775807").text.replace(" ", "")
    assert '"value":18446744073709551615' in evaluate(admin, "18446744073709551615u").text.replace(" ", "")
    assert '"value":9007199254740993' in evaluate(admin, "n", {"n": 9007199254740993}).text.replace(" ", "")


@pytest.mark.parametrize("expression, variables, value, type", [
    ("a + b", {"a": 1, "b": 2}, 3, "int"), ("user.name", {"user": {"name": "Ann"}}, "Ann", "string"), ("xs[1]", {"xs": [1, 2.5]}, 2.5, "double"),
    ("document.title + title", {"document": {"title": "a"}, "title": "b"}, "ab", "string"), ("auth == null", {"auth": None}, True, "bool"),
    ("incoming.n > document.n", {"incoming": {"n": 2}, "document": {"n": 1}}, True, "bool"), ("n == 1.0", {"n": 1}, True, "bool"),
    ("has(a.b)", {"a": {}}, False, "bool"), ("request.time", {"request": {"time": "x"}}, "x", "string"),
])
def test_variables_are_the_callers(admin, expression, variables, value, type):
    response = evaluate(admin, expression, variables)
    assert response.status_code == 200 and response.json() == {"value": value, "type": type}, response.text


@pytest.mark.parametrize("expression, variables, code, says", [
    ("1 / 0", {}, "evaluation_error", "zero"), ("1 % 0", {}, "evaluation_error", "zero"), ("9223372036854775807 + 1", {}, "evaluation_error", None),
    ("-(-9223372036854775808)", {}, "evaluation_error", None), ("a.b", {"a": {}}, "evaluation_error", "b"), ("a[5]", {"a": [1]}, "evaluation_error", None),
    ("a + 1", {"a": "x"}, "evaluation_error", None), ("int(a)", {"a": "x"}, "evaluation_error", None), ("timestamp(a)", {"a": "soon"}, "evaluation_error", None),
    ("a && true", {"a": 5}, "evaluation_error", None), ("optional.none().value()", {}, "evaluation_error", None), ("{a: 1, b: 2}", {"a": "x", "b": "x"}, "evaluation_error", None),
    ("1 +", {}, "expression_invalid", "line 1"), ("1 + 'a'", {}, "expression_invalid", "line 1"), ("nobody", {}, "expression_invalid", "nobody"), ("f(1)", {}, "expression_invalid", "f"),
    ("99999999999999999999", {}, "expression_invalid", None), ("'\\q'", {}, "expression_invalid", None), ("a b", {"a": 1, "b": 1}, "expression_invalid", None), ("", {}, "expression_invalid", None),
])
def test_an_error_before_or_while_evaluating(admin, expression, variables, code, says):
    assert_problem(evaluate(admin, expression, variables), 422, code, says=says)


# Simulating

RULES = {
    "read": "published || author == auth.id", "create": "auth != null && incoming.author == auth.id",
    "update": 'author == auth.id && incoming.author == author || "editor" in auth.roles', "delete": 'auth.id in lookup("teams", team).members',
}
FIELD_RULES = {"email": {"read": "author == auth.id"}, "rank": {"write": '"editor" in auth.roles'}}


@pytest.fixture(scope="module")
def simulated(admin):
    admin.put_collection("teams")
    admin.put_collection("simulated", rules=RULES, fieldRules=FIELD_RULES)
    admin.put_collection("bare")
    return admin


SIMULATED = [
    ("read", None, {"document": {"published": True, "author": "ann"}}, True), ("read", None, {"document": {"published": False, "author": "ann"}}, False),
    ("read", {"id": "ann"}, {"document": {"published": False, "author": "ann"}}, True), ("read", {"id": "ben"}, {"document": {"published": False, "author": "ann"}}, False),
    ("read", {"id": "ann"}, {"document": {}}, False), ("create", {"id": "ann"}, {"incoming": {"author": "ann"}}, True), ("create", {"id": "ann"}, {"incoming": {"author": "ben"}}, False),
    ("create", None, {"incoming": {"author": None}}, False), ("update", {"id": "ann"}, {"document": {"author": "ann"}, "incoming": {"author": "ann", "t": 1}}, True),
    ("update", {"id": "ann"}, {"document": {"author": "ann"}, "incoming": {"author": "ben"}}, False),
    ("update", {"id": "eve", "roles": ["editor"]}, {"document": {"author": "ann"}, "incoming": {"author": "ben", "rank": 1}}, True),
    ("update", {"id": "ann"}, {"document": {"author": "ann", "rank": 1}, "incoming": {"author": "ann", "rank": 2}}, False),
    ("delete", {"id": "ann"}, {"document": {"team": "t1"}, "documents": {"teams": {"t1": {"members": ["ann"]}}}}, True),
    ("delete", {"id": "ben"}, {"document": {"team": "t1"}, "documents": {"teams": {"t1": {"members": ["ann"]}}}}, False),
    ("delete", {"id": "ann"}, {"document": {"team": "t1"}}, False),
]


@pytest.mark.parametrize("operation, auth, more, allowed", SIMULATED)
def test_a_simulation_decides_like_the_rules(simulated, operation, auth, more, allowed):
    answer = simulate(simulated, "simulated", operation, auth, **more)
    assert answer["allowed"] is allowed, answer
    assert answer["rule"] == (FIELD_RULES["rank"]["write"] if answer["deniedFields"] else RULES[operation])
    assert set(answer) >= {"allowed", "rule", "decidedBy", "hiddenFields", "deniedFields"}


def test_a_simulation_names_the_part_that_decided(simulated):
    answer = simulate(simulated, "simulated", "read", {"id": "ben"}, document={"published": False, "author": "ann"})
    decided = answer["decidedBy"]
    assert decided["part"] in RULES["read"] and decided["line"] == 1 and decided["column"] == RULES["read"].index(decided["part"]) + 1
    assert decided["value"] is False and set(decided["names"]) <= {"published", "author", "auth.id"} and decided["names"]
    answer = simulate(simulated, "simulated", "read", {"id": "ann"}, document={"published": False, "author": "ann"})
    assert answer["decidedBy"]["part"] == "author == auth.id" and answer["decidedBy"]["value"] is True
    assert answer["decidedBy"]["names"] == {"author": "ann", "auth.id": "ann"}
    answer = simulate(simulated, "simulated", "update", {"id": "ann"}, document={"author": "ann"}, incoming={"author": "ben"})
    assert answer["decidedBy"]["part"] in RULES["update"]
    answer = simulate(simulated, "simulated", "create", {"id": "ann"}, incoming={})
    assert answer["decidedBy"]["part"] == "incoming.author == auth.id" and "author" in answer["decidedBy"]["error"] and "value" not in answer["decidedBy"]


def test_a_simulation_of_an_absent_rule(simulated):
    answer = simulate(simulated, "bare", "read", {"id": "ann"}, document={})
    assert answer["allowed"] is False and answer["rule"] is None and answer["decidedBy"] is None


def test_a_simulation_names_the_fields(simulated):
    document = {"published": True, "author": "ann", "email": "a@example.org", "rank": 1}
    assert simulate(simulated, "simulated", "read", {"id": "ben"}, document=document)["hiddenFields"] == ["email"]
    assert simulate(simulated, "simulated", "read", {"id": "ann"}, document=document)["hiddenFields"] == []
    denied = simulate(simulated, "simulated", "update", {"id": "ann"}, document=document, incoming={**document, "rank": 2})
    assert denied["deniedFields"] == ["rank"] and denied["allowed"] is False
    assert simulate(simulated, "simulated", "update", {"id": "ann"}, document=document, incoming={**document, "email": "b@example.org"})["deniedFields"] == []
    assert simulate(simulated, "simulated", "update", {"id": "eve", "roles": ["editor"]}, document=document, incoming={**document, "rank": 2})["deniedFields"] == []


def test_a_simulation_looks_up_what_is_given_before_what_is_stored(simulated):
    simulated.must((200, 201), "PUT", "/v1/documents/teams/stored", json={"members": ["ann"]})
    ask = lambda **more: simulate(simulated, "simulated", "delete", {"id": "ann"}, document={"team": "stored"}, **more)["allowed"]
    assert ask() is True
    assert ask(documents={"teams": {"stored": {"members": []}}}) is False
    assert ask(documents={"teams": {"other": {"members": []}}}) is True
    assert simulated.read("teams", "stored")["members"] == ["ann"], "a simulation writes nothing"


def test_a_simulation_at_another_time(simulated):
    simulated.put_collection("timed", rules={"read": "request.time > timestamp('2030-01-01T00:00:00Z') && request.method == 'GET' && request.ip == '1.2.3.4'"})
    ask = lambda **request: simulate(simulated, "timed", "read", document={}, **({"request": request} if request else {}))["allowed"]
    assert ask(time="2031-01-01T00:00:00Z", method="GET", ip="1.2.3.4") is True
    assert ask(time="2029-01-01T00:00:00Z", method="GET", ip="1.2.3.4") is False
    assert ask() is False


@pytest.mark.parametrize("body", [
    {"operation": "read", "document": {}}, {"collection": "simulated", "document": {}}, {"collection": "simulated", "operation": "list", "document": {}},
    {"collection": "simulated", "operation": "read", "document": 5}, {"collection": "simulated", "operation": "read", "document": {}, "auth": "ann"},
    {"collection": "simulated", "operation": "read", "document": {}, "surprise": 1}, {"collection": "simulated", "operation": "read", "document": {}, "documents": []},
    {"collection": "simulated", "operation": "read", "document": {"id": 'a"b'}}, {"collection": "simulated", "operation": "read", "document": {"id": 5}},
    {"collection": "simulated", "operation": "read", "document": {"createdAt": "soon"}}, {"collection": "simulated", "operation": "update", "document": {}},
    {"collection": "simulated", "operation": "read", "document": {}, "auth": {"id": "a", "role": "x"}}, {"collection": "simulated", "operation": "read", "document": {}, "auth": {}},
    {"collection": "simulated", "operation": "read", "document": {}, "request": {"time": "soon"}}, {"collection": "simulated", "operation": "read", "document": {}, "documents": {"teams": {"a": 5}}},
])
def test_a_wrong_simulation_is_422(simulated, body):
    assert_problem(simulated.post("/v1/rules/simulate", json={"auth": None, **body}), 422, "validation_failed")


# Lookups

LOOKED_UP = {
    "read": 'auth.id in lookup("groups", group).members', "create": 'auth.id in lookup("groups", incoming.group).members',
    "update": 'auth.id in lookup("groups", group).members && incoming.group == group', "delete": 'lookup("groups", group).owner == auth.id',
}


@pytest.fixture(scope="module")
def grouped(admin, callers):
    admin.put_collection("groups")
    admin.put_collection("items", rules=LOOKED_UP)
    admin.must(201, "PUT", "/v1/documents/groups/mine", json={"owner": callers["ann"].id, "members": [callers["ann"].id, callers["ben"].id]})
    admin.must(201, "PUT", "/v1/documents/groups/hers", json={"owner": callers["ann"].id, "members": [callers["ann"].id]})
    for name, group in (("in", "mine"), ("out", "hers"), ("none", "nowhere")):
        admin.create("items", id=name, group=group)
    admin.create("items", id="odd", group=["mine"])
    admin.create("items", id="lost")
    return callers


def test_a_lookup_decides_a_get(grouped):
    for who, seen in (("ann", {"in", "out"}), ("ben", {"in"}), ("stranger", set()), ("admin", {"in", "out", "none", "odd", "lost"})):
        for id in ("in", "out", "none", "odd", "lost"):
            assert grouped[who].get(f"/v1/documents/items/{id}").status_code == (200 if id in seen else 404), f"{who} {id}"


def test_a_lookup_decides_a_list(grouped):
    seen = lambda who, **query: {item["id"] for item in grouped[who].list("items", **query)["items"]} & {"in", "out", "none", "odd", "lost"}
    assert seen("ann") == {"in", "out"} and seen("ben") == {"in"} and seen("stranger") == set()
    assert seen("ben", filter='group == "hers" || true') == {"in"}
    answer = grouped["ben"].must(200, "POST", "/v1/query/items", json={"filter": "has(group)", "sort": "-id"})
    assert [item["id"] for item in answer["items"]] == ["in"]


def test_a_lookup_decides_every_write(grouped, admin):
    ann, ben, stranger = grouped["ann"], grouped["ben"], grouped["stranger"]
    assert_problem(ben.post("/v1/documents/items", json={"group": "hers"}), 403)
    assert_problem(ben.post("/v1/documents/items", json={"group": "nowhere"}), 403)
    assert_problem(ben.post("/v1/documents/items", json={}), 403)
    assert_problem(stranger.post("/v1/documents/items", json={"group": "mine"}), 401)
    made = ben.must(201, "POST", "/v1/documents/items", json={"group": "mine"})["id"]
    assert_problem(ben.put("/v1/documents/items/new-hers", json={"group": "hers"}), 403)
    assert ben.put(f"/v1/documents/items/new-{made}", json={"group": "mine"}).status_code == 201
    assert_problem(ben.put(f"/v1/documents/items/{made}", json={"group": "hers"}), 403)
    assert ben.put(f"/v1/documents/items/{made}", json={"group": "mine", "n": 1}).status_code == 200
    assert ben.patch(f"/v1/documents/items/{made}", json={"n": 2}).status_code == 200
    assert_problem(ben.patch("/v1/documents/items/out", json={"n": 2}), 404)
    assert_problem(ben.delete(f"/v1/documents/items/{made}"), 403)
    assert_problem(ben.delete("/v1/documents/items/out"), 404)
    assert ann.delete(f"/v1/documents/items/{made}").status_code == 204
    assert ann.delete(f"/v1/documents/items/new-{made}").status_code == 204


def test_a_lookup_decides_each_write_of_a_batch(grouped, admin):
    create = lambda group: {"op": "create", "collection": "items", "data": {"group": group}}
    assert_problem(grouped["ben"].post("/v1/batch", json={"writes": [create("mine"), create("hers")]}), 403)
    count = len(admin.every("/v1/documents/items"))
    made = grouped["ben"].must(200, "POST", "/v1/batch", json={"writes": [create("mine"), create("mine")]})["items"]
    assert len(admin.every("/v1/documents/items")) == count + 2
    # Within a batch a rule sees what was written before it.
    writes = [{"op": "put", "collection": "groups", "id": "fresh", "data": {"members": []}}]
    assert_problem(grouped["ben"].post("/v1/batch", json={"writes": writes + [create("fresh")]}), 403)
    admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "delete", "collection": "items", "id": item["id"]} for item in made]})


def test_a_changed_document_changes_what_may_be_read_at_once(grouped, admin):
    ben = grouped["ben"]
    admin.must(201, "PUT", "/v1/documents/groups/changing", json={"members": []})
    admin.create("items", id="changing", group="changing")
    for _ in range(5):
        assert ben.get("/v1/documents/items/changing").status_code == 404
        admin.must(200, "PATCH", "/v1/documents/groups/changing", json={"members": [ben.id]})
        assert ben.get("/v1/documents/items/changing").status_code == 200
        assert "changing" in {item["id"] for item in ben.list("items")["items"]}
        admin.must(200, "PATCH", "/v1/documents/groups/changing", json={"members": []})
    admin.must(200, "PATCH", "/v1/documents/groups/changing", json={"members": [ben.id]})
    assert admin.delete("/v1/documents/groups/changing").status_code == 204
    assert ben.get("/v1/documents/items/changing").status_code == 404
    assert "changing" not in {item["id"] for item in ben.list("items")["items"]}


@pytest.mark.parametrize("rule", ['lookup("nowhere", "a") == null', 'auth != null || lookup("nowhere", "a") != null', '[1].all(x, lookup("nowhere", string(x)) == null)'])
@pytest.mark.parametrize("action", ["read", "create", "update", "delete"])
def test_a_rule_that_looks_nowhere_is_refused(admin, rule, action):
    admin.put_collection("kept", rules={"read": "true"})
    response = admin.put("/v1/collections/kept", json={"rules": {action: rule}})
    assert_problem(response, 422, says="nowhere")
    assert admin.must(200, "GET", "/v1/collections/kept")["rules"] == {"read": "true"}, "the old rules stay"


def test_a_field_rule_that_looks_nowhere_is_refused(admin):
    response = admin.put("/v1/collections/kept2", json={"fieldRules": {"a": {"read": 'lookup("nowhere", "a") == null'}}})
    assert_problem(response, 422, says="nowhere")


def test_a_filter_may_not_look_up(grouped):
    for who in ("ann", "stranger", "admin"):
        for filter in ('lookup("groups", group).owner == "x"', 'lookup("users", "a") != null', 'true || lookup("groups", "mine") != null'):
            assert_problem(grouped[who].get("/v1/documents/items", params={"filter": filter}), 422, "expression_invalid", says="lookup")
            assert_problem(grouped[who].post("/v1/query/items", json={"filter": filter}), 422, "expression_invalid", says="lookup")


@pytest.mark.parametrize("id", ["", "../groups/mine", "mine/..", "mine\u0000", "MINE", "mine ", "' OR 1=1 --", "x" * 5000, "%", "_", "nowhere", "default/mine"])
def test_a_lookup_of_an_odd_id_finds_nothing(grouped, admin, id):
    admin.put_collection("odd", rules={"read": 'lookup("groups", key) == null', "create": 'lookup("groups", incoming.key) == null'})
    made = admin.create("odd", key=id)["id"]
    assert grouped["ben"].get(f"/v1/documents/odd/{made}").status_code == 200
    assert made in {item["id"] for item in grouped["ben"].list("odd", limit=1000)["items"]}
    grouped["ben"].must(201, "POST", "/v1/documents/odd", json={"key": id})


@pytest.mark.parametrize("key", [None, 5, 1.5, True, [], {}, ["mine"]])
def test_a_lookup_of_what_is_no_id_denies(grouped, admin, key):
    admin.put_collection("odd", rules={"read": 'lookup("groups", key) == null'})
    made = admin.create("odd", key=key)["id"]
    assert grouped["ben"].get(f"/v1/documents/odd/{made}").status_code == 404
    assert made not in {item["id"] for item in grouped["ben"].list("odd", limit=1000)["items"]}


def test_a_lookup_sees_our_fields_and_hidden_ones(grouped, admin):
    admin.put_collection("secretive", fieldRules={"code": {"read": "false"}})
    admin.must(201, "PUT", "/v1/documents/secretive/a", json={"code": "x7"})
    admin.put_collection("opened", rules={"create": 'lookup("secretive", "a").code == incoming.code && lookup("secretive", "a").id == "a" && lookup("secretive", "a").version == 1'})
    grouped["ben"].must((201, 204), "POST", "/v1/documents/opened", json={"code": "x7"})
    assert_problem(grouped["ben"].post("/v1/documents/opened", json={"code": "x8"}), 403)


def test_a_list_with_lookups_has_full_pages(admin, callers):
    ben = callers["ben"]
    admin.put_collection("pens")
    admin.put_collection("sheep", rules={"read": 'lookup("pens", pen).keeper == auth.id'})
    for n in range(20):
        admin.must(201, "PUT", f"/v1/documents/pens/p{n}", json={"keeper": ben.id if n % 4 == 0 else "x"})
    admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "create", "collection": "sheep", "data": {"pen": f"p{n % 25}", "n": n}} for n in range(400)]})
    wanted = [n for n in range(400) if n % 25 < 20 and n % 25 % 4 == 0]
    page = ben.list("sheep", sort="n", limit=10)
    assert [item["n"] for item in page["items"]] == wanted[:10] and page["nextCursor"]
    assert [item["n"] for item in ben.every("/v1/documents/sheep", sort="n", limit=7)] == wanted


# Field rules

PEOPLE = {"rules": {"read": "true", "create": "auth != null", "update": "auth != null", "delete": "auth != null"},
          "fieldRules": {"email": {"read": "owner == auth.id", "write": "owner == auth.id"}, "rank": {"write": "false"}, "notes": {"read": "false"}}}


@pytest.fixture
def person(admin, callers):
    admin.put_collection("people", **PEOPLE)
    made = admin.create("people", owner=callers["ann"].id, name="Ann", email="ann@example.org", rank=3, notes={"a": "secret"})
    yield made
    admin.delete(f"/v1/documents/people/{made['id']}")


SEEN = {"admin": {"email", "notes"}, "ann": {"email"}, "ben": set(), "stranger": set()}


@pytest.mark.parametrize("who", SEEN)
def test_a_hidden_field_is_in_no_answer(callers, person, who):
    caller, path = callers[who], f"/v1/documents/people/{person['id']}"
    answers = [
        caller.must(200, "GET", path), caller.must(200, "GET", path, params={"fields": "id,name,email,notes,notes.a"}),
        *caller.list("people", filter=f'id == "{person["id"]}"')["items"], *caller.list("people", fields="email,notes.a,name", filter='name == "Ann"')["items"],
        *caller.must(200, "POST", "/v1/query/people", json={"filter": "id == params.id", "params": {"id": person["id"]}})["items"],
        *caller.must(200, "POST", "/v1/query/people", json={"filter": "has(name)", "fields": "email,notes,name"})["items"],
    ]
    assert len(answers) == 6
    for answer in answers:
        assert answer["name"] == "Ann" and {"email", "notes"} & set(answer) == SEEN[who], answer


GUESSES = {
    "email": ['email == "ann@example.org"', 'email.startsWith("ann")', "has(email)", "has(document.email)", '"email" in document', 'document["email"] == "ann@example.org"',
              "document.email.size() > 0", "email != null", 'email > "a"', 'email < "z"', 'email in ["ann@example.org"]', "document.exists(k, k == 'email')", "size(email) == 15",
              'email.matches("^ann")', "type(email) == string", 'document.?email.orValue("") != ""', "document[?'email'].hasValue()", 'email + "" == "ann@example.org"',
              'params.e == email', "size(document) > 8", "document.filter(k, k.startsWith('em')) != []", "email == email"],
    "notes": ["has(notes)", "has(notes.a)", 'notes.a == "secret"', 'notes["a"].startsWith("s")', "'a' in notes", "notes.exists(k, k == 'a')", "size(notes) == 1", "notes != null"],
}


@pytest.mark.parametrize("field, filter", [(field, filter) for field in GUESSES for filter in GUESSES[field]])
def test_a_filter_does_not_guess_a_hidden_value(callers, person, field, filter):
    for who in SEEN:
        response = callers[who].post("/v1/query/people", json={"filter": filter, "params": {"e": "ann@example.org"}})
        assert response.status_code in (200, 403, 422), response.text
        if field not in SEEN[who]:
            assert response.status_code != 200 or response.json()["items"] == [], f"{who} learns by {filter}"
        elif filter != "size(document) > 8":
            assert [item["id"] for item in response.json()["items"]] == [person["id"]], f"{who}: {filter}: {response.text}"


@pytest.mark.parametrize("filter", ["!has(email)", '!(email == "ann@example.org")', 'email != "ann@example.org"', '!("email" in document)', "!has(email) || true", 'has(email) ? false : true'])
def test_a_hidden_value_does_not_show_by_what_a_filter_leaves_out(admin, callers, person, filter):
    """Whether a document is found does not depend on the hidden value."""
    other = admin.create("people", owner=callers["ann"].id, name="Bo", email="bo@example.org")
    none = admin.create("people", owner=callers["ann"].id, name="Cy")
    found = {item["id"] for item in callers["ben"].list("people", filter=filter)["items"]}
    assert found & {person["id"], other["id"], none["id"]} in (set(), {person["id"], other["id"], none["id"]}), filter
    for made in (other, none):
        admin.delete(f"/v1/documents/people/{made['id']}")


@pytest.mark.parametrize("sort", ["email", "-email", "name,email", "notes", "notes.a", "-notes.a"])
def test_a_hidden_field_gives_no_order(callers, person, sort):
    for who in ("ben", "stranger", "ann"):
        assert_problem(callers[who].get("/v1/documents/people", params={"sort": sort}), 403, "forbidden")
        assert_problem(callers[who].post("/v1/query/people", json={"sort": sort}), 403, "forbidden")
    assert callers["admin"].get("/v1/documents/people", params={"sort": sort}).status_code == 200
    assert callers["ben"].get("/v1/documents/people", params={"sort": "name"}).status_code == 200


def test_a_put_by_somebody_who_does_not_see_a_field_keeps_it(callers, admin, person):
    path = f"/v1/documents/people/{person['id']}"
    answer = callers["ben"].put(path, json={"owner": callers["ann"].id, "name": "Anna", "rank": 3})
    assert answer.status_code == 200 and not {"email", "notes"} & set(answer.json()), answer.text
    stored = admin.read("people", person["id"])
    assert (stored["name"], stored["email"], stored["notes"], stored["rank"]) == ("Anna", "ann@example.org", {"a": "secret"}, 3)
    # Who sees it takes it away by leaving it out.
    callers["ann"].must(200, "PUT", path, json={"owner": callers["ann"].id, "name": "Anna", "rank": 3})
    stored = admin.read("people", person["id"])
    assert "email" not in stored and stored["notes"] == {"a": "secret"}


@pytest.mark.parametrize("who, change, denied", [
    ("ann", {"email": "new@example.org"}, []), ("ann", {"name": "A"}, []), ("ann", {"email": None}, []), ("ben", {"name": "B"}, []),
    ("ben", {"email": "new@example.org"}, ["/email"]), ("ben", {"email": None, "name": "x"}, ["/email"]), ("ann", {"rank": 4}, ["/rank"]), ("ann", {"rank": None}, ["/rank"]),
    ("ben", {"rank": 4, "email": "x"}, ["/email", "/rank"]), ("ann", {"rank": 3}, []), ("admin", {"rank": 9, "email": "x", "notes": None}, []),
])
def test_a_field_is_written_by_who_may(callers, admin, person, who, change, denied):
    response = callers[who].patch(f"/v1/documents/people/{person['id']}", json=change)
    stored = admin.read("people", person["id"])
    if denied == ["/email"] and change.get("email", "") is None:
        # Taking away what one does not see: refused, or nothing happens.
        assert stored["email"] == "ann@example.org" and response.status_code in (200, 403), response.text
        return
    if denied:
        body = assert_problem(response, 403, "forbidden")
        assert sorted(error["pointer"] for error in body["errors"]) == denied
        assert {key: stored.get(key) for key in person} == person, "nothing of a refused write stays"
    else:
        assert response.status_code == 200, response.text
        if who != "admin":
            assert "notes" not in response.json() and ("email" in response.json()) == (who == "ann" and change.get("email", "") is not None)


def test_who_guesses_a_hidden_value_is_not_told(callers, admin):
    admin.put_collection("guarded", rules={"read": "true", "update": "true"}, fieldRules={"pin": {"read": "false", "write": "false"}, "code": {"read": "false"}})
    admin.create("guarded", id="g", pin=1234, n=1)
    path = "/v1/documents/guarded/g"
    for pin in (1234, 1, None, "1234"):
        if pin is not None:
            assert_problem(callers["ben"].patch(path, json={"pin": pin}), 403)
        assert_problem(callers["ben"].put(path, json={"n": 1, "pin": pin}), 403)
        write = {"op": "put", "collection": "guarded", "id": "g", "data": {"pin": pin}}
        assert_problem(callers["ben"].post("/v1/batch", json={"writes": [write]}), 403)
    versions = [callers["ben"].must(200, "PATCH", path, json={"code": code})["version"] for code in ("a", "a", "b", "b")]
    assert versions == [2, 3, 4, 5], "each is a write, whether the value was right or not"
    assert callers["ben"].must(200, "PATCH", path, json={"n": 1})["version"] == 5
    assert admin.read("guarded", "g")["pin"] == 1234


def test_field_rules_hold_for_new_documents(callers, admin):
    admin.put_collection("people", **PEOPLE)
    ann, ben = callers["ann"], callers["ben"]
    body = assert_problem(ben.post("/v1/documents/people", json={"owner": ann.id, "email": "x"}), 403)
    assert [error["pointer"] for error in body["errors"]] == ["/email"]
    assert_problem(ann.put("/v1/documents/people/new1", json={"owner": ann.id, "rank": 1}), 403)
    made = ann.must(201, "POST", "/v1/documents/people", json={"owner": ann.id, "email": "x", "notes": "mine"})
    assert made["email"] == "x" and "notes" not in made
    assert admin.read("people", made["id"])["notes"] == "mine"


def test_a_batch_shows_no_hidden_field(callers, admin, person):
    writes = [{"op": "patch", "collection": "people", "id": person["id"], "data": {"name": "B"}}, {"op": "create", "collection": "people", "data": {"owner": "x", "name": "N", "notes": "n"}},
              {"op": "put", "collection": "people", "id": "batched", "data": {"owner": "x", "name": "P"}}]
    answer = callers["ben"].must(200, "POST", "/v1/batch", json={"writes": writes})
    assert len(answer["items"]) == 3 and "secret" not in json.dumps(answer) and "example.org" not in json.dumps(answer)
    for item in answer["items"]:
        assert not {"email", "notes"} & set(item)
    body = assert_problem(callers["ben"].post("/v1/batch", json={"writes": [writes[0], {"op": "patch", "collection": "people", "id": person["id"], "data": {"rank": 9}}]}), 403)
    assert any("rank" in error["pointer"] for error in body["errors"]), body
    assert admin.read("people", person["id"])["rank"] == 3


def test_a_read_rule_may_use_a_field_that_is_hidden(callers, admin):
    admin.put_collection("veiled", rules={"read": "owner == auth.id"}, fieldRules={"owner": {"read": "false"}})
    made = admin.create("veiled", owner=callers["ann"].id, n=1)
    seen = callers["ann"].read("veiled", made["id"])
    assert seen["n"] == 1 and "owner" not in seen
    assert [item["id"] for item in callers["ann"].list("veiled")["items"]] == [made["id"]] and callers["ben"].list("veiled")["items"] == []


@pytest.mark.parametrize("rules, says", [
    ({"email": {"read": "owner =="}}, "line 1"), ({"email": {"raed": "true"}}, "raed"), ({"email": "true"}, "email"), ({"id": {"read": "true"}}, "id"), ({"createdAt": {"read": "true"}}, "createdAt"),
    ({"": {"read": "true"}}, None), ({"email": {"read": 5}}, None), ({"email": {"read": "1 + 1"}}, "bool"), ({"email": {"read": "incoming.a == 1"}}, None), ([], None),
])
def test_wrong_field_rules_are_refused(admin, rules, says):
    admin.delete("/v1/collections/refused")
    response = admin.put("/v1/collections/refused", json={"fieldRules": rules})
    if rules == {"email": {"read": "incoming.a == 1"}} and response.status_code in (200, 201):
        return  # `incoming` may be read as a field of the document
    assert_problem(response, 422, ("validation_failed", "expression_invalid"), says=says)
    assert_problem(admin.get("/v1/collections/refused"), 404)


# Types from a schema

SCHEMA = {
    "type": "object", "required": ["title"], "additionalProperties": False,
    "properties": {"title": {"type": "string", "minLength": 1}, "likes": {"type": "integer", "minimum": 0}, "score": {"type": "number"}, "open": {"type": "boolean"},
                   "tags": {"type": "array", "items": {"type": "string"}}, "author": {"type": "object", "properties": {"name": {"type": "string"}}}},
}


@pytest.mark.parametrize("rule, valid, says", [
    ('likes > "3"', False, ["int", "string"]), ("likes > 3", True, None), ("likes > 3.5", True, None), ('title + 1 == "a"', False, ["string", "int"]), ("tile == 'a'", False, ["title"]),
    ('incoming.lkes == 1', False, ["likes"]), ("open && likes >= 0", True, None), ("title && open", False, ["string"]), ("tags.all(t, t.startsWith('a'))", True, None), ("tags.all(t, t > 3)", False, ["string"]),
    ("author.name == 'x'", True, None), ("author.name > 5", False, ["string"]), ("likes.startsWith('a')", False, ["int"]), ("size(tags) < 3", True, None), ("size(likes) < 3", False, ["int"]),
    ("createdAt < '2027'", True, None), ("version > 'a'", False, ["string"]), ("document.likes in ['a']", False, None), ("score > likes", True, None),
])
def test_a_schema_tells_the_types(admin, rule, valid, says):
    response = admin.put("/v1/collections/typed", json={"schema": SCHEMA, "rules": {"update": rule}})
    if valid:
        assert response.status_code in (200, 201), response.text
    else:
        body = assert_problem(response, 422, "expression_invalid", says=says)
        assert "line 1, column" in body["detail"] and body["errors"][0]["pointer"] == "/rules/update"


def test_a_filter_knows_the_types_too(admin, callers):
    admin.put_collection("typed2", schema=SCHEMA, rules={"read": "true"})
    admin.create("typed2", title="a", likes=5)
    assert len(callers["ben"].list("typed2", filter="likes > 3")["items"]) == 1
    for filter in ('likes > "3"', "lkes > 3"):
        assert_problem(callers["ben"].get("/v1/documents/typed2", params={"filter": filter}), 422, "expression_invalid")
    answer = check(admin, 'likes > 3 && title == "a"', "filter", "typed2").json()
    assert answer["fields"] == {"likes": "number", "title": "string"}, "1.0 is an integer too"
    assert_problem(check(admin, 'likes > "3"', "filter", "typed2"), 422, "expression_invalid", says=["int", "string"])


@pytest.mark.parametrize("body, pointers", [
    ({}, {""}), ({"title": ""}, {"/title"}), ({"title": 5}, {"/title"}), ({"title": "a", "likes": -1}, {"/likes"}), ({"title": "a", "likes": "5"}, {"/likes"}), ({"title": "a", "x": 1}, {"/x"}),
    ({"title": "a", "tags": ["a", 5]}, {"/tags/1"}), ({"title": "a", "author": {"name": 5}}, {"/author/name"}), ({"title": "", "likes": -1}, {"/title", "/likes"}),
])
def test_a_schema_holds_for_every_write(admin, body, pointers):
    admin.put_collection("typed3", schema=SCHEMA)
    admin.must((200, 201), "PUT", "/v1/documents/typed3/here", json={"title": "a", "likes": 1})
    put = lambda id: admin.put(f"/v1/documents/typed3/{id}", json=body)
    for response in (admin.post("/v1/documents/typed3", json=body), put("here"), put("new")):
        found = assert_problem(response, 422, "validation_failed")
        assert pointers <= {error["pointer"] for error in found["errors"]} or "" in pointers and found["errors"], found
    batch = admin.post("/v1/batch", json={"writes": [{"op": "create", "collection": "typed3", "data": body}]})
    assert_problem(batch, 422, "validation_failed")
    patch = {"title": None, **body} if "title" not in body else body
    assert_problem(admin.patch("/v1/documents/typed3/here", json=patch), 422, "validation_failed")
    assert admin.read("typed3", "here")["likes"] == 1
    assert [item["id"] for item in admin.list("typed3")["items"]] == ["here"]


# Hostile expressions

def nested(open, close, depth, core="1"):
    return open * depth + core + close * depth


TEN = "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]"
HOSTILE = {
    "brackets": nested("(", ")", 4000), "lists": nested("[", "]", 4000), "maps": nested("{1: ", "}", 2000), "nots": "!" * 9000 + "true", "minuses": "- " * 5000 + "1",
    "calls": nested("size([", "])", 1500), "selects": "a" + ".a" * 5000, "indexes": "a" + "[0]" * 3000, "conditionals": "true ? 1 : " * 900 + "1", "left conditionals": nested("(true ? ", " : 1)", 900),
    "ors": " || ".join(["a == 1"] * 1000), "sums": " + ".join(["1"] * 3000), "nested loops": "".join(f"{TEN}.all(v{n}, " for n in range(9)) + "true" + ")" * 9,
    "nested maps": "".join(f"{TEN}.map(v{n}, " for n in range(9)) + "1" + ")" * 9, "doubled texts": "".join(f"cel.bind(x{n + 1}, x{n} + x{n}, " for n in range(50)).replace("x0", "'xxxxxxxx'") + "size(x50)" + ")" * 50,
    "doubled lists": "".join(f"cel.bind(x{n + 1}, x{n} + x{n}, " for n in range(50)).replace("x0", "[1, 2, 3]") + "x50" + ")" * 50,
    "lists of lists": "".join(f"cel.bind(x{n + 1}, [x{n}, x{n}], " for n in range(50)).replace("x0", "[1]") + "x50" + ")" * 50,
    "joined": f"{TEN}.map(a, {TEN}.map(b, {TEN}.map(c, {TEN}.map(d, t)))).flatten()", "a long range": "lists.range(1000000000)", "a long text": "'%1000000000d'.format([1])", "many digits": "'%.1000000f'.format([1.5])",
    "replaced": "t.replace('', t)", "split": "t.split('').map(x, t.split(''))", "a bad regex": "t.matches('(a+)+$')", "a worse regex": "t.matches('(a|a)*b|(a*)*b|(.*)(.*)(.*)(.*)x')", "a counted regex": "t.matches('((a{1,1000}){1,1000}){1,1000}b')",
    "a deep regex": "t.matches('" + "(" * 2000 + "a" + ")" * 2000 + "')", "a wide regex": "t.matches('" + "a?" * 2000 + "a" * 2000 + "')", "a regex from outside": "t.matches(p)", "large text": "'" + "a" * 1_000_000 + "'",
    "large garbage": "(" * 900_000, "many names": " + ".join(f"n{n}" for n in range(1400)), "a long name": "n" * 9000, "zeros": "0" * 9000, "comments": "//" + "x" * 9000, "quotes": '"""' + "x" * 9000, "escapes": "'" + "\\u0041" * 1500 + "'",
    "sorted": f"{TEN}.map(a, {TEN}.map(b, {TEN}.map(c, t.split('')))).sortBy(x, x)", "equal": "t.split('') == t.split('') && t.split('').distinct() == []", "sets": "sets.contains(t.split(''), t.split(''))", "reversed": "t.reverse().reverse().reverse() == t",
    "a counting regex on long text": "t.matches('(.{0,100}){0,100}!')", "time zones": "timestamp('2026-01-01T00:00:00Z').getHours('" + "A/" * 2000 + "')", "a path as time zone": "timestamp('2026-01-01T00:00:00Z').getHours('../../etc/passwd')",
    "durations": "duration('" + "9" * 5000 + "h')", "integers": "9223372036854775807 * 9223372036854775807", "exponents": "1e" + "9" * 4000, "a chain of optionals": "a" + ".?a" * 2000, "chars": "t.charAt(99999999999)", "negative": "t.substring(-1)",
    "indexes of": "t.indexOf(t + 'b') + t.lastIndexOf('b' + t)", "upper": "t.upperAscii().lowerAscii().trim().size()", "decoded": "base64.decode(t)", "quoted": "strings.quote(t).size()",
}
TEXT = "a" * 200_000


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_expression_is_stopped_soon(server, admin, callers, name):
    expression = HOSTILE[name]
    variables = {"t": TEXT, "p": "(a*)*(a|aa)+$" * 50, "a": {}}
    admin.put_collection("victims", rules={"read": "true"})
    admin.must((200, 201), "PUT", "/v1/documents/victims/v", json=variables)
    before = server.memory("VmHWM")
    answers = [
        evaluate(admin, expression, variables), check(admin, expression, "filter", "victims"), check(admin, expression, "create"),
        admin.put("/v1/collections/attacked", json={"rules": {"read": f"({expression}) == 1 || true"}}),
        callers["stranger"].post("/v1/query/victims", json={"filter": f"({expression}) == 1"}), callers["stranger"].post("/v1/query/victims", json={"filter": expression}),
    ]
    for answer in answers:
        assert answer.status_code in (200, 201, 400, 413, 422), f"{answer.status_code} {answer.text[:300]}"
        assert answer.elapsed.total_seconds() < 6, f"{answer.request.url} took {answer.elapsed}"
    assert server.is_running and callers["stranger"].get("/healthz").status_code == 200
    assert server.memory("VmHWM") - before < 400 << 20


def test_a_filter_of_a_thousand_alternatives(admin, callers):
    admin.put_collection("wide", rules={"read": "true"}, indexes=[{"fields": ["n"]}])
    admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "create", "collection": "wide", "data": {"n": n}} for n in range(-5, 5)]})
    for filter, found in ((" || ".join(f"n=={n}" for n in range(950)), 5), (" && ".join(f"n!={n}" for n in range(950)), 5), (" || ".join(f"n == {n} && has(n)" for n in range(450)), 5)):
        assert len(filter) < 10 << 10
        assert len(callers["stranger"].must(200, "POST", "/v1/query/wide", json={"filter": filter})["items"]) == found


def test_a_hostile_rule_does_not_slow_down_others(server, admin, callers):
    """The costliest rule that may be saved, on a document that makes it work."""
    admin.put_collection("slow", rules={"create": f"{TEN}.all(a, {TEN}.all(b, {TEN}.all(c, {TEN}.all(d, {TEN}.all(e, {TEN}.all(f, incoming.t != string(a + b + c + d + e + f)))))))"})
    answer = callers["stranger"].post("/v1/documents/slow", json={"t": TEXT})
    assert answer.status_code in (201, 204, 401) and answer.elapsed.total_seconds() < 6, answer.text[:300]


# Elsewhere

def test_field_rules_hold_for_profiles(start):
    server = start()
    admin, stranger = admin_login(server), Caller(server)
    own = {"read": "id == auth.id", "update": "id == auth.id"}
    admin.put_collection("users", rules=own, fieldRules={"score": {"read": "false"}, "level": {"write": "false"}})
    login = {"email": "profile@example.org", "password": PASSWORD}
    body = assert_problem(stranger.post("/v1/auth/register", json={**login, "level": 1}), 403)
    assert [error["pointer"] for error in body["errors"]] == ["/level"]
    answers = [stranger.must(201, "POST", "/v1/auth/register", json={**login, "score": "s3cret", "name": "P"})]
    user = User(server, answers[0])
    answers += [
        user.must(200, "GET", "/v1/auth/me"), user.must(200, "PATCH", "/v1/auth/me", json={"name": "Q"}), user.must(200, "PATCH", "/v1/auth/me", json={"score": "other s3cret"}),
        user.must(200, "GET", f"/v1/documents/users/{user.id}"), user.list("users"), stranger.must(200, "POST", "/v1/auth/login", json=login),
        stranger.must(200, "POST", "/v1/auth/refresh", json={"refreshToken": user.login["refreshToken"]}),
    ]
    for answer in answers:
        assert "s3cret" not in json.dumps(answer), answer
    assert_problem(user.patch("/v1/auth/me", json={"level": 9}), 403)
    assert_problem(user.get("/v1/documents/users", params={"sort": "score"}), 403)
    assert user.list("users", filter="has(score)")["items"] == []
    stored = admin.read("users", user.id)
    assert stored["score"] == "other s3cret" and "level" not in stored and stored["name"] == "Q"


def test_a_lookup_in_the_rules_of_a_bucket(admin, callers):
    ann, ben = callers["ann"], callers["ben"]
    admin.put_collection("albums")
    admin.must((200, 201), "PUT", "/v1/documents/albums/summer", json={"owner": ann.id, "friends": [ann.id, ben.id]})
    album = 'lookup("albums", path.split("/")[0])'
    admin.put_bucket("photos", rules={"read": f"auth.id in {album}.friends", "write": f"{album}.owner == auth.id", "delete": f"{album}.owner == auth.id"})
    ann.must(201, "PUT", "/v1/files/photos/summer/1.txt", data=b"one")
    assert_problem(ben.put("/v1/files/photos/summer/2.txt", data=b"two"), 403)
    assert_problem(ann.put("/v1/files/photos/winter/1.txt", data=b"two"), 403)
    path = "/v1/files/photos/summer/1.txt"
    assert ben.get(path).content == b"one" and callers["stranger"].get(path).status_code == 404
    assert [item["path"] for item in ben.must(200, "GET", "/v1/files/photos")["items"]] == ["summer/1.txt"]
    assert callers["stranger"].must(200, "GET", "/v1/files/photos")["items"] == []
    assert_problem(ben.delete(path), 403)
    admin.must(200, "PATCH", "/v1/documents/albums/summer", json={"friends": []})
    assert ben.get(path).status_code == 404 and ben.must(200, "GET", "/v1/files/photos")["items"] == []
    assert ann.delete(path).status_code == 204
    assert_problem(admin.put("/v1/buckets/photos", json={"rules": {"read": 'lookup("nowhere", path) == null'}}), 422, says="nowhere")


def test_only_admins_see_how_a_list_is_read(checked, callers):
    admin = callers["admin"]
    assert admin.get("/v1/documents/checked", params={"filter": "n > 1", "explain": "true"}).status_code == 200
    for who in ("ann", "stranger"):
        assert_problem(callers[who].get("/v1/documents/checked", params={"explain": "true"}), (401, 403))
        assert_problem(callers[who].post("/v1/query/checked", json={"explain": True}), (401, 403))


def test_a_rule_sees_headers_but_no_secrets(admin, callers):
    for rule, allowed in (
        ('request.headers["x-app"] == "7"', True), ('request.headers["X-App"] == "7"', False), ("has(request.headers.authorization)", False), ("has(request.headers.cookie)", False),
        ('request.query.mode == "test"', True), ("request.time > timestamp('2020-01-01T00:00:00Z') && request.time < timestamp('2100-01-01T00:00:00Z')", True), ('request.ip == "127.0.0.1"', True),
    ):
        admin.put_collection("headed", rules={"create": rule})
        response = callers["ann"].post("/v1/documents/headed", json={}, params={"mode": "test"}, headers={"X-App": "7", "Cookie": "a=b"})
        assert response.status_code in ((201, 204) if allowed else (403,)), f"{rule}: {response.status_code} {response.text[:300]}"


# One answer everywhere: a get, a list, a filter and a simulation decide the same.

ODD = [None, True, False, 0, 1, -1, 3, 1.0, 1.5, 1e300, 9007199254740993, 9223372036854775807, -9223372036854775808, "", "a", "A", "é", "e\u0301", "😀", "a\u0000b", "3", "true", "2026-11-21T10:00:00Z",
       [], [1, "a"], ["mine", None], {}, {"a": 1}, {"a": {"b": "x"}}, "mine", "hers"]
DECIDING = [
    "v == 1", "v != 1", "v == 'a'", "v != null", "v == null", "has(v)", "!has(v)", "v > 0", "v <= 1.5", "v < 'b'", "v >= 'a'", "v", "!v", "v in [1, 'a', true, null]", "!(v in [1, 'a'])", "1 in v", "'a' in v",
    "v.startsWith('a')", "v.contains('e')", "v.matches('^[a-z]$')", "size(v) > 0", "size(v) == 1", "v.a == 1", "has(v.a)", "v.a.b == 'x'", "v[0] == 1", "type(v) == int", "type(v) == double", "type(v) == string",
    "v == 9007199254740993", "v == 9007199254740992.0", "v > 9223372036854775806", "v < -1", "v == 1 || w == 2", "v == 1 && w == 2", "v > 0 ? w == 2 : w == 1", "(v == 1) == (w == 2)", "v == w", "v < w", "v + 0 > 0", "v == 'e\\u0301'", "v == 'a\\u0000b'",
    "timestamp(v) < request.time", "auth.id == v || w == 2", "document == {}", "size(document) > 5", "'v' in document", "[v, w].exists(x, x == 1)", "string(v) == '1'", "int(v) > 2", "double(v) > 0.5", "dyn(v) == dyn(w)", "v.size() < 3 && w != 1",
    'lookup("things", v).open', 'lookup("things", v) != null', 'lookup("things", v) == null', 'lookup("things", v).n > w', 'lookup("things", v).n == w || v == 1', '!lookup("things", v).open', 'has(lookup("things", v).n)', '"x" in lookup("things", v).list',
    'lookup("things", "mine").n == w', 'lookup("things", lookup("things", v).next).open', 'lookup("things", w == 2 ? v : "hers").open', "optional.none().orValue(v) == 1", "document.?v.orValue(5) == 5", "v.?a.orValue(0) == 1",
]


@pytest.fixture(scope="module")
def odd(admin):
    admin.put_collection("things")
    for id, thing in {"mine": {"open": True, "n": 2, "next": "hers", "list": ["x"]}, "hers": {"open": False, "n": None, "next": "mine", "list": []}, "a": {"open": True}}.items():
        admin.must((200, 201), "PUT", f"/v1/documents/things/{id}", json=thing)
    bodies = [{"v": v, **({"w": w} if w else {})} for v in ODD for w in (None, 1, 2)] + [{}, {"w": 1}, {"w": 2}]
    admin.put_collection("decided")
    made = admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "create", "collection": "decided", "data": body} for body in bodies]})["items"]
    return {item["id"]: item for item in admin.every("/v1/documents/decided", limit=1000)}, len(made)


@pytest.mark.parametrize("indexed", [False, True], ids=["without an index", "with an index"])
@pytest.mark.parametrize("rule", DECIDING)
def test_a_get_a_list_and_a_simulation_agree(admin, callers, odd, rule, indexed):
    documents, count = odd
    assert len(documents) == count == len(ODD) * 3 + 3
    admin.put_collection("decided", rules={"read": rule}, indexes=[{"fields": ["v"]}, {"fields": ["w", "v"]}] if indexed else [])
    ann = callers["ann"]
    listed = {item["id"] for item in ann.every("/v1/documents/decided", limit=40)}
    got = {id for id in documents if ann.get(f"/v1/documents/decided/{id}").status_code == 200}
    assert listed == got, f"only in the list: {[documents[id] for id in listed - got]}; only by id: {[documents[id] for id in got - listed]}"
    backwards = {item["id"] for item in ann.every("/v1/documents/decided", limit=40, sort="-v")}
    assert backwards == got
    if not indexed:
        for id, document in list(documents.items())[:: max(1, len(documents) // 12)]:
            assert simulate(admin, "decided", "read", {"id": ann.id}, document=document)["allowed"] == (id in got), document
        if "lookup" not in rule:
            admin.put_collection("decided", rules={"read": "true"})
            assert {item["id"] for item in ann.every("/v1/documents/decided", limit=40, filter=rule)} == got, "a filter decides like a rule"


@pytest.fixture(scope="module")
def partly_hidden(admin, odd):
    """The odd documents, `v` hidden unless w is 1; and beside them what somebody sees of them, as documents of their own."""
    indexes = [{"fields": ["v"]}, {"fields": ["w", "v"]}]
    admin.put_collection("veiled2", rules={"read": "true"}, fieldRules={"v": {"read": "w == 1"}}, indexes=indexes)
    admin.put_collection("unveiled", rules={"read": "true"}, indexes=indexes)
    for key, document in enumerate(odd[0].values()):
        own = {"k": key, **{name: document[name] for name in ("v", "w") if name in document}}
        admin.create("veiled2", **own)
        admin.create("unveiled", **{name: value for name, value in own.items() if name != "v" or own.get("w") == 1})


@pytest.mark.parametrize("filter", [rule for rule in DECIDING if "lookup" not in rule])
def test_a_filter_sees_what_its_caller_sees(callers, partly_hidden, filter):
    keys = lambda who, collection: sorted(item["k"] for item in callers[who].every(f"/v1/documents/{collection}", limit=40, filter=filter))
    assert keys("ann", "veiled2") == keys("stranger", "veiled2") == keys("ann", "unveiled")
    negated = f"!({filter})"
    assert sorted(item["k"] for item in callers["ann"].every("/v1/documents/veiled2", filter=negated)) == sorted(item["k"] for item in callers["ann"].every("/v1/documents/unveiled", filter=negated))


def test_what_is_hidden_is_in_no_page(callers, partly_hidden):
    page = callers["ann"].every("/v1/documents/veiled2", limit=7)
    assert page and all(("v" in item) <= (item.get("w") == 1) for item in page)
    assert [{name: item.get(name, "none") for name in ("k", "v", "w")} for item in page] == [
        {name: item.get(name, "none") for name in ("k", "v", "w")} for item in callers["ann"].every("/v1/documents/unveiled", limit=7)]
