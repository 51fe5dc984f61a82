"""Full-text search: what is found, in which order, by whom; and that nothing somebody types is more than text."""
import random
import re
import subprocess
import threading
import time

import pytest

from roost_client import Caller, admin_login, assert_problem, register
from roost_server import ROOT, eventually

OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}
TEXT = {"fields": ["title", "body"], "type": "text", "weights": {"title": 10}}
SEED = random.SystemRandom().randrange(1 << 32)


def found(caller, collection, text, **query):
    return [item["id"] for item in caller.list(collection, search=text, **query)["items"]]


@pytest.fixture(scope="module")
def stories(server, admin):
    admin.put_collection("stories", rules=OPEN, indexes=[TEXT, {"fields": ["year"]}])
    for id, title, body, year in [
        ("fox", "The quick brown fox", "jumps over the lazy dog", 1900), ("dog", "The lazy dog", "sleeps while a quick fox jumps", 1910),
        ("cafe", "Café crème", "Le garçon apporte un café très chaud", 1920), ("straße", "Straße", "über den Dächern", 1930),
        ("markup", "<b>Bold</b> & \"quoted\"", "<script>alert('x')</script> fox tail", 1940),
    ]:
        admin.must((200, 201), "PUT", f"/v1/documents/stories/{id.replace('ß', 'ss')}", json={"title": title, "body": body, "year": year})
    return "stories"


@pytest.mark.parametrize("text, ids", [
    ("fox", {"fox", "dog", "markup"}), ("FOX", {"fox", "dog", "markup"}), ("quick fox", {"fox", "dog"}), ('"quick fox"', {"dog"}), ('"quick brown"', {"fox"}),
    ("brown lazy", {"fox"}), ("bro*", {"fox"}), ("fox -brown", {"dog", "markup"}), ('fox -"lazy dog"', {"markup"}), ("brown OR cafe", {"fox", "cafe"}),
    ("fox brown OR tail", {"fox", "markup"}), ("cafe", {"cafe"}), ("CAFÉ creme", {"cafe"}), ("dachern", {"strasse"}), ("straße", {"strasse"}),
    ('"lazy do"*', {"fox", "dog"}), ("quick-brown", {"fox"}), ("nothing", set()), ("fox ...", {"fox", "dog", "markup"}), ('"brown fox', {"fox"}),
    ("or", set()), ("OR fox", set()), ("script", {"markup"}), ("title:fox", set()), ("fox NOT brown", set()), ("fox AND quick", set()),
])
def test_what_is_found(stories, nobody, text, ids):
    assert set(found(nobody, stories, text)) == ids
    answer = nobody.must(200, "POST", f"/v1/query/{stories}", json={"search": text})
    assert {item["id"] for item in answer["items"]} == ids


def test_the_best_come_first_and_say_why(stories, nobody):
    items = nobody.list(stories, search="quick fox")["items"]
    assert [item["id"] for item in items] == ["fox", "dog"], "the title weighs ten times as much"
    scores = [item["search"]["score"] for item in items]
    assert scores == sorted(scores, reverse=True) and scores[-1] > 0
    assert items[0]["search"]["snippets"] == {"title": "The <mark>quick</mark> brown <mark>fox</mark>"}
    assert items[1]["search"]["snippets"] == {"body": "sleeps while a <mark>quick</mark> <mark>fox</mark> jumps"}
    assert items[0]["title"] == "The quick brown fox" and items[0]["version"] == 1


def test_snippets_are_safe_html(stories, nobody):
    snippets = nobody.list(stories, search="script OR bold")["items"][0]["search"]["snippets"]
    assert snippets == {
        "title": "&lt;b&gt;<mark>Bold</mark>&lt;/b&gt; &amp; &quot;quoted&quot;",
        "body": "&lt;<mark>script</mark>&gt;alert(&#39;x&#39;)&lt;/<mark>script</mark>&gt; fox tail",
    }


