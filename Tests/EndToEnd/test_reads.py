"""Reads beyond a page: how many there are, groups of them, what they refer to, and pages while others write."""
import itertools
import json
import math
import random
import re
import threading

import pytest

from roost_client import Caller, admin_login, assert_problem
from roost_server import ROOT

PUBLIC = {"read": "true", "create": "true", "update": "true", "delete": "true"}
names = (f"reads{n}" for n in itertools.count(1))


@pytest.fixture
def things(admin):
    name = next(names)
    admin.put_collection(name, rules=PUBLIC)
    return name


def fill(caller, collection, documents):
    for start in range(0, len(documents), 500):
        caller.must(200, "POST", "/v1/batch", json={"writes": [
            {"op": "create", "collection": collection, "data": data, **({"id": data["id"]} if "id" in data else {})}
            for data in documents[start:start + 500]]})


def query(caller, collection, status=200, **body):
    return caller.must(status, "POST", f"/v1/query/{collection}", json=body)


def rows(caller, collection, **body):
    return query(caller, collection, **body)["items"]


# count

def test_a_list_tells_on_request_how_many_documents_match(nobody, things, admin):
    fill(admin, things, [{"n": n, "s": "x" if n % 2 else "y\0"} for n in range(25)])
    assert "total" not in nobody.list(things, limit=2)
    for how, total in [({}, 25), ({"filter": "n < 10"}, 10), ({"filter": 's == "x"'}, 12), ({"filter": 's == "y"'}, 0),
                       ({"filter": "size(s) == 2"}, 13), ({"filter": "false"}, 0), ({"filter": "true"}, 25)]:
        page = nobody.list(things, count="true", limit=2, sort="-n", **how)
        assert page["total"] == total and len(page["items"]) == min(2, total), how
        assert query(nobody, things, count=True, limit=2, **how)["total"] == total
    first = nobody.list(things, count="true", limit=10)
    assert nobody.list(things, count="true", limit=10, cursor=first["nextCursor"])["total"] == 25, "of all pages, wherever this one begins"
    assert_problem(nobody.get(f"/v1/documents/{things}", params={"count": "yes"}), 400, "bad_request")
    assert_problem(nobody.post(f"/v1/query/{things}", json={"count": "true"}), 422, "validation_failed")


def test_a_count_is_of_what_the_caller_may_see(admin, ada, bob, nobody):
    name = next(names)
    admin.put_collection(name, rules={**PUBLIC, "read": "auth != null && (owner == auth.id || shared)"},
                         fieldRules={"secret": {"read": "owner == auth.id"}})
    fill(admin, name, [{"owner": ada.id if n % 3 else bob.id, "shared": n % 2 == 0, "secret": n % 5} for n in range(30)])
    assert admin.list(name, count="true")["total"] == 30
    for caller, other in [(ada, bob), (bob, ada)]:
        seen = caller.every(f"/v1/documents/{name}")
        assert caller.list(name, count="true", limit=1)["total"] == len(seen) < 30
        # What is hidden is not counted by its value.
        known = [d for d in seen if d.get("secret") == 2]
        assert caller.list(name, count="true", filter="secret == 2")["total"] == len(known) > 0
        assert all(d["owner"] == caller.id for d in known)
    assert nobody.list(name, count="true")["total"] == 0


def test_a_count_that_takes_too_long_leaves_the_page_whole(admin, nobody, things):
    """Each document costs the filter much; the page needs one of them."""
    fill(admin, things, [{"l": list(range(150))} for _ in range(6000)])
    costly = "l.all(i, l.all(j, i + j >= 0))"
    page = nobody.list(things, filter=costly, limit=1, count="true")
    assert len(page["items"]) == 1 and page["nextCursor"] and page["total"] is None
    assert_problem(nobody.post(f"/v1/query/{things}", json={"filter": costly, "aggregate": {"count": True}}), 422, "query_too_slow")
    assert nobody.list(things, limit=1, count="true")["total"] == 6000


@pytest.mark.parametrize("cursor", ["", "x", "e30", "W10", "bnVsbA", "eyJzIjoiIiwidiI6W10sImkiOiJ4In0", "eyJzIjoiIiwidiI6W10sImkiOiJbW1tbW1tbIn0", "A" * 100_000])
def test_a_cursor_that_nobody_gave_out_is_refused(nobody, admin, things, cursor):
    fill(admin, things, [{"a": 1}])
    assert_problem(nobody.post(f"/v1/query/{things}", json={"groupBy": ["a"], "cursor": cursor}), 400, "bad_request")


# aggregates

