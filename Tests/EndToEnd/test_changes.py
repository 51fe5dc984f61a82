"""The change feed: every change after a cursor, in commit order."""
import itertools
import threading
import time

import pytest

from event_stream import EventStream
from roost_client import assert_problem, register

names = (f"feed{number}" for number in itertools.count(1))
OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}


@pytest.fixture
def feed(admin):
    name = next(names)
    admin.put_collection(name, rules=OPEN)
    return f"/v1/changes/{name}"


def documents(feed):
    return feed.replace("changes", "documents")


def test_the_change_feed(admin, feed):
    posts = documents(feed)
    start = admin.must(200, "GET", feed)
    assert start["items"] == [] and start["hasMore"] is False
    admin.must(201, "POST", posts, json={"id": "a", "n": 1})
    admin.must(200, "PATCH", posts + "/a", json={"n": 2})
    admin.must(204, "DELETE", posts + "/a")
    page = admin.must(200, "GET", feed, params={"since": start["nextCursor"]})
    assert [(item["type"], item["id"]) for item in page["items"]] == [("added", "a"), ("modified", "a"), ("removed", "a")]
    assert page["items"][1]["document"]["n"] == 2 and page["items"][1]["before"]["n"] == 1
    assert page["items"][2]["document"] is None and page["items"][2]["actor"]["type"] == "admin"
    assert page["hasMore"] is False
    rest = admin.must(200, "GET", feed, params={"since": page["items"][0]["cursor"], "limit": 1})
    assert [item["type"] for item in rest["items"]] == ["modified"] and rest["hasMore"] is True
    assert rest["nextCursor"] == page["items"][1]["cursor"]


def test_page_after_page_nothing_is_left_out(admin, feed):
    name = feed.rsplit("/", 1)[1]
    other = next(names)
    admin.put_collection(other, rules=OPEN)
    cursor = admin.must(200, "GET", feed)["nextCursor"]
    for n in range(40):
        writes = [{"op": "create", "collection": name if (n + m) % 5 == 0 else other, "data": {"n": n * 25 + m}} for m in range(25)]
        admin.must(200, "POST", "/v1/batch", json={"writes": writes})
    seen, pages = [], 0
    while True:
        page = admin.must(200, "GET", feed, params={"since": cursor, "limit": 7})
        seen += [item["document"]["n"] for item in page["items"]]
        assert len(page["items"]) <= 7
        cursor, pages = page["nextCursor"], pages + 1
        if not page["hasMore"]:
            break
    assert seen == [n * 25 + m for n in range(40) for m in range(25) if (n + m) % 5 == 0]
    assert pages < 40


def test_a_filter_and_fields(admin, feed):
    posts = documents(feed)
    query = {"filter": "n > params.least", "params": '{"least": 10}', "fields": "n"}
    cursor = admin.must(200, "GET", feed, params=query)["nextCursor"]
    admin.must(201, "POST", posts, json={"id": "a", "n": 1, "m": 1})
    admin.must(200, "PATCH", posts + "/a", json={"n": 11})
    admin.must(200, "PATCH", posts + "/a", json={"n": 2})
    page = admin.must(200, "GET", feed, params={**query, "since": cursor})
    assert [item["type"] for item in page["items"]] == ["added", "removed"]
    assert page["items"][0]["document"] == {"id": "a", "version": 2, "n": 11}
    assert_problem(admin.get(feed, params={"since": cursor}), 410, "cursor_expired")
    # A page without items is further on all the same.
    empty = admin.must(200, "GET", feed, params={**query, "filter": "n > params.least", "since": page["nextCursor"]})
    assert empty["items"] == []