def test_search_goes_together_with_the_rest_of_a_list(stories, nobody, admin):
    assert found(nobody, stories, "fox", filter="year > 1905") == found(nobody, stories, "fox -brown")
    assert found(nobody, stories, "fox", sort="-year") == ["markup", "dog", "fox"]
    assert found(nobody, stories, "fox", sort="year") == ["fox", "dog", "markup"]
    item = nobody.list(stories, search="brown", fields="year")["items"][0]
    assert item["year"] == 1900 and set(item) == {"year", "search"}
    answer = nobody.must(200, "POST", f"/v1/query/{stories}", json={"search": "fox", "filter": "year == params.y", "params": {"y": 1910}})
    assert [item["id"] for item in answer["items"]] == ["dog"]
    page = nobody.list(stories, search="fox", limit=1, count="true")
    assert len(page["items"]) == 1 and page["total"] == 3
    assert nobody.list(stories, search="fox", filter="year > 1905 && title.size() > 3", limit=1, count="true")["total"] == 2
    assert nobody.list(stories, search="fox", filter="year == 1910", count="true")["total"] == 1
    assert_problem(nobody.post(f"/v1/query/{stories}", json={"search": "fox", "aggregate": {"count": True}}), 422, "validation_failed")
    plan = admin.list(stories, search="fox", filter="year > 1905", explain="true")["plan"]
    assert plan["index"] == ["title", "body"] and "MATCH" in plan["sql"]
    assert_problem(nobody.get(f"/v1/documents/{stories}", params={"search": "fox", "explain": "true"}), 401, "unauthenticated")


def test_every_page_together_is_the_whole_order(server, admin, nobody):
    chance = random.Random(SEED)
    admin.put_collection("paged", rules=OPEN, indexes=[{"fields": ["text"], "type": "text"}])
    for start in range(0, 300, 100):
        writes = [{"op": "create", "collection": "paged", "data": {"text": " ".join(["word"] * chance.randint(1, 4) + ["other"] * chance.randint(0, 3)), "n": chance.randint(0, 9)}}
                  for _ in range(100)]
        admin.must(200, "POST", "/v1/batch", json={"writes": writes})
    for sort in (None, "n", "-n,text", "-id"):
        for filter in (None, "n > 4", "text.size() > 9"):
            query = {"search": "word", **({"sort": sort} if sort else {}), **({"filter": filter} if filter else {})}
            whole = nobody.list("paged", limit=1000, **query)["items"]
            pages = nobody.every("/v1/documents/paged", limit=chance.randint(1, 40), **query)
            assert [item["id"] for item in pages] == [item["id"] for item in whole], f"seed {SEED}, {query}"
            assert len({item["id"] for item in whole}) == len(whole)
            if not sort:
                order = [(-item["search"]["score"], item["id"]) for item in whole]
                assert order == sorted(order), "equals by id"
    page = nobody.list("paged", search="word", limit=2)
    assert_problem(nobody.get("/v1/documents/paged", params={"search": "word", "sort": "n", "cursor": page["nextCursor"]}), 400, "bad_request")


@pytest.mark.parametrize("text", ["", " ", "\t\n", "*", "-", "--", "-fox", '-"fox"', '""', '"', "...", "!?", "()", "''", "^", "f*", "é*", "-*", "\0", ":"])
def test_what_holds_no_word_is_refused(stories, nobody, text):
    assert_problem(nobody.get(f"/v1/documents/{stories}", params={"search": text}), 400, "bad_request")
    assert_problem(nobody.post(f"/v1/query/{stories}", json={"search": text}), 400, "bad_request")


def test_bounds(stories, nobody, admin):
    for text in ("x" * 1001, " ".join(["word"] * 33), "-a " * 33 + "b"):
        assert_problem(nobody.get(f"/v1/documents/{stories}", params={"search": text}), 400, "bad_request")
    nobody.list(stories, search=" ".join(["word"] * 32))
    nobody.list(stories, search="x" * 1000)
    admin.put_collection("unindexed", rules=OPEN)
    assert_problem(nobody.get("/v1/documents/unindexed", params={"search": "fox"}), 400, "bad_request")
    assert_problem(nobody.post("/v1/query/unindexed", json={"search": 7}), 422, "validation_failed")
    assert_problem(nobody.get("/v1/documents/nowhere", params={"search": "fox"}), 404, "collection_not_found")


HOSTILE = ['"', "'", "*", "^", "(", ")", "{", "}", ":", "+", "-", "NEAR", "NEAR(", "NEAR/2", "AND", "OR", "NOT", "c0", "c0:", "{c0 c1}:", "- {c0} :", "words_1", "rank",
           "fox", "dog", "a", "\0", "\x01", "\\", "%", ";", "--", "/*", "é", "𝒳", "\u202e", "\u0301", "中文字", "ẞ", "\ud7ff", "\uffff", " ", "  ", "\n", "DROP TABLE", "1e999", "''", '""']