SALES = [{"author": "ada", "price": 3}, {"author": "ada", "price": 4.5}, {"author": "bob", "price": 10}, {"author": "bob", "price": "dear"},
         {"author": None, "price": 1}, {"price": 2}, {"author": "ada"}]


def test_groups_of_documents(nobody, admin, things):
    fill(admin, things, SALES)
    answer = query(nobody, things, aggregate={"count": True, "sum": ["price"], "avg": ["price"], "min": ["price"], "max": ["price"]}, groupBy=["author"])
    assert answer == {"nextCursor": None, "items": [
        {"group": {"author": None}, "count": 2, "sum": {"price": 3}, "avg": {"price": 1.5}, "min": {"price": 1}, "max": {"price": 2}},
        {"group": {"author": "ada"}, "count": 3, "sum": {"price": 7.5}, "avg": {"price": 3.75}, "min": {"price": 3}, "max": {"price": 4.5}},
        {"group": {"author": "bob"}, "count": 2, "sum": {"price": 10}, "avg": {"price": 10}, "min": {"price": 10}, "max": {"price": "dear"}}]}
    assert rows(nobody, things, aggregate={"count": True, "sum": ["price"], "distinct": ["author"]}) == [
        {"count": 7, "sum": {"price": 20.5}, "distinct": {"author": 2}}]
    assert rows(nobody, things, aggregate={"count": True}, filter="author == params.who", params={"who": "ada"}) == [{"count": 3}]
    assert rows(nobody, things, distinct="author") == [None, "ada", "bob"]
    assert rows(nobody, things, distinct="author", sort="-author", filter="price > 2") == ["bob", "ada"]
    assert rows(nobody, things, groupBy=["author"], sort="-group.author", limit=1) == [{"group": {"author": "bob"}}]


def test_nothing_has_one_row_without_groups_and_none_with(nobody, things):
    assert rows(nobody, things, aggregate={"count": True, "sum": ["a"], "avg": ["a"], "min": ["a"], "max": ["a"], "distinct": ["a"]}) == [
        {"count": 0, "sum": {"a": 0}, "avg": {"a": None}, "min": {"a": None}, "max": {"a": None}, "distinct": {"a": 0}}]
    assert rows(nobody, things, aggregate={"count": True}, groupBy=["a"]) == []
    assert rows(nobody, things, distinct="a") == []


def test_having_sort_and_pages_are_about_groups(nobody, admin, things):
    fill(admin, things, [{"k": f"k{n % 13:02}", "v": n} for n in range(130)] + [{"k": "k99", "v": 1}])
    every = rows(nobody, things, aggregate={"count": True, "sum": ["v"]}, groupBy=["k"])
    assert len(every) == 14
    ask = {"aggregate": {"count": True, "sum": ["v"]}, "groupBy": ["k"], "having": "count >= params.least && sum.v < 700", "params": {"least": 2},
           "sort": "-sum.v", "count": True}
    expected = sorted([row for row in every if row["count"] >= 2 and row["sum"]["v"] < 700], key=lambda row: -row["sum"]["v"])
    for limit in (1, 3, 5, 100):
        found, cursor = [], None
        while True:
            page = query(nobody, things, limit=limit, **ask, **({"cursor": cursor} if cursor else {}))
            assert len(page["items"]) <= limit and page["total"] == len(expected)
            found += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert found == expected
    # Ties are in the order of the groups, page by page.
    tied = {"aggregate": {"count": True}, "groupBy": ["k"], "sort": "-count"}
    whole, found, cursor = rows(nobody, things, **tied), [], None
    while cursor is not None or not found:
        page = query(nobody, things, limit=2, **tied, **({"cursor": cursor} if cursor else {}))
        found, cursor = found + page["items"], page["nextCursor"]
    assert found == whole and [row["group"]["k"] for row in whole] == sorted(f"k{n:02}" for n in range(13)) + ["k99"]


@pytest.mark.parametrize("values, group", [
    ([1, 1.0, 1e0], 1), ([True], True), ([1.5], 1.5), ([9007199254740993], 9007199254740993), (["a\0b"], "a\0b"), (["a\0c", "a\0c"], "a\0c"),
    ([{"x": 1, "y": 2}, {"y": 2.0, "x": 1}], {"x": 1, "y": 2}), ([[1, 2], [1.0, 2]], [1, 2]), (["[1]"], "[1]"), (["é"], "é"), (["é"], "é"), ([0, -0.0], 0),
    ([False], False), (["1"], "1"), ([12345678901234567890], 12345678901234567890.0), ([None], None),
])
def test_values_that_are_the_same_are_one_group_and_others_are_not(nobody, admin, things, values, group):
    others = [0.1, 7, "1.0", "true", "a", "a\0", [1], {"x": 1}, "null", -3]
    fill(admin, things, [{"v": value} for value in values + others])
    counted = {json.dumps(row["group"]["v"]): row["count"] for row in rows(nobody, things, groupBy=["v"], aggregate={"count": True})}
    assert counted[json.dumps(group)] == len(values)
    assert len(counted) == 1 + len(others) and sum(counted.values()) == len(values) + len(others)
    assert {json.dumps(v) for v in rows(nobody, things, distinct="v")} == set(counted)


