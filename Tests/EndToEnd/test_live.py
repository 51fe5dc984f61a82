"""Live queries: a snapshot, then every change, without a gap."""
import itertools
import json
import os
import socket
import sqlite3
import time

import pytest
import requests
import sseclient

from event_stream import Ended, EventStream
from roost_client import Raw, admin_login, assert_problem, check_problem, register, stranger
from roost_server import eventually

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


def test_a_place_in_the_log_that_is_gone_begins_anew(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    with EventStream(admin, "/v1/documents/posts") as stream:
        stream.snapshot()
        for id in "abc":
            admin.must(201, "POST", "/v1/documents/posts", json={"id": id})
        events = stream.take(3)
    since = admin.must(200, "GET", "/v1/changes/posts")["nextCursor"]
    admin.must(204, "DELETE", "/v1/documents/posts/b")
    admin.must(201, "POST", "/v1/documents/posts", json={"id": "d"})
    assert server.terminate() == 0
    with sqlite3.connect(server.data / "projects/default/roost.db") as database:
        database.execute("DELETE FROM events WHERE sequence < (SELECT max(sequence) FROM events)")
    database.close()
    server.start()
    with EventStream(admin, "/v1/documents/posts", last_event_id=events[1].id) as stream:
        reset = stream.next()
        assert reset.type == "reset"
        assert set(stream.snapshot()) == {"a", "c", "d"}
    assert_problem(admin.get("/v1/changes/posts", params={"since": since}), 410, "cursor_expired")
    with EventStream(admin, "/v1/changes/posts", since=since) as stream:
        assert stream.status == 410


def test_a_place_that_is_not_yet_in_the_log_begins_anew(start):
    """The data folder was put back from a backup: what a client has seen since is not there."""
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    stream = EventStream(admin, "/v1/documents/posts")
    stream.snapshot()
    admin.must(201, "POST", "/v1/documents/posts", json={"id": "a"})
    admin.must(201, "POST", "/v1/documents/posts", json={"id": "b"})
    seen = stream.take(2)[1]
    assert server.terminate() == 0
    with sqlite3.connect(server.data / "projects/default/roost.db") as database:
        database.execute("DELETE FROM events WHERE sequence = (SELECT max(sequence) FROM events)")
    database.close()
    server.start()
    with EventStream(admin, "/v1/documents/posts", last_event_id=seen.id) as stream:
        assert stream.next().type == "reset"
        assert set(stream.snapshot()) == {"a", "b"}


@pytest.mark.parametrize("cursor", ["x", "AAAA", "0" * 27, "A" * 4000, "\xff", "-1", "..", "6Ac0GbWfPz3yqk1TAAAAAAAAAAE"])
def test_a_foreign_cursor_begins_anew(admin, posts, cursor):
    admin.must(201, "POST", posts, json={"id": "a"})
    with EventStream(admin, posts, lastEventId=cursor) as stream:
        assert stream.next().type == "reset"
        assert set(stream.snapshot()) == {"a"}


def test_a_cursor_of_another_filter_begins_anew(admin, posts):
    admin.must(201, "POST", posts, json={"id": "a", "n": 1})
    with EventStream(admin, posts, filter="n == 1") as stream:
        id = stream.until("ready")[-1].id
    with EventStream(admin, posts, last_event_id=id, filter="n > 0") as stream:
        assert stream.next().type == "reset"
    with EventStream(admin, posts, last_event_id=id, filter="n == 1") as stream:
        assert stream.next().type == "ready"


def test_parameters_of_a_filter(admin, posts):
    admin.must(201, "POST", posts, json={"id": "a", "room": "r'1\""})
    admin.must(201, "POST", posts, json={"id": "b", "room": "r2"})
    with EventStream(admin, posts, filter="room == params.room", params=json.dumps({"room": "r'1\""})) as stream:
        assert set(stream.snapshot()) == {"a"}
        admin.must(200, "PATCH", posts + "/b", json={"room": "r'1\""})
        assert stream.next().data["id"] == "b"


def test_nobodys_choice_of_fields_is_anothers(admin, posts):
    """Equal queries are written once for all who follow them; what is not quite equal is not."""
    admin.must(201, "POST", posts, json={"id": "a", "n": 1, "*": 2})
    strange = [EventStream(stranger(admin.server), posts, fields="*") for _ in range(16)]
    assert all(stream.snapshot()["a"] == {"id": "a", "version": 1, "*": 2} for stream in strange)
    for _ in range(8):
        with EventStream(admin, posts) as stream:
            assert stream.snapshot()["a"]["n"] == 1
    for stream in strange:
        stream.close()


def test_fields_and_order(admin, posts):
    for id, n in (("a", 2), ("b", 3), ("c", 1)):
        admin.must(201, "POST", posts, json={"id": id, "n": n, "m": 0, "o": {"x": 1, "y": 2}})
    with EventStream(admin, posts, fields="n,o.x", sort="-n") as stream:
        events = stream.until("ready")[:-1]
        assert [event.data for event in events] == [{"id": id, "version": 1, "n": n, "o": {"x": 1}} for id, n in (("b", 3), ("a", 2), ("c", 1))]
        admin.must(200, "PATCH", posts + "/a", json={"m": 9})
        assert stream.next().data == {"id": "a", "version": 2, "n": 2, "o": {"x": 1}}


def test_other_collections_say_nothing(admin, posts):
    other = next(names)
    admin.put_collection(other, rules=OPEN)
    with EventStream(admin, posts) as stream:
        stream.snapshot()
        admin.must(201, "POST", f"/v1/documents/{other}", json={"id": "a"})
        admin.must(201, "POST", posts, json={"id": "b"})
        assert stream.next().data["id"] == "b"


def test_a_batch_and_a_write_that_changes_nothing(admin, posts):
    name = posts.rsplit("/", 1)[1]
    with EventStream(admin, posts) as stream:
        stream.snapshot()
        admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "create", "collection": name, "data": {"id": f"n{n}"}} for n in range(300)]})
        assert [event.data["id"] for event in stream.take(300)] == [f"n{n}" for n in range(300)]
        admin.must(200, "PATCH", posts + "/n1", json={})
        admin.must(200, "PATCH", posts + "/n2", json={"x": 1})
        assert stream.next().data["id"] == "n2"