@pytest.mark.parametrize("query, status, code", [
    ({"since": "x"}, 400, "bad_request"), ({"since": ""}, 400, "bad_request"), ({"since": "0"}, 400, "bad_request"),
    ({"since": "6Ac0GbWfPz3yqk1TAAAAAAAAAAE"}, 410, "cursor_expired"), ({"limit": "0"}, 400, "bad_request"), ({"limit": "1001"}, 400, "bad_request"),
    ({"wait": "31"}, 400, "bad_request"), ({"wait": "-1"}, 400, "bad_request"), ({"wait": "x"}, 400, "bad_request"), ({"filter": "("}, 422, "expression_invalid"),
    ({"params": "1"}, 400, "bad_request"), ({"sort": "n"}, 400, "bad_request"),
])
def test_what_the_feed_does_not_understand(admin, feed, query, status, code):
    assert_problem(admin.get(feed, params=query), status, code)


def test_waiting_for_the_next_change(admin, feed):
    posts = documents(feed)
    cursor = admin.must(200, "GET", feed)["nextCursor"]
    for round in range(5):
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(admin.must(200, "GET", feed, params={"since": cursor, "wait": 20})))
        began = time.monotonic()
        waiting.start()
        admin.must(201, "POST", posts, json={"id": f"n{round}"})
        waiting.join(20)
        assert time.monotonic() - began < 5
        assert [item["id"] for item in answers[0]["items"]] == [f"n{round}"]
        cursor = answers[0]["nextCursor"]


def test_waiting_in_vain(admin, feed):
    cursor = admin.must(200, "GET", feed)["nextCursor"]
    other = next(names)
    admin.put_collection(other, rules=OPEN)
    admin.must(201, "POST", f"/v1/documents/{other}", json={})
    began = time.monotonic()
    page = admin.must(200, "GET", feed, params={"since": cursor, "wait": 1})
    assert page["items"] == [] and 0.9 < time.monotonic() - began < 4


def test_who_waits_hears_of_the_end_of_their_session(admin, feed):
    user = register(admin.server)
    cursor = user.must(200, "GET", feed)["nextCursor"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(user.get(feed, params={"since": cursor, "wait": 20})))
    waiting.start()
    time.sleep(0.3)
    user.must(204, "POST", "/v1/auth/logout")
    admin.must(201, "POST", documents(feed), json={"id": "secret"})
    waiting.join(20)
    assert_problem(answers[0], 401, "token_invalid")


def test_the_end_of_the_server_does_not_wait_for_those_who_wait(start):
    from roost_client import admin_login
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    cursor = admin.must(200, "GET", "/v1/changes/posts")["nextCursor"]
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(admin.get("/v1/changes/posts", params={"since": cursor, "wait": 30})))
    waiting.start()
    time.sleep(0.3)
    began = time.monotonic()
    assert server.terminate() == 0
    waiting.join(20)
    assert time.monotonic() - began < 5 and answers[0].status_code == 200


def test_the_feed_as_a_stream(admin, feed):
    posts = documents(feed)
    admin.must(201, "POST", posts, json={"id": "before"})
    with EventStream(admin, feed) as stream:
        ready = stream.next()
        assert (ready.type, ready.data) == ("ready", {"resumed": True})
        admin.must(201, "POST", posts, json={"id": "a", "n": 1})
        admin.must(204, "DELETE", posts + "/a")
        added, removed = stream.take(2)
        assert (added.type, added.data["type"], added.data["document"]["n"], added.data["before"]) == ("added", "added", 1, None)
        assert added.data["cursor"] == added.id
        assert (removed.type, removed.data["id"], removed.data["document"]) == ("removed", "a", None)
    # A stream's cursor is good for the pages, and the other way round.
    page = admin.must(200, "GET", feed, params={"since": ready.id})
    assert [item["cursor"] for item in page["items"]] == [added.id, removed.id]
    with EventStream(admin, feed, since=added.id) as stream:
        assert [event.type for event in stream.take(2)] == ["removed", "ready"]
    with EventStream(admin, feed, since=ready.id, last_event_id=removed.id) as stream:
        assert stream.next().type == "ready"
    for cursor in ("x", "6Ac0GbWfPz3yqk1TAAAAAAAAAAE"):
        with EventStream(admin, feed, since=cursor) as stream:
            assert (stream.status, stream.problem()["code"]) == (410, "cursor_expired")