def test_whole_numbers_are_exact_and_past_64_bits_a_double(nobody, admin, things):
    most = 2**63 - 1
    fill(admin, things, [{"g": "fits", "n": most}, {"g": "fits", "n": -5}, {"g": "over", "n": most}, {"g": "over", "n": most},
                         {"g": "back", "n": most}, {"g": "back", "n": most}, {"g": "back", "n": -most}, {"g": "cents", "n": 0.1}, {"g": "cents", "n": 0.2},
                         {"g": "cents", "n": 0.3}, {"g": "large", "n": 1e308}, {"g": "large", "n": 1e308}, {"g": "large", "n": -1e308},
                         {"g": "flags", "n": True}, {"g": "flags", "n": "7"}, {"g": "flags", "n": [1]}])
    text = nobody.post(f"/v1/query/{things}", json={"aggregate": {"sum": ["n"], "avg": ["n"]}, "groupBy": ["g"]})
    found = {row["group"]["g"]: row["sum"]["n"] for row in text.json()["items"]}
    assert found["fits"] == most - 5 and found["back"] == most and found["over"] == float(2 * most)
    assert found["cents"] == math.fsum([0.1, 0.2, 0.3]) and found["large"] == 1e308 and found["flags"] == 0
    fill(admin, things, [{"g": "huge", "n": 1e308}, {"g": "huge", "n": 1e308}])
    assert_problem(nobody.post(f"/v1/query/{things}", json={"aggregate": {"sum": ["n"]}, "groupBy": ["g"]}), 422, "evaluation_error", "larger than any number")
    assert rows(nobody, things, aggregate={"avg": ["n"]}, filter='g == "huge"') == [{"avg": {"n": 1e308}}]


def test_our_own_fields_and_fields_within_fields_can_be_aggregated(nobody, admin, things):
    fill(admin, things, [{"id": f"id{n}", "o": {"x": n % 2}, "l": [n]} for n in range(4)])
    answer = rows(nobody, things, groupBy=["o.x", "version"], aggregate={"min": ["id", "o.x"], "max": ["createdAt"], "distinct": ["id", "id.x"]},
                  having='group["o.x"] == 1 && max.createdAt > "2020"')
    assert len(answer) == 1 and answer[0]["group"] == {"o.x": 1, "version": 1} and answer[0]["min"] == {"id": "id1", "o.x": 1}
    assert answer[0]["distinct"] == {"id": 2, "id.x": 0}


def test_aggregates_see_what_their_caller_sees(admin, ada, bob, nobody):
    name = next(names)
    admin.put_collection(name, rules={**PUBLIC, "read": "owner == auth.id || open"}, fieldRules={"pay": {"read": "owner == auth.id"}, "note": {"write": "false"}})
    fill(admin, name, [{"owner": who.id, "open": n % 2 == 0, "pay": n, "note": n} for who in (ada, bob) for n in range(10)])
    ask = {"groupBy": ["owner"], "aggregate": {"count": True, "sum": ["note"]}}
    assert [row["count"] for row in rows(admin, name, **ask)] == [10, 10]
    assert {row["group"]["owner"]: row["count"] for row in rows(ada, name, **ask)} == {ada.id: 10, bob.id: 5}
    assert {row["group"]["owner"]: (row["count"], row["sum"]["note"]) for row in rows(nobody, name, **ask)} == {ada.id: (5, 20), bob.id: (5, 20)}
    for body in [{"groupBy": ["pay"]}, {"distinct": "pay"}, {"distinct": "pay.x"}, {"groupBy": ["owner", "pay"]}] + [
            {"aggregate": {function: ["note", "pay"]}} for function in ("sum", "avg", "min", "max", "distinct")]:
        for caller in (ada, bob, nobody):
            assert_problem(caller.post(f"/v1/query/{name}", json=body), 403, "forbidden", "pay")
        assert query(admin, name, **body)["items"]
    # A filter tells nothing either of what is hidden.
    assert rows(ada, name, aggregate={"count": True}, filter="pay >= 0") == [{"count": 10}]
    assert rows(nobody, name, aggregate={"count": True}, filter="pay >= 0") == [{"count": 0}]
    closed = next(names)
    admin.put_collection(closed)
    for body in ({"aggregate": {"count": True}}, {"distinct": "a"}, {"groupBy": ["a"]}):
        assert_problem(ada.post(f"/v1/query/{closed}", json=body), 403, "forbidden")
        assert_problem(nobody.post(f"/v1/query/{closed}", json=body), 401, "unauthenticated")