def test_hostile_text_is_only_text(stories, nobody):
    chance = random.Random(SEED)
    for turn in range(1500):
        text = chance.choice(["", " "]).join(chance.choice(HOSTILE) for _ in range(chance.randint(1, 12)))
        response = nobody.post(f"/v1/query/{stories}", json={"search": text, "limit": 2})
        assert response.status_code in (200, 400), f"seed {SEED}, turn {turn}, {text!r}: {response.text[:300]}"
        if response.status_code == 400:
            assert_problem(response, 400, "bad_request")
    assert set(found(nobody, stories, "fox")) == {"fox", "dog", "markup"}


@pytest.mark.parametrize("index, pointer", [
    ({"fields": []}, "/indexes/0/fields"), ({}, "/indexes/0/fields"), ({"fields": ["-title"]}, "/indexes/0/fields/0"), ({"fields": ["a", "a"]}, "/indexes/0/fields/1"),
    ({"fields": ["id"]}, "/indexes/0/fields/0"), ({"fields": ["createdAt"]}, "/indexes/0/fields/0"), ({"fields": ["a b"]}, "/indexes/0/fields/0"),
    ({"fields": ["a'); DROP TABLE x"]}, "/indexes/0/fields/0"), ({"fields": [7]}, "/indexes/0/fields/0"), ({"fields": [f"f{n}" for n in range(17)]}, "/indexes/0/fields"),
    ({"fields": ["a"], "weights": {"b": 1}}, "/indexes/0/weights/b"), ({"fields": ["a"], "weights": {"a": 0}}, "/indexes/0/weights/a"),
    ({"fields": ["a"], "weights": {"a": "x"}}, "/indexes/0/weights/a"), ({"fields": ["a"], "weights": [1]}, "/indexes/0/weights"),
    ({"fields": ["a"], "tokenizer": "klingon"}, "/indexes/0/tokenizer"), ({"fields": ["a"], "unique": True}, "/indexes/0/unique"),
    ({"fields": ["a"], "wieghts": {}}, "/indexes/0/wieghts"),
])
def test_a_wrong_definition_is_refused_with_its_place(admin, index, pointer):
    body = assert_problem(admin.put("/v1/collections/wrong", json={"indexes": [{"type": "text", **index}]}), 422, "validation_failed")
    assert body["errors"][0]["pointer"] == pointer
    assert admin.get("/v1/collections/wrong").status_code == 404


def test_one_text_index_a_collection(admin):
    body = assert_problem(admin.put("/v1/collections/wrong", json={"indexes": [TEXT, {"fields": ["x"]}, TEXT]}), 422, "validation_failed")
    assert body["errors"][0]["pointer"] == "/indexes/2"


def text_index(admin, collection):
    return next((index for index in admin.must(200, "GET", f"/v1/collections/{collection}")["indexes"] if index.get("type") == "text"), None)


def test_the_configuration_comes_back_as_it_may_be_sent(admin):
    admin.put_collection("echo", rules=OPEN, indexes=[{"fields": ["n"]}, {**TEXT, "tokenizer": "porter"}])
    body = admin.must(200, "GET", "/v1/collections/echo")
    index = text_index(admin, "echo")
    assert index == {"fields": ["title", "body"], "type": "text", "weights": {"title": 10}, "tokenizer": "porter", "state": "ready", "progress": 1}
    assert admin.must(200, "PUT", "/v1/collections/echo", json=body)["indexes"] == body["indexes"]
    assert body["indexes"] in [item["indexes"] for item in admin.every("/v1/collections")]