@pytest.mark.parametrize("query, status, code", [
    ({"limit": "5"}, 400, "bad_request"), ({"cursor": "x"}, 400, "bad_request"), ({"expand": "author"}, 400, "bad_request"),
    ({"search": "x"}, 400, "bad_request"), ({"count": "true"}, 400, "bad_request"), ({"explain": "true"}, 400, "bad_request"),
    ({"filtre": "x"}, 400, "bad_request"), ({"filter": "n =="}, 422, "expression_invalid"), ({"filter": "lookup('users', id) != null"}, 422, "expression_invalid"),
    ({"params": "[1]"}, 400, "bad_request"), ({"params": "{"}, 400, "bad_request"), ({"sort": "1x"}, 400, "bad_request"),
    ({"fields": ","}, 400, "bad_request"), ({"wait": "5"}, 400, "bad_request"),
])
def test_what_does_not_go_with_events_is_refused(admin, posts, query, status, code):
    with EventStream(admin, posts, **query) as stream:
        check_problem(stream.status, stream.headers, stream.body, code)
        assert stream.status == status


def test_what_is_not_there(admin, posts):
    with EventStream(admin, "/v1/documents/nowhere") as stream:
        assert (stream.status, stream.problem()["code"]) == (404, "collection_not_found")
    with EventStream(admin, posts + "/a%20b") as stream:
        assert stream.status == 400


@pytest.mark.parametrize("accept, is_stream", [
    ("text/event-stream", True), ("text/event-stream, */*;q=0.1", True), ("application/json;q=0.5, text/event-stream", True),
    ("TEXT/Event-Stream;q=1.0", True), ("application/json", False), ("application/json, text/event-stream;q=0.2", False),
    ("text/event-stream;q=0", False), ("*/*", False),
])
def test_accept_chooses(admin, posts, accept, is_stream):
    with requests.get(admin.server.url + posts, headers={"Accept": accept}, stream=True, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].split(";")[0] == ("text/event-stream" if is_stream else "application/json")