@pytest.mark.parametrize("body, status", [
    ({"aggregate": {}}, 422), ({"aggregate": {"count": False}}, 422), ({"aggregate": {"sum": "price"}}, 422), ({"aggregate": {"median": ["a"]}}, 422),
    ({"aggregate": {"sum": ["-a"]}}, 422), ({"aggregate": {"sum": ["a", "a"]}}, 422), ({"aggregate": {"sum": [f"a{n}" for n in range(21)]}}, 422),
    ({"aggregate": {"sum": ["a'); DROP TABLE x; --"]}}, 422), ({"groupBy": []}, 422), ({"groupBy": "a"}, 422), ({"groupBy": [f"a{n}" for n in range(9)]}, 422),
    ({"having": "count > 1"}, 422), ({"aggregate": {"count": True}, "having": "cuont > 1"}, 422), ({"aggregate": {"count": True}, "having": "sum.a > 1"}, 422),
    ({"aggregate": {"count": True}, "having": "count"}, 422), ({"aggregate": {"count": True}, "having": 'lookup("users", "x") != null'}, 422),
    ({"aggregate": {"count": True}, "groupBy": ["a"], "sort": "a"}, 400), ({"aggregate": {"count": True}, "sort": "sum.a"}, 400), ({"distinct": ["a"]}, 422),
    ({"distinct": "a", "groupBy": ["a"]}, 422), ({"distinct": "a", "sort": "b"}, 400), ({"groupBy": ["a"], "fields": "a"}, 422),
    ({"groupBy": ["a"], "expand": "a"}, 422), ({"groupBy": ["a"], "cursor": "x"}, 400), ({"groupBy": ["a.b.c.d.e.f.g.h.i"]}, 422), ({"aggregate": [1]}, 422),
])
def test_what_makes_no_sense_is_refused_in_words(nobody, admin, things, body, status):
    fill(admin, things, [{"a": 1}])
    assert_problem(nobody.post(f"/v1/query/{things}", json=body), status)


def test_a_cursor_of_other_groups_is_refused(nobody, admin, things):
    fill(admin, things, [{"a": n, "b": n} for n in range(3)])
    cursor = query(nobody, things, groupBy=["a", "b"], limit=1)["nextCursor"]
    assert_problem(nobody.post(f"/v1/query/{things}", json={"groupBy": ["a"], "cursor": cursor}), 400, "bad_request")
    assert_problem(nobody.post(f"/v1/query/{things}", json={"groupBy": ["a", "b"], "sort": "group.a", "cursor": cursor}), 400, "bad_request")


def test_explain_tells_how_the_documents_of_a_group_are_read(admin, ada):
    name = next(names)
    admin.put_collection(name, rules=PUBLIC, indexes=[{"fields": ["author"]}])
    plan = query(admin, name, aggregate={"sum": ["price"]}, filter='author == "x"', explain=True)["plan"]
    assert plan["index"] == ["author"] and plan["missingIndex"] is None
    plan = query(admin, name, aggregate={"sum": ["price"]}, filter='title == "x"', explain=True)["plan"]
    assert plan["index"] is None and plan["missingIndex"] == ["title"]
    assert_problem(ada.post(f"/v1/query/{name}", json={"groupBy": ["a"], "explain": True}), 403, "forbidden")


