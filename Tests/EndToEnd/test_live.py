"""Live queries: a snapshot, then every change, without a gap."""
import itertools

import pytest

from event_stream import EventStream
from roost_client import stranger

names = (f"live{number}" for number in itertools.count(1))
OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}


@pytest.fixture
def posts(admin):
    name = next(names)
    admin.put_collection(name, rules=OPEN)
    return f"/v1/documents/{name}"


def test_a_snapshot_and_then_every_change(admin, posts):
    admin.must(201, "POST", posts, json={"id": "a", "n": 1})
    with EventStream(admin, posts) as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        assert stream.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in stream.headers
        added, ready = stream.take(2)
        assert (added.type, added.data["id"], added.data["n"], added.data["version"]) == ("added", "a", 1, 1)
        assert (ready.type, ready.data) == ("ready", {"count": 1})
        assert stream.retry == 2000
        admin.must(201, "POST", posts, json={"id": "b", "n": 2})
        admin.must(200, "PATCH", posts + "/b", json={"n": 3})
        admin.must(204, "DELETE", posts + "/a")
        events = stream.take(3)
        assert [(event.type, event.data["id"]) for event in events] == [("added", "b"), ("modified", "b"), ("removed", "a")]
        assert events[1].data["n"] == 3 and events[1].data["version"] == 2
        assert events[2].data == {"id": "a"}
        assert len({event.id for event in events}) == 3


def test_a_filter_decides_what_is_added_and_removed(admin, posts):
    with EventStream(stranger(admin.server), posts, filter="n > 10") as stream:
        assert stream.snapshot() == {}
        admin.must(201, "POST", posts, json={"id": "a", "n": 1})
        for n in (11, 12, 2, 3):
            admin.must(200, "PATCH", posts + "/a", json={"n": n})
        admin.must(201, "POST", posts, json={"id": "last", "n": 99})
        assert [(event.type, event.data["id"]) for event in stream.until("added")] == [("added", "a")]
        assert [(event.type, event.data["id"]) for event in stream.take(3)] == [("modified", "a"), ("removed", "a"), ("added", "last")]


def test_one_document(admin, posts):
    with EventStream(admin, posts + "/x") as stream:
        assert stream.snapshot() == {}
        admin.must(201, "POST", posts, json={"id": "y"})
        admin.must(201, "POST", posts, json={"id": "x", "n": 1})
        admin.must(204, "DELETE", posts + "/x")
        assert [(event.type, event.data["id"]) for event in stream.take(2)] == [("added", "x"), ("removed", "x")]


def test_resuming_with_the_last_events_id(admin, posts):
    with EventStream(admin, posts) as stream:
        stream.snapshot()
        admin.must(201, "POST", posts, json={"id": "a"})
        seen = stream.next()
    admin.must(201, "POST", posts, json={"id": "b"})
    admin.must(204, "DELETE", posts + "/a")
    for how in ({"last_event_id": seen.id}, {"lastEventId": seen.id}):
        with EventStream(admin, posts, **how) as stream:
            *events, ready = stream.until("ready")
            assert [(event.type, event.data["id"]) for event in events] == [("added", "b"), ("removed", "a")]
            assert ready.data == {"resumed": True}


def test_the_end_of_the_server_ends_the_streams_and_another_start_resumes_them(start):
    server = start()
    from roost_client import admin_login
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    stream = EventStream(admin, "/v1/documents/posts")
    stream.snapshot()
    admin.must(201, "POST", "/v1/documents/posts", json={"id": "a"})
    seen = stream.next()
    assert server.terminate(seconds=10) == 0
    assert [(event.type, event.data) for event in stream.ended()] == [("end", {"reason": "server_stopping"})]
    server.start()
    admin.must(201, "POST", "/v1/documents/posts", json={"id": "b"})
    with EventStream(admin, "/v1/documents/posts", last_event_id=seen.id) as stream:
        *events, ready = stream.until("ready")
        assert [(event.type, event.data["id"]) for event in events] == [("added", "b")]
        assert ready.data == {"resumed": True}


def test_the_change_feed(admin, posts):
    feed = posts.replace("documents", "changes")
    start = admin.must(200, "GET", feed)
    assert start["items"] == [] and start["hasMore"] is False
    admin.must(201, "POST", posts, json={"id": "a", "n": 1})
    admin.must(200, "PATCH", posts + "/a", json={"n": 2})
    admin.must(204, "DELETE", posts + "/a")
    page = admin.must(200, "GET", feed, params={"since": start["nextCursor"]})
    assert [(item["type"], item["id"]) for item in page["items"]] == [("added", "a"), ("modified", "a"), ("removed", "a")]
    assert page["items"][1]["document"]["n"] == 2 and page["items"][1]["before"]["n"] == 1
    assert page["items"][2]["document"] is None and page["items"][2]["actor"]["type"] == "admin"
    rest = admin.must(200, "GET", feed, params={"since": page["items"][0]["cursor"], "limit": 1})
    assert [item["type"] for item in rest["items"]] == ["modified"] and rest["hasMore"] is True