def test_head_and_bodies_are_no_streams(admin, posts):
    with Raw(admin.server) as connection:
        connection.send(f"HEAD {posts} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
        assert connection.answer(head_only=True)[0] == 200
        connection.send(f"GET {posts} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Length: 2\r\n\r\n{{}}".encode())
        assert connection.answer()[0] == 400


def test_http_1_0_gets_no_chunks(admin, posts):
    with EventStream(admin, posts, version="1.0") as stream:
        assert not stream.is_chunked
        assert stream.snapshot() == {}
        admin.must(201, "POST", posts, json={"id": "a"})
        assert stream.next().data["id"] == "a"


def test_a_client_that_we_did_not_write(admin, posts):
    admin.must(201, "POST", posts, json={"id": "a", "text": "line\nline \u2028 \u0000 \ud83d\ude00 \r"})
    with requests.get(admin.server.url + posts, headers={"Accept": "text/event-stream"}, stream=True, timeout=20) as answer:
        events = sseclient.SSEClient(answer).events()
        added, ready = next(events), next(events)
        assert (added.event, json.loads(added.data)["text"]) == ("added", "line\nline \u2028 \u0000 \U0001f600 \r")
        assert (ready.event, json.loads(ready.data)) == ("ready", {"count": 1})
        assert ready.id
        admin.must(204, "DELETE", posts + "/a")
        removed = next(events)
        assert (removed.event, json.loads(removed.data)) == ("removed", {"id": "a"})


def test_heartbeats_come_and_are_comments(start):
    server = start(arguments=["--live-heartbeat", "1"])
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    with EventStream(admin, "/v1/documents/posts", seconds=5) as stream:
        stream.snapshot()
        began = time.monotonic()
        while stream.comments < 2:
            stream._more_text()
            while b"\n" in stream.text:
                line, stream.text = stream.text.split(b"\n", 1)
                assert line in (b":", b"")
                stream.comments += line == b":"
        assert time.monotonic() - began < 4


def test_too_many_live_queries(start):
    server = start(arguments=["--live-queries", "4"])
    admin = admin_login(server)
    ada = register(server)
    admin.put_collection("posts", rules=OPEN)
    path = "/v1/documents/posts"
    streams = [EventStream(admin, path) for _ in range(2)]
    refused = EventStream(admin, path)
    check_problem(refused.status, refused.headers, refused.body, "too_many_requests")
    streams += [EventStream(ada, path), EventStream(stranger(server), path)]
    refused = EventStream(stranger(server), path)
    check_problem(refused.status, refused.headers, refused.body, "overloaded")
    # Who leaves makes room, in whichever way.
    for stream in streams:
        stream.close()
    for _ in range(12):
        stream = eventually(lambda: next((stream for stream in [EventStream(admin, path)] if stream.status == 200), None), what="room")
        stream.snapshot()
        stream.close()


def test_a_client_that_closes_its_side_is_gone(start):
    server = start(arguments=["--live-queries", "2"])
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    with EventStream(admin, "/v1/documents/posts") as stream:
        stream.snapshot()
        stream.socket.shutdown(1)
        with pytest.raises((Ended, ConnectionError)):
            stream.next()
    eventually(lambda: EventStream(admin, "/v1/documents/posts").status == 200, what="room")


def test_a_snapshot_that_is_too_large_is_refused(admin, posts):
    name = posts.rsplit("/", 1)[1]
    for start in range(0, 10_001, 500):
        numbers = range(start, min(start + 500, 10_001))
        admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "create", "collection": name, "data": {"n": n}} for n in numbers]})
    with EventStream(admin, posts) as stream:
        check_problem(stream.status, stream.headers, stream.body, "result_too_large", says="narrow")
    with EventStream(admin, posts, filter="n < 10000") as stream:
        assert len(stream.snapshot()) == 10_000