def test_writes_are_found_at_once(server, admin, nobody):
    admin.put_collection("fresh", rules=OPEN, indexes=[{"fields": ["text", "o.deep", "tags"], "type": "text"}])
    one = nobody.create("fresh", text="alpha beta")["id"]
    assert found(nobody, "fresh", "alpha") == [one]
    nobody.must(200, "PATCH", f"/v1/documents/fresh/{one}", json={"text": "gamma", "o": {"deep": "delta"}})
    assert found(nobody, "fresh", "alpha") == [] and found(nobody, "fresh", "gamma delta") == [one]
    nobody.must(200, "PATCH", f"/v1/documents/fresh/{one}", json={"n": 1})
    nobody.must(200, "PATCH", f"/v1/documents/fresh/{one}", json={"tags": ["eins", "zwei", 3, None, ["vier"]], "text": None})
    assert found(nobody, "fresh", "zwei eins") == [one] and found(nobody, "fresh", "gamma") == [] and found(nobody, "fresh", "vier") == [one]
    assert nobody.list("fresh", search="zwei delta")["items"][0]["search"]["snippets"] == {"tags": "eins\n<mark>zwei</mark>\nvier", "o.deep": "<mark>delta</mark>"}
    nobody.must(200, "PUT", f"/v1/documents/fresh/{one}", json={"o": [{"deep": "in a list"}, {"deep": 7}, {"x": "no"}]})
    assert found(nobody, "fresh", "list") == [one] and found(nobody, "fresh", "no") == []
    nobody.must(204, "DELETE", f"/v1/documents/fresh/{one}")
    assert found(nobody, "fresh", "list") == []
    # All or none, also for words.
    writes = [{"op": "create", "collection": "fresh", "id": "x", "data": {"text": "undone"}}, {"op": "patch", "collection": "fresh", "id": "missing", "data": {}}]
    assert nobody.post("/v1/batch", json={"writes": writes}).status_code == 404
    assert found(nobody, "fresh", "undone") == []
    nobody.must(201, "PUT", "/v1/documents/fresh/x", json={"text": "done"})
    assert found(nobody, "fresh", "done") == ["x"]


def test_odd_text(server, admin, nobody):
    admin.put_collection("odd", rules=OPEN, indexes=[{"fields": ["text"], "type": "text"}])
    bodies = {
        "nul": "before\0behind", "long": "needle " + "hay " * 200_000 + "rare", "word": "x" * 900_000, "number": 42, "null": None, "object": {"text": "inside"},
        "list": [["nested"], {"x": "object"}], "empty": "", "emoji": "a 👩‍👩‍👧 family", "zalgo": "Z͑ͫ̓ͪ̂a̴̵l̸g̷o", "rtl": "שלום עולם", "cjk": "中文 全文检索",
    }
    for id, text in bodies.items():
        nobody.must(201, "PUT", f"/v1/documents/odd/{id}", json={"text": text})
    for text, ids in [("before behind", ["nul"]), ("needle rare", ["long"]), ("xxxx*", ["word"]), ("family", ["emoji"]), ("nested", ["list"]), ("inside", []), ("42", []),
                      ("שלום", ["rtl"]), ("全文检索", ["cjk"]), ("全文*", ["cjk"])]:
        assert found(nobody, "odd", text) == ids, text
    snippet = nobody.list("odd", search="needle")["items"][0]["search"]["snippets"]["text"]
    assert snippet.startswith("<mark>needle</mark> hay") and snippet.endswith("…") and len(snippet) < 400
    assert len(nobody.list("odd", search="xx*")["items"][0]["search"]["snippets"]["text"]) < 1100
    for id in bodies:
        nobody.must(204, "DELETE", f"/v1/documents/odd/{id}")
    assert found(nobody, "odd", "needle OR before OR family OR xxxx*") == []
    # A field of our name gives way.
    nobody.create("odd", text="mine", search="theirs")
    assert nobody.list("odd", search="mine")["items"][0]["search"]["snippets"] == {"text": "<mark>mine</mark>"}


def test_tokenizers(admin, nobody):
    admin.put_collection("stems", rules=OPEN, indexes=[{"fields": ["text"], "type": "text", "tokenizer": "porter"}])
    admin.put_collection("parts", rules=OPEN, indexes=[{"fields": ["text"], "type": "text", "tokenizer": "trigram"}])
    for collection in ("stems", "parts"):
        for id, text in [("run", "She was running quickly"), ("cjk", "全文检索很重要"), ("part", "Donaudampfschiff")]:
            admin.must(201, "PUT", f"/v1/documents/{collection}/{id}", json={"text": text})
    assert found(nobody, "stems", "runs") == ["run"] and found(nobody, "stems", "run*") == ["run"]
    assert nobody.list("stems", search="runs quick*")["items"][0]["search"]["snippets"] == {"text": "She was <mark>running</mark> <mark>quickly</mark>"}
    assert found(nobody, "parts", "dampf") == ["part"] and found(nobody, "parts", "检索很") == ["cjk"] and found(nobody, "parts", "unning qui") == ["run"]
    assert nobody.list("parts", search="DAMPF")["items"][0]["search"]["snippets"] == {"text": "Donau<mark>dampf</mark>schiff"}
    assert_problem(nobody.get("/v1/documents/parts", params={"search": "检索"}), 400, "bad_request")