def test_groups_agree_with_counting_by_hand(nobody, admin, things):
    """Random documents against a model, with filters that SQL says, half says and does not say."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    values = [None, True, False, 0, 1, -1, 2.5, 10**15, "a", "b", "", "a\0", [1], {"z": 1}]
    documents = [{key: chance.choice(values) for key in "abc" if chance.random() < 0.8} for _ in range(300)]
    fill(admin, things, documents)

    def is_number(value):
        return isinstance(value, (int, float)) and not isinstance(value, bool)

    for source, holds in [(None, lambda d: True), ('a == "a"', lambda d: d.get("a") == "a"), ("has(document.b)", lambda d: "b" in d),
                          ("a == b", lambda d: "a" in d and "b" in d and (d["a"] == d["b"] and isinstance(d["a"], bool) == isinstance(d["b"], bool))),
                          ("c > 0", lambda d: is_number(d.get("c")) and d["c"] > 0)]:
        groups = {}
        for document in filter(holds, documents):
            groups.setdefault(json.dumps(document.get("a")), []).append(document.get("c"))
        expected = {key: (len(found), math.fsum(v for v in found if is_number(v))) for key, found in groups.items()}
        answer = rows(nobody, things, groupBy=["a"], aggregate={"count": True, "sum": ["c"]}, **({"filter": source} if source else {}))
        assert {json.dumps(row["group"]["a"]): (row["count"], row["sum"]["c"]) for row in answer} == expected, f"seed {seed}: {source}"


# expand

def refers(to):
    return {"type": "string", "x-collection": to}


@pytest.fixture(scope="module")
def blog(admin, ada, bob):
    """Posts of authors, with comments; comments are hidden until they are approved, emails of authors from everybody but themselves."""
    admin.put_collection("authors", rules={**PUBLIC, "read": "!has(document.gone)"}, fieldRules={"email": {"read": "user == auth.id"}},
                         schema={"properties": {"best": refers("authors")}})
    admin.put_collection("comments", rules={**PUBLIC, "read": "approved || auth != null && by == auth.id"},
                         schema={"properties": {"author": refers("authors")}})
    admin.put_collection("posts", rules={**PUBLIC, "read": "published || auth != null && owner == auth.id"}, fieldRules={"editor": {"read": "owner == auth.id"}},
                         schema={"$defs": {"who": refers("authors")}, "properties": {
                             "author": {"$ref": "#/$defs/who"}, "editor": refers("authors"), "comments": {"type": "array", "items": refers("comments")},
                             "meta": {"type": "object", "properties": {"reviewer": refers("authors")}}, "any": {"x-collection": "authors"}}})
    fill(admin, "authors", [{"id": "ann", "name": "Ann", "user": ada.id, "email": "ann@example.org", "best": "ben"}, {"id": "ben", "name": "Ben", "best": "ann"},
                            {"id": "gus", "name": "Gus", "gone": True}])
    fill(admin, "comments", [{"id": "c1", "text": "yes", "approved": True, "author": "ben"}, {"id": "c2", "text": "no", "approved": False, "by": bob.id, "author": "ann"},
                             {"id": "c3", "text": "gone", "approved": True, "author": "gus"}])
    fill(admin, "posts", [
        {"id": "p1", "title": "One", "published": True, "owner": ada.id, "author": "ann", "editor": "ben", "comments": ["c1", "c2", "nothing", "c3", "c1"],
         "meta": {"reviewer": "ben"}},
        {"id": "p2", "title": "Two", "published": True, "owner": bob.id, "author": "gus", "comments": []},
        {"id": "p3", "title": "Three", "published": True, "owner": bob.id, "author": "no-such-author"},
        {"id": "p4", "title": "Four", "published": False, "owner": bob.id, "author": "ann"},
        {"id": "p5", "title": "Five", "published": True, "any": 7, "expand": "mine"}])
    return "/v1/documents/posts"


def expanded(caller, id, expand, **more):
    return caller.must(200, "GET", f"/v1/documents/posts/{id}", params={"expand": expand, **more})


def test_a_reference_is_expanded_beside_the_field_that_holds_it(blog, nobody):
    plain = nobody.read("posts", "p1")
    post = expanded(nobody, "p1", "author")
    assert {k: v for k, v in post.items() if k != "expand"} == plain
    ann = nobody.read("authors", "ann")
    assert post["expand"] == {"author": ann} and "email" not in ann
    post = expanded(nobody, "p1", "author.best,comments.author,meta.reviewer")
    ben = nobody.read("authors", "ben")
    assert post["expand"] == {
        "author": {**ann, "expand": {"best": ben}}, "meta.reviewer": ben,
        "comments": [{**nobody.read("comments", "c1"), "expand": {"author": ben}}, {**nobody.read("comments", "c3"), "expand": {}}]}


def test_what_may_not_be_seen_cannot_be_told_from_what_is_not_there(blog, nobody, ada, bob, admin):
    assert expanded(nobody, "p2", "author")["expand"] == {} == expanded(nobody, "p3", "author")["expand"]
    assert expanded(admin, "p2", "author")["expand"]["author"]["name"] == "Gus" and expanded(admin, "p3", "author")["expand"] == {}
    assert [c["id"] for c in expanded(nobody, "p1", "comments")["expand"]["comments"]] == ["c1", "c3"]
    assert [c["id"] for c in expanded(bob, "p1", "comments")["expand"]["comments"]] == ["c1", "c2", "c3"]
    # Field rules of the target, for this caller.
    assert expanded(ada, "p1", "author")["expand"]["author"]["email"] == "ann@example.org"
    assert "email" not in expanded(bob, "p1", "author")["expand"]["author"]
    # A field that is hidden leads nowhere.
    assert expanded(ada, "p1", "editor")["expand"]["editor"]["name"] == "Ben" and expanded(bob, "p1", "editor")["expand"] == {}
    assert_problem(nobody.get(f"{blog}/p4", params={"expand": "author"}), 404, "not_found")
    assert_problem(nobody.get(f"{blog}/none", params={"expand": "author"}), 404, "not_found")
    assert expanded(bob, "p4", "author")["expand"]["author"]["name"] == "Ann"
    assert expanded(nobody, "p5", "any")["expand"] == {} and expanded(nobody, "p5", "author")["expand"] == {}


def test_lists_and_queries_expand_too(blog, nobody, bob):
    page = nobody.list("posts", expand="author,comments", sort="id", count="true", limit=3)
    assert [post["id"] for post in page["items"]] == ["p1", "p2", "p3"] and page["total"] == 4
    assert [sorted(post["expand"]) for post in page["items"]] == [["author", "comments"], ["comments"], []]
    assert page["items"][1]["expand"] == {"comments": []}
    assert query(nobody, "posts", expand="author", filter="id == params.id", params={"id": "p1"})["items"] == [expanded(nobody, "p1", "author")]
    rest = nobody.list("posts", expand="author", sort="id", limit=3, cursor=page["nextCursor"])
    assert [post["id"] for post in rest["items"]] == ["p5"]
    assert [post["id"] for post in bob.list("posts", expand="author", filter='author == "ann"')["items"]] == ["p1", "p4"]


def test_fields_choose_from_the_expanded_document(blog, nobody):
    assert expanded(nobody, "p1", "author", fields="title,expand.author.name") == {"title": "One", "expand": {"author": {"name": "Ann"}}}
    assert expanded(nobody, "p1", "comments.author", fields="expand.comments.text,expand.comments.expand.author.name") == {
        "expand": {"comments": [{"text": "yes", "expand": {"author": {"name": "Ben"}}}, {"text": "gone", "expand": {}}]}}
    assert nobody.list("posts", expand="author", fields="expand.author.name", filter='id == "p1"')["items"] == [{"expand": {"author": {"name": "Ann"}}}]


@pytest.mark.parametrize("expand, status, says", [
    ("title", 422, "title"), ("meta", 422, "refers to no collection"), ("author.name", 422, "name"), ("author.best.best", 422, "at most"), ("", 400, "expand"),
    ("author,", 400, "expand"), (".author", 400, "expand"), ("author..best", 400, "expand"), (",".join(["author"] * 11), 400, "expand"), ("id", 422, "id"),
    ("expand.author", 422, "refers"), ("Author", 422, "Author"),
])
def test_an_expand_that_leads_nowhere_is_refused(blog, nobody, expand, status, says):
    for path in (f"{blog}/p1", blog):
        assert_problem(nobody.get(path, params={"expand": expand}), status, says=says)


def test_a_schema_names_collections_that_are_there(admin, ada, bob):
    name = next(names)
    for schema, pointer in [({"properties": {"a": refers("no-such")}}, "/schema/properties/a/x-collection"),
                            ({"properties": {"a": {"items": refers("nosuch")}}}, "/schema/properties/a/items/x-collection"),
                            ({"properties": {"a": {"x-collection": 5}}}, "/schema/properties/a/x-collection"),
                            ({"$defs": {"d": refers("nosuch")}, "properties": {"a": {"$ref": "#/$defs/d"}}}, "/schema/$defs/d/x-collection")]:
        problem = assert_problem(admin.put(f"/v1/collections/{name}", json={"schema": schema}), 422, "validation_failed")
        assert problem["errors"][0]["pointer"] == pointer
    admin.put_collection(name, rules=PUBLIC, schema={"properties": {"parent": refers(name), "owner": refers("users")}})
    first = admin.create(name, owner=ada.id)
    child = admin.create(name, parent=first["id"])
    assert ada.must(200, "GET", f"/v1/documents/{name}/{child['id']}", params={"expand": "parent"})["expand"]["parent"] == first
    assert ada.must(200, "GET", f"/v1/documents/{name}/{first['id']}", params={"expand": "owner"})["expand"]["owner"]["id"] == ada.id
    assert bob.must(200, "GET", f"/v1/documents/{name}/{first['id']}", params={"expand": "owner"})["expand"] == {}, "everybody sees their own profile only"
    # The target goes: nothing is left to expand, and nothing breaks.
    other = next(names)
    admin.put_collection(other, rules=PUBLIC)
    admin.put_collection(name, rules=PUBLIC, schema={"properties": {"x": refers(other)}})
    document = admin.create(name, x=admin.create(other)["id"])
    assert "x" in ada.must(200, "GET", f"/v1/documents/{name}/{document['id']}", params={"expand": "x"})["expand"]
    admin.must(204, "DELETE", f"/v1/collections/{other}")
    assert ada.must(200, "GET", f"/v1/documents/{name}/{document['id']}", params={"expand": "x"})["expand"] == {}


def test_rules_that_look_up_hold_for_what_is_expanded(admin, ada, bob):
    teams, notes, lists = next(names), next(names), next(names)
    admin.put_collection(teams, rules=PUBLIC)
    admin.put_collection(notes, rules={**PUBLIC, "read": f'auth != null && auth.id in lookup("{teams}", team).members'})
    admin.put_collection(lists, rules=PUBLIC, schema={"properties": {"notes": {"type": "array", "items": refers(notes)}}})
    fill(admin, teams, [{"id": "t", "members": [ada.id]}, {"id": "u", "members": [ada.id, bob.id]}])
    fill(admin, notes, [{"id": f"n{n}", "team": "tu"[n % 2]} for n in range(6)] + [{"id": "n6", "team": "none"}])
    fill(admin, lists, [{"id": "l", "notes": [f"n{n}" for n in range(7)]}])
    for caller, ids in [(ada, ["n0", "n1", "n2", "n3", "n4", "n5"]), (bob, ["n1", "n3", "n5"])]:
        answer = caller.must(200, "GET", f"/v1/documents/{lists}/l", params={"expand": "notes"})
        assert [note["id"] for note in answer["expand"]["notes"]] == ids
        assert caller.list(lists, expand="notes")["items"] == [answer]
        assert caller.list(notes, count="true", limit=1)["total"] == len(ids)
        assert rows(caller, notes, aggregate={"count": True}) == [{"count": len(ids)}]


def test_what_one_request_expands_is_bounded(admin, nobody):
    name = next(names)
    admin.put_collection(name, rules=PUBLIC, schema={"properties": {"many": {"items": refers(name)}}})
    fill(admin, name, [{"id": "much", "many": [f"x{n}" for n in range(6000)]}, {"id": "big", "text": "x" * 900_000},
                       {"id": "heavy", "many": ["a", "b"]}, *({"id": i, "many": ["big"]} for i in "ab")])
    assert_problem(nobody.get(f"/v1/documents/{name}/much", params={"expand": "many"}), 422, "query_too_slow")
    assert len(nobody.get(f"/v1/documents/{name}/heavy", params={"expand": "many.many"}).content) > 1_800_000
    fill(admin, name, [{"id": f"h{n}", "many": ["big"]} for n in range(30)])
    assert_problem(nobody.get(f"/v1/documents/{name}", params={"expand": "many"}), 422, "query_too_slow", "limit")
    assert nobody.list(name, expand="many", limit=3, sort="-id", filter='id != "much"')["items"]


# Conditional requests and caches

def test_an_expanded_document_has_no_tag(blog, nobody, admin):
    author = admin.create("authors", name="Before")
    post = admin.create("posts", published=True, author=author["id"])
    path = f"{blog}/{post['id']}"
    plain = nobody.get(path)
    assert nobody.get(path, headers={"If-None-Match": plain.headers["ETag"]}).status_code in (200, 304)
    first = nobody.get(path, params={"expand": "author"})
    assert "ETag" not in first.headers
    admin.must(200, "PATCH", f"/v1/documents/authors/{author['id']}", json={"name": "After"})
    for tag in (plain.headers["ETag"], "*"):
        again = nobody.get(path, params={"expand": "author"}, headers={"If-None-Match": tag})
        assert again.status_code == 200 and again.json()["expand"]["author"]["name"] == "After"


def test_a_view_that_depends_on_the_caller_is_not_mistaken_for_anothers(admin, ada, bob, nobody):
    public, private, guarded = next(names), next(names), next(names)
    admin.put_collection(public, rules=PUBLIC)
    admin.put_collection(private, rules={**PUBLIC, "read": "auth != null"})
    admin.put_collection(guarded, rules=PUBLIC, fieldRules={"pay": {"read": "auth != null && owner == auth.id"}})
    for name in (public, private, guarded):
        path = f"/v1/documents/{name}/{admin.create(name, owner=ada.id, pay=5)['id']}"
        tag = ada.get(path).headers["ETag"]
        for response in (ada.get(path), ada.get(f"/v1/documents/{name}"), ada.get(path, headers={"If-None-Match": tag}), bob.get(path)):
            assert ("Authorization" in response.headers.get("Vary", "")) == (name != public)
            assert ("private" in response.headers.get("Cache-Control", "")) == (name != public)
        # Where fields are hidden, a version is several texts: nobody is told that theirs is still right.
        again = bob.get(path, headers={"If-None-Match": tag})
        assert again.status_code == (200 if name == guarded else 304)
        assert admin.get(path, headers={"If-None-Match": tag}).status_code == 304


# Pages while others write

@pytest.mark.parametrize("sort", ["n", "-n,s", "s,-createdAt", "-mixed,n", "mixed", "none", "-id", "o.x,-n"])
@pytest.mark.parametrize("indexed", [False, True])
def test_pages_neither_skip_nor_repeat_while_others_insert_and_delete(admin, nobody, sort, indexed):
    name = next(names)
    admin.put_collection(name, rules=PUBLIC, indexes=[{"fields": sort.split(",")}] if indexed and sort != "-id" else [])
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    values = [None, True, False, 0, 1, 1.0, -2.5, "a", "b", "", "a\0b", [1], {"x": 1}, 10**18]

    def document(chance):
        made = {"n": chance.randrange(4), "s": chance.choice("ab"), "mixed": chance.choice(values), "o": {"x": chance.choice(values)}}
        return {key: value for key, value in made.items() if chance.random() < 0.8}

    fill(admin, name, [document(chance) for _ in range(200)])
    stable = {item["id"] for item in nobody.every(f"/v1/documents/{name}", limit=1000)}
    stop = threading.Event()

    def disturb(seed):
        chance, mine = random.Random(seed), []
        caller = type(nobody)(nobody.server)
        while not stop.is_set():
            if mine and chance.random() < 0.5:
                caller.must(204, "DELETE", f"/v1/documents/{name}/{mine.pop(chance.randrange(len(mine)))}")
            else:
                mine.append(caller.create(name, **document(chance))["id"])

    writers = [threading.Thread(target=disturb, args=(seed + n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    try:
        for limit in (7, 23):
            ids = [item["id"] for item in nobody.every(f"/v1/documents/{name}", sort=sort, limit=limit)]
            assert len(set(ids)) == len(ids), f"repeated (seed {seed}, limit {limit})"
            assert stable <= set(ids), f"skipped {stable - set(ids)} (seed {seed}, limit {limit})"
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    # What the pages bring is the order of one long page.
    whole = [item["id"] for item in nobody.list(name, sort=sort, limit=1000)["items"]]
    assert [item["id"] for item in nobody.every(f"/v1/documents/{name}", sort=sort, limit=9)] == whole


def test_a_page_and_its_total_are_of_one_moment(admin, nobody, things):
    """Documents come and go in pairs, in one batch: an odd total would be two moments mixed."""
    stop = threading.Event()

    def pairs():
        caller = type(nobody)(nobody.server)
        for n in itertools.count():
            if stop.is_set():
                break
            caller.must(200, "POST", "/v1/batch", json={"writes": [
                {"op": "create", "collection": things, "id": f"{n}-{side}", "data": {"n": n}} for side in "ab"]})

    writer = threading.Thread(target=pairs)
    writer.start()
    try:
        for _ in range(40):
            page = nobody.list(things, count="true", limit=1000, filter='id.endsWith("a") || id.endsWith("b")')
            assert page["total"] % 2 == 0
            assert page["total"] == len(page["items"]) or page["nextCursor"]
    finally:
        stop.set()
        writer.join()


# The guide

def test_the_guide_says_what_the_server_answers(start):
    """Each request of docs/guides/querying.md in its order; a block of JSON behind one is its answer."""
    server = start()
    admin, nobody = admin_login(server), Caller(server)
    blocks = re.findall(r"```(http|json)\n(.*?)```", (ROOT / "docs/guides/querying.md").read_text(), re.DOTALL)
    answers = 0
    for (kind, text), (following, expected) in itertools.pairwise([*blocks, ("", "")]):
        if kind == "json":
            continue
        line, _, body = text.partition("\n")
        method, target = line.split(" ", 1)
        path, _, search = target.partition("?")
        caller = admin if path.startswith("/v1/collections") or path == "/v1/batch" else nobody
        found = caller.must((200, 201), method, path, params=dict(part.split("=", 1) for part in search.split("&")) if search else None,
                            **({"json": json.loads(body)} if body.strip() else {}))
        if following == "json":
            expected = json.loads(expected)
            if expected.get("nextCursor"):
                assert found.pop("nextCursor") and expected.pop("nextCursor") == "…"
            assert found == expected, line
            answers += 1
    assert answers >= 6