def test_a_large_snapshot_and_large_documents(admin, posts):
    for n in range(7):
        admin.must(201, "POST", posts, json={"id": f"n{n}", "text": "x" * 1_000_000})
    with EventStream(admin, posts) as stream:
        assert len(stream.snapshot()) == 7
        admin.must(200, "PATCH", posts + "/n1", json={"text": "y" * 1_000_000})
        assert stream.next().data["text"] == "y" * 1_000_000
    with EventStream(admin, posts, filter="true") as stream:
        admin.must(201, "POST", posts, json={"id": "n8", "text": "x" * 1_000_000})
        admin.must(201, "POST", posts, json={"id": "n9", "text": "x" * 1_000_000})
    with EventStream(admin, posts, filter="size(id) > 0") as stream:
        assert (stream.status, stream.problem()["code"]) == (422, "result_too_large")


def test_a_slow_reader_is_cut_off_and_resumes_without_loss(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    path = "/v1/documents/posts"
    slow = EventStream(admin, path, receive_buffer=4096)
    slow.snapshot()
    quick = EventStream(admin, path)
    quick.snapshot()
    before = server.memory()
    count = 200
    for n in range(count):
        admin.must(201, "POST", path, json={"id": f"n{n}", "text": "x" * 60_000})
        assert quick.next().data["id"] == f"n{n}"
    # What it did not take is 12 MB; the server keeps a tenth of that, and its newest changes for those who come back.
    assert server.memory() - before < 60 << 20
    seen = [event.data["id"] for event in slow.ended()]
    assert len(seen) < count
    with EventStream(admin, path, last_event_id=slow.last_event_id) as stream:
        *events, ready = stream.until("ready")
        assert seen + [event.data["id"] for event in events] == [f"n{n}" for n in range(count)]
    # What it did read of an event that was cut off does not count.
    assert quick.last_event_id == events[-1].id


def test_many_slow_readers_that_share_nothing_cost_a_bounded_memory(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    path = "/v1/documents/posts"
    slow = [EventStream(admin, path, receive_buffer=4096, filter=f"n != {number}") for number in range(200)]
    quick = EventStream(admin, path)
    quick.snapshot()
    before = server.memory()
    for n in range(60):
        admin.must((200, 201), "PUT", f"{path}/one", json={"n": -1, "text": f"{n}" + "x" * 100_000})
        quick.next()
    # What the slow ones left unread is 1.2 GB, less what the kernel holds of it.
    assert server.memory("VmHWM") - before < 180 << 20
    with EventStream(admin, path, last_event_id=quick.last_event_id) as stream:
        assert [event.type for event in stream.until("ready")] == ["ready"]


def test_clients_that_go_before_the_first_event_leave_no_connection_behind(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    descriptors = lambda: len(os.listdir(f"/proc/{server.pid}/fd"))
    before = descriptors()
    for _ in range(3):
        gone = []
        for number in range(300):
            gone.append(socket.create_connection(("127.0.0.1", server.port)))
            gone[-1].sendall(f"GET /v1/documents/posts?filter=n>{number} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n".encode())
        for connection in gone:
            connection.close()
    eventually(lambda: descriptors() <= before + 8, 10, "the connections to be closed")
    assert server.terminate() == 0


def test_many_streams_end_with_the_server(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    streams = [EventStream(admin, "/v1/documents/posts", filter=f"n != {n % 7}") for n in range(200)]
    for stream in streams:
        stream.snapshot()
    admin.must(201, "POST", "/v1/documents/posts", json={"id": "a", "n": 100})
    assert all(stream.next().data["id"] == "a" for stream in streams)
    began = time.monotonic()
    assert server.terminate() == 0
    assert time.monotonic() - began < 5
    assert all([event.data for event in stream.ended()] == [{"reason": "server_stopping"}] for stream in streams)


def test_a_killed_server_loses_nothing(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("posts", rules=OPEN)
    path = "/v1/documents/posts"
    stream = EventStream(admin, path)
    stream.snapshot()
    for n in range(20):
        admin.must(201, "POST", path, json={"id": f"n{n}"})
    seen = [event.data["id"] for event in stream.take(7)]
    id = stream.last_event_id
    server.kill()
    server.start()
    with EventStream(admin, path, last_event_id=id) as stream:
        assert seen + [event.data["id"] for event in stream.until("ready")[:-1]] == [f"n{n}" for n in range(20)]