# MARK: Who finds what


@pytest.fixture(scope="module")
def guarded(server, admin, ada, bob):
    admin.put_collection("notes", rules={**OPEN, "read": "public || owner == auth.id"}, fieldRules={"secret": {"read": "owner == auth.id"}},
                         indexes=[{"fields": ["title", "secret"], "type": "text", "weights": {"secret": 5}}])
    admin.put_collection("sealed", rules=OPEN, fieldRules={"secret": {"read": "false"}}, indexes=[{"fields": ["secret", "secret.deep"], "type": "text"}])
    admin.put_collection("closed_notes", indexes=[{"fields": ["title"], "type": "text"}])
    for id, owner, public, title, secret in [
        ("adas", ada.id, False, "apple one", "cherry"), ("shared", ada.id, True, "apple two", "cherry " * 50 + "banana"), ("bobs", bob.id, False, "apple three", "banana"),
    ]:
        admin.must(201, "PUT", f"/v1/documents/notes/{id}", json={"owner": owner, "public": public, "title": title, "secret": secret})
    admin.must(201, "PUT", "/v1/documents/sealed/s", json={"secret": "cherry", "other": "x"})
    admin.must(201, "PUT", "/v1/documents/closed_notes/c", json={"title": "apple"})
    return {"ada": ada, "bob": bob, "nobody": Caller(server), "admin": admin}


@pytest.mark.parametrize("who, ids", [("ada", {"adas", "shared"}), ("bob", {"bobs", "shared"}), ("nobody", {"shared"}), ("admin", {"adas", "bobs", "shared"})])
def test_the_read_rule_decides_what_is_found(guarded, who, ids):
    assert set(found(guarded[who], "notes", "apple")) == ids
    assert set(found(guarded[who], "notes", "apple", filter="true || public")) == ids
    assert set(found(guarded[who], "notes", "app*", sort="title")) == ids
    assert {item["id"] for item in guarded[who].every("/v1/documents/notes", search="apple", limit=1)} == ids
    assert guarded[who].list("notes", search="apple", limit=1, count="true")["total"] == len(ids)
    hidden = guarded[who].list("notes", search="apple", filter="secret.contains('banana')", count="true")
    assert hidden["total"] == len(hidden["items"]) == {"ada": 1, "bob": 1, "nobody": 0, "admin": 2}[who], "a filter sees what the caller sees"


@pytest.mark.parametrize("who", ["ada", "bob", "nobody"])
def test_a_guarded_field_is_not_searched(guarded, who):
    for text in ("cherry", "banana", "cher*", "cherry OR banana", '"cherry cherry"', "c1 cherry"):
        assert found(guarded[who], "notes", text) == [], text
    assert set(found(guarded[who], "notes", "apple -cherry -banana")) == set(found(guarded[who], "notes", "apple")), "nothing is excluded by it either"
    for item in guarded[who].list("notes", search="apple OR cherry")["items"]:
        assert set(item["search"]["snippets"]) == {"title"}
    assert_problem(guarded[who].get("/v1/documents/sealed", params={"search": "cherry"}), 403, "forbidden")


def test_those_who_pass_rules_search_everything(guarded):
    admin = guarded["admin"]
    assert set(found(admin, "notes", "cherry")) == {"adas", "shared"}
    assert admin.list("notes", search="cherry -banana")["items"][0]["search"]["snippets"] == {"secret": "<mark>cherry</mark>"}
    assert found(admin, "sealed", "cherry") == ["s"]


def test_a_score_tells_nothing_of_a_guarded_field(guarded):
    """The hidden text of one is fifty times as long: with plain BM25 its score would be lower."""
    scores = {item["id"]: item["search"]["score"] for item in guarded["ada"].list("notes", search="apple")["items"]}
    assert scores["adas"] == scores["shared"]


def test_without_a_read_rule_only_admins_search(guarded, ada, nobody):
    assert_problem(nobody.get("/v1/documents/closed_notes", params={"search": "apple"}), 401, "unauthenticated")
    assert_problem(ada.get("/v1/documents/closed_notes", params={"search": "apple"}), 403, "forbidden")
    # Nor does anybody learn whether there is an index or what it would say of the text.
    assert_problem(ada.get("/v1/documents/closed_notes", params={"search": "..."}), 403, "forbidden")
    assert found(guarded["admin"], "closed_notes", "apple") == ["c"]


def test_references_come_along(server, admin, ada):
    admin.put_collection("writers", rules=OPEN)
    admin.put_collection("works", rules=OPEN, indexes=[{"fields": ["title"], "type": "text"}],
                         schema={"type": "object", "properties": {"writer": {"type": "string", "x-collection": "writers"}}})
    admin.must(201, "PUT", "/v1/documents/writers/w", json={"name": "Jane"})
    admin.must(201, "PUT", "/v1/documents/works/e", json={"title": "Emma", "writer": "w"})
    item = ada.list("works", search="emma", expand="writer")["items"][0]
    assert item["search"]["snippets"] == {"title": "<mark>Emma</mark>"} and item["expand"]["writer"]["name"] == "Jane"


def test_rules_that_look_up(server, admin, ada, bob):
    admin.put_collection("teams", rules=OPEN)
    admin.put_collection("tasks", rules={**OPEN, "read": "auth != null && lookup('teams', team).members.exists(m, m == auth.id)"},
                         indexes=[{"fields": ["text"], "type": "text"}])
    admin.must(201, "PUT", "/v1/documents/teams/a", json={"members": [ada.id]})
    admin.must(201, "PUT", "/v1/documents/tasks/t", json={"team": "a", "text": "find me"})
    assert found(ada, "tasks", "find") == ["t"] and found(bob, "tasks", "find") == []


# MARK: Configuration


def test_other_fields_are_another_index(admin, nobody):
    admin.put_collection("changing", rules=OPEN, indexes=[{"fields": ["a"], "type": "text"}])
    nobody.must(201, "PUT", "/v1/documents/changing/x", json={"a": "alpha", "b": "beta"})
    assert found(nobody, "changing", "alpha") == ["x"]
    admin.put_collection("changing", rules=OPEN, indexes=[{"fields": ["b"], "type": "text"}])
    assert found(nobody, "changing", "alpha") == [] and found(nobody, "changing", "beta") == ["x"]
    admin.put_collection("changing", rules=OPEN, indexes=[{"fields": ["b"], "type": "text", "weights": {"b": 3}}])
    assert found(nobody, "changing", "beta") == ["x"]
    admin.put_collection("changing", rules=OPEN)
    assert text_index(admin, "changing") is None
    assert_problem(nobody.get("/v1/documents/changing", params={"search": "beta"}), 400, "bad_request")
    nobody.must(200, "PATCH", "/v1/documents/changing/x", json={"b": "gamma"})
    admin.put_collection("changing", rules=OPEN, indexes=[{"fields": ["b"], "type": "text"}])
    assert found(nobody, "changing", "gamma") == ["x"] and found(nobody, "changing", "beta") == []
    admin.must(204, "DELETE", "/v1/collections/changing")
    admin.put_collection("changing", rules=OPEN, indexes=[{"fields": ["b"], "type": "text"}])
    assert found(nobody, "changing", "gamma") == []


def test_users_are_searched_by_their_rules(server, admin):
    users = admin.must(200, "GET", "/v1/collections/users")
    admin.must(200, "PATCH", "/v1/collections/users", json={"indexes": [{"fields": ["name", "email"], "type": "text"}]})
    carla = register(server, "carla", name="Carla Ferrari")
    dora = register(server, "dora", name="Dora Ferrari")
    assert set(found(admin, "users", "ferrari")) == {carla.id, dora.id}
    assert found(carla, "users", "ferrari") == [carla.id]
    carla.must(200, "PATCH", "/v1/auth/me", json={"name": "Carla Bianchi"})
    assert found(admin, "users", "ferrari") == [dora.id] and found(admin, "users", "bianchi") == [carla.id]
    admin.must(204, "DELETE", f"/v1/users/{dora.id}")
    assert found(admin, "users", "ferrari") == []
    admin.must(200, "PUT", "/v1/collections/users", json=users)


def fill(caller, collection, count, start=0):
    for first in range(start, start + count, 500):
        writes = [{"op": "create", "collection": collection, "id": f"d{n:06}", "data": {"text": f"word{n % 97} common number {n}", "n": n}} for n in range(first, min(start + count, first + 500))]
        caller.must(200, "POST", "/v1/batch", json={"writes": writes})


def test_a_large_collection_is_indexed_beside_its_writes(server, admin, nobody):
    count = 12_000
    admin.put_collection("large", rules=OPEN)
    fill(admin, "large", count)
    admin.put_collection("large", rules=OPEN, indexes=[{"fields": ["text"], "type": "text"}])
    states, refused, slowest, turn = [], 0, 0.0, 0
    while True:
        began = time.monotonic()
        # Behind and before what is indexed already.
        nobody.must((200, 201), "PUT", f"/v1/documents/large/d{turn * 37 % count:06}", json={"text": f"changed number {turn}"})
        nobody.must(201, "PUT", f"/v1/documents/large/new{turn}", json={"text": f"fresh number {turn}"})
        nobody.delete(f"/v1/documents/large/d{(turn * 91 + 5) % count:06}")
        slowest = max(slowest, time.monotonic() - began)
        turn += 1
        index = text_index(admin, "large")
        states.append(index["progress"])
        response = nobody.get("/v1/documents/large", params={"search": "common", "limit": 1})
        if response.status_code != 200:
            refused += 1
            assert_problem(response, 503, "index_building")
        if index["state"] == "ready":
            break
        assert index["state"] == "building" and 0 <= index["progress"] < 1
    assert states == sorted(states) and refused > 0, "the test was to see it at work"
    for text, filter in [("changed", "text.startsWith('changed')"), ("fresh", "text.startsWith('fresh')"), ("common", "text.contains('common')")]:
        assert {item["id"] for item in nobody.every("/v1/documents/large", search=text, limit=1000)} == {
            item["id"] for item in nobody.every("/v1/documents/large", filter=filter, limit=1000)}, text


def test_building_goes_on_after_a_kill(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("large", rules=OPEN)
    fill(admin, "large", 12_000)
    admin.put_collection("large", rules=OPEN, indexes=[{"fields": ["text"], "type": "text"}])
    before = text_index(admin, "large")
    server.kill()
    assert before["state"] == "building", "the test was to kill it at work"
    server.start()
    admin = admin_login(server)
    eventually(lambda: text_index(admin, "large")["state"] == "ready", 60, "the index")
    assert len(admin.every("/v1/documents/large", search="common", limit=1000)) == 12_000
    admin.must(200, "PATCH", "/v1/documents/large/d000000", json={"text": "other"})
    assert found(admin, "large", "other") == ["d000000"]


def test_searches_and_writes_at_the_same_time(server, admin):
    admin.put_collection("busy", rules=OPEN, indexes=[{"fields": ["text"], "type": "text"}])
    problems = []

    def write(who):
        caller = Caller(server)
        try:
            for turn in range(60):
                id = f"{who}-{turn % 7}"
                caller.must((200, 201), "PUT", f"/v1/documents/busy/{id}", json={"text": f"writer{who} turn{turn}"})
                if found(caller, "busy", f"writer{who} turn{turn}") != [id]:
                    problems.append(f"{id} was not found at once")
        except AssertionError as error:
            problems.append(str(error))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_the_guide(start):
    server = start()
    guide = (ROOT / "docs/guides/search.md").read_text()
    script = "".join(re.findall(r"(?s)```sh\n(.*?)```", guide)).replace("http://127.0.0.1:8090", server.url)
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.split("\n")
    for block in re.findall(r"(?s)```json\n(.*?)```", guide):
        for line in block.strip().split("\n"):
            score = re.compile(r'(?<="score":\d\.\d\d)\d+')
            assert any(score.sub("", known).endswith(line) for known in lines), f"{line} is not in {run.stdout}"
    for ids in ('["dog"]', '["cafe","dog"]', '["dog","fox"]', '"The quick brown fox"\n"The lazy dog"'):
        assert ids in run.stdout, run.stdout
