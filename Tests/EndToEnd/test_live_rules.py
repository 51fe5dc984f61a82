"""Live queries and the change feed under rules: nobody learns what is hidden from them, and nobody longer than they may."""
import itertools
import json

import pytest

from event_stream import EventStream
from roost_client import Caller, admin_login, assert_problem, register, stranger

names = (f"guarded{number}" for number in itertools.count(1))


@pytest.fixture
def notes(admin):
    """Public ones for everybody, others for their owner; the price is the owner's secret."""
    name = next(names)
    admin.put_collection(
        name, rules={"read": "public || (auth != null && owner == auth.id)"},
        fieldRules={"price": {"read": "auth != null && owner == auth.id"}})
    return f"/v1/documents/{name}"


def told(stream, count):
    return [(event.type, {key: value for key, value in event.data.items() if key not in ("createdAt", "updatedAt")}) for event in stream.take(count)]


def test_each_caller_is_told_what_they_may_see(admin, ada, bob, notes):
    admin.must(201, "POST", notes, json={"id": "hidden", "owner": ada.id, "public": False, "price": 1})
    callers = {"stranger": stranger(admin.server), "bob": bob, "ada": ada, "admin": admin}
    streams = {name: EventStream(caller, notes) for name, caller in callers.items()}
    assert {name: set(stream.snapshot()) for name, stream in streams.items()} == {
        "stranger": set(), "bob": set(), "ada": {"hidden"}, "admin": {"hidden"}}
    admin.must(200, "PATCH", notes + "/hidden", json={"price": 2})
    admin.must(200, "PATCH", notes + "/hidden", json={"public": True})
    admin.must(200, "PATCH", notes + "/hidden", json={"price": 3})
    admin.must(200, "PATCH", notes + "/hidden", json={"public": False, "word": "secret"})
    admin.must(204, "DELETE", notes + "/hidden")
    admin.must(201, "POST", notes, json={"id": "end", "owner": "nobody", "public": True, "price": 9})
    hidden = {"id": "hidden", "owner": ada.id, "public": True}
    for name in ("stranger", "bob"):
        assert told(streams[name], 4) == [
            ("added", {**hidden, "version": 3}), ("modified", {**hidden, "version": 4}), ("removed", {"id": "hidden"}),
            ("added", {"id": "end", "version": 1, "owner": "nobody", "public": True})], name
    everything = [
        ("modified", {**hidden, "public": False, "version": 2, "price": 2}), ("modified", {**hidden, "version": 3, "price": 2}),
        ("modified", {**hidden, "version": 4, "price": 3}), ("modified", {**hidden, "public": False, "version": 5, "price": 3, "word": "secret"}),
        ("removed", {"id": "hidden"})]
    end = {"id": "end", "version": 1, "owner": "nobody", "public": True}
    assert told(streams["ada"], 6) == everything + [("added", end)]
    assert told(streams["admin"], 6) == everything + [("added", {**end, "price": 9})]


def test_a_filter_tells_nothing_of_hidden_fields(admin, ada, notes):
    streams = [EventStream(stranger(admin.server), notes, filter=filter) for filter in ("price == 7", "has(document.price)", "!has(document.price)")]
    owner = EventStream(ada, notes, filter="price == 7")
    assert [stream.snapshot() for stream in streams + [owner]] == [{}] * 4
    admin.must(201, "POST", notes, json={"id": "a", "owner": ada.id, "public": True, "price": 7})
    admin.must(200, "PATCH", notes + "/a", json={"price": 8})
    admin.must(200, "PATCH", notes + "/a", json={"price": None})
    admin.must(204, "DELETE", notes + "/a")
    assert [event.type for event in owner.take(2)] == ["added", "removed"]
    # The third filter holds of all that they see, and so does not change with the price.
    assert [(event.type, "price" in event.data) for event in streams[2].take(4)] == [
        ("added", False), ("modified", False), ("modified", False), ("removed", False)]
    for stream in streams[:2]:
        admin.must(201, "POST", notes, json={"owner": "x", "public": True, "price": 7})
        stream.socket.settimeout(0.4)
        with pytest.raises(TimeoutError):
            stream.next()


def test_nobody_orders_a_snapshot_by_a_hidden_field(admin, bob, notes):
    with EventStream(bob, notes, sort="price") as stream:
        assert (stream.status, stream.problem()["code"]) == (403, "forbidden")


def test_one_hidden_document_looks_like_none(admin, ada, bob, notes):
    admin.must(201, "POST", notes, json={"id": "one", "owner": ada.id, "public": False})
    for caller, id in ((bob, "one"), (bob, "none")):
        with EventStream(caller, f"{notes}/{id}") as stream:
            assert [(event.type, event.data) for event in stream.take(1)] == [("ready", {"count": 0})]
    with EventStream(bob, notes + "/one") as stream:
        stream.snapshot()
        admin.must(200, "PATCH", notes + "/one", json={"x": 1})
        admin.must(200, "PATCH", notes + "/one", json={"public": True})
        event = stream.next()
        assert (event.type, event.data["version"]) == ("added", 3)


def test_without_a_read_rule_only_admins_follow(admin, bob):
    name = next(names)
    admin.put_collection(name, rules={"create": "true"})
    for path in (f"/v1/documents/{name}", f"/v1/documents/{name}/x", f"/v1/changes/{name}"):
        with EventStream(stranger(admin.server), path) as stream:
            assert (stream.status, stream.problem()["code"]) == (401, "unauthenticated")
            assert "www-authenticate" in stream.headers
        with EventStream(bob, path) as stream:
            assert (stream.status, stream.problem()["code"]) == (403, "forbidden")
        with EventStream(admin, path) as stream:
            assert stream.status == 200
    assert_problem(stranger(admin.server).get(f"/v1/changes/{name}"), 401, "unauthenticated")
    assert_problem(bob.get(f"/v1/changes/{name}"), 403, "forbidden")


def test_rules_that_look_other_documents_up(admin, ada, bob):
    teams, posts = next(names), next(names)
    admin.put_collection(teams, rules={})
    admin.put_collection(posts, rules={"read": f'lookup("{teams}", team).members.exists(m, m == auth.id)'})
    admin.must(201, "POST", f"/v1/documents/{teams}", json={"id": "t", "members": [ada.id]})
    path = f"/v1/documents/{posts}"
    hers, his = EventStream(ada, path), EventStream(bob, path)
    assert hers.snapshot() == his.snapshot() == {}
    admin.must(201, "POST", path, json={"id": "a", "team": "t"})
    assert hers.next().type == "added"
    admin.must(200, "PATCH", f"/v1/documents/{teams}/t", json={"members": [bob.id]})
    # Judged by the teams as they are now: to her it is as if it had never been there, to him as if it had always been.
    admin.must(200, "PATCH", path + "/a", json={"text": "hello"})
    assert his.next().type == "modified"
    admin.must(200, "PATCH", f"/v1/documents/{teams}/t", json={"members": [ada.id]})
    admin.must(200, "PATCH", path + "/a", json={"text": "again"})
    event = hers.next()
    assert (event.type, event.data["text"]) == ("modified", "again")


def test_rules_about_the_request_hold_for_each_stream_alone(admin):
    name = next(names)
    admin.put_collection(name, rules={"read": '"x-key" in request.headers && request.headers["x-key"] == key && !("access_token" in request.query)'})
    path = f"/v1/documents/{name}"
    nobody = stranger(admin.server)
    one, two = (EventStream(nobody, path, headers={"X-Key": key}) for key in ("k1", "k2"))
    assert one.snapshot() == two.snapshot() == {}
    admin.must(201, "POST", path, json={"id": "a", "key": "k1"})
    admin.must(201, "POST", path, json={"id": "b", "key": "k2"})
    assert (one.next().data["id"], two.next().data["id"]) == ("a", "b")
    ada = register(admin.server)
    with EventStream(nobody, path, headers={"X-Key": "k1"}, access_token=ada.token) as stream:
        assert set(stream.snapshot()) == {"a"}


# Who listens


def test_a_token_in_the_query_is_for_streams_only_and_never_logged(start):
    server = start()
    admin = admin_login(server)
    ada = register(server)
    admin.put_collection("own", rules={"read": "auth != null"})
    admin.must(201, "POST", "/v1/documents/own", json={"id": "a"})
    nobody = stranger(server)
    for token in (ada.token, admin.token):
        with EventStream(nobody, "/v1/documents/own", access_token=token) as stream:
            assert set(stream.snapshot()) == {"a"}
            assert stream.headers["cache-control"] == "no-store"
        assert_problem(nobody.get("/v1/documents/own", params={"access_token": token}), 400, "bad_request")
        with EventStream(ada, "/v1/documents/own", access_token=token) as stream:
            assert stream.status == 400
        # However it is written.
        with EventStream(nobody, f"/v1/documents/own?access%5Ftoken={token}") as stream:
            assert set(stream.snapshot()) == {"a"}
    with EventStream(nobody, "/v1/documents/own", access_token=ada.token[:-3]) as stream:
        assert (stream.status, stream.problem()["code"]) == (401, "token_invalid")
    with EventStream(nobody, "/v1/documents/own", access_token="") as stream:
        assert stream.status == 401
    with EventStream(nobody, "/v1/documents/own") as stream:
        assert stream.snapshot() == {}
    assert server.terminate() == 0
    log = server.log_text()
    assert "/v1/documents/own" in log
    for token in (ada.token, admin.token, "access_token"):
        assert token not in log


def test_the_end_of_a_session_ends_its_streams(admin, notes):
    ways = {
        "logout": lambda user: user.must(204, "POST", "/v1/auth/logout"),
        "all sessions": lambda user: user.must(204, "DELETE", "/v1/auth/sessions"),
        "disabled": lambda user: admin.must(200, "PATCH", f"/v1/users/{user.id}", json={"disabled": True}),
        "password": lambda user: admin.must(200, "PATCH", f"/v1/users/{user.id}", json={"password": "another long password"}),
        "deleted": lambda user: admin.must(204, "DELETE", f"/v1/users/{user.id}"),
    }
    for way, end in ways.items():
        user = register(admin.server)
        stays = EventStream(register(admin.server), notes)
        streams = [EventStream(user, notes), EventStream(user, "/v1/documents/users/" + user.id), EventStream(stranger(admin.server), notes, access_token=user.token)]
        for stream in streams + [stays]:
            stream.snapshot()
        end(user)
        admin.must(201, "POST", notes, json={"id": way.replace(" ", "-"), "public": True})
        for stream in streams:
            events = stream.ended()
            assert events[-1].type == "end" and events[-1].data == {"reason": "session_ended"}, way
            # What was written after the end was answered is not for them.
            assert all(event.data.get("id") != way.replace(" ", "-") for event in events), way
        assert stays.next().data["id"] == way.replace(" ", "-")
        with EventStream(user, notes) as stream:
            assert stream.status == 401


def test_the_end_of_a_key_or_an_admins_session_ends_its_streams(admin, notes):
    key = admin.must(201, "POST", "/v1/keys", json={"name": "live"})
    other = admin_login(admin.server)
    callers = [Caller(admin.server, key["key"]), other]
    streams = [EventStream(caller, notes) for caller in callers] + [EventStream(caller, notes + "/x") for caller in callers]
    for stream in streams:
        stream.snapshot()
    admin.must(201, "POST", notes, json={"id": "x"})
    assert all(stream.next().data["id"] == "x" for stream in streams)
    admin.must(204, "DELETE", f"/v1/keys/{key['id']}")
    other.must(204, "POST", "/v1/admin/logout")
    admin.must(200, "PATCH", notes + "/x", json={"secret": 1})
    for stream in streams:
        assert [(event.type, event.data) for event in stream.ended()] == [("end", {"reason": "session_ended"})]


def test_changed_rules_end_the_streams_and_reset_those_who_come_back(admin, bob, notes):
    name = notes.rsplit("/", 1)[1]
    configuration = admin.must(200, "GET", f"/v1/collections/{name}")
    admin.must(201, "POST", notes, json={"id": "a", "owner": "x", "public": True, "price": 1})
    stream, boss = EventStream(bob, notes), EventStream(admin, notes)
    assert set(stream.snapshot()) == set(boss.snapshot()) == {"a"}
    # An index is nothing that anybody sees.
    admin.must(200, "PATCH", f"/v1/collections/{name}", json={"indexes": [{"fields": ["owner"]}]})
    admin.must(201, "POST", notes, json={"id": "b", "owner": "x", "public": True, "price": 1})
    assert stream.next().data["id"] == boss.next().data["id"] == "b"
    admin.must(200, "PATCH", f"/v1/collections/{name}", json={"rules": {"read": "auth != null && owner == auth.id"}})
    admin.must(201, "POST", notes, json={"id": "c", "owner": "x", "public": True})
    assert [(event.type, event.data) for event in stream.ended()] == [("end", {"reason": "rules_changed"})]
    # Admins pass the rules, whatever they say.
    assert boss.next().data["id"] == "c"
    admin.must(201, "POST", notes, json={"id": "mine", "owner": bob.id})
    with EventStream(bob, notes, last_event_id=stream.last_event_id) as again:
        assert again.next().type == "reset"
        assert set(again.snapshot()) == {"mine"}
        admin.must(200, "PATCH", f"/v1/collections/{name}", json={"fieldRules": {"owner": {"read": "false"}}})
        assert [event.data for event in again.ended()] == [{"reason": "rules_changed"}]
    admin.must((200, 201), "PUT", f"/v1/collections/{name}", json={key: configuration[key] for key in ("rules", "fieldRules")})


def test_a_deleted_collection_ends_its_streams_and_its_name_means_another(admin, bob):
    name = next(names)
    path = f"/v1/documents/{name}"
    admin.put_collection(name, rules={})
    admin.must(201, "POST", path, json={"id": "secret", "text": "of the old collection"})
    cursor = admin.must(200, "GET", f"/v1/changes/{name}")["nextCursor"]
    stream = EventStream(admin, path)
    stream.snapshot()
    admin.must(200, "PATCH", path + "/secret", json={"text": "more"})
    seen = stream.next()
    admin.must(204, "DELETE", f"/v1/collections/{name}")
    assert [event.data for event in stream.ended()] == [{"reason": "collection_deleted"}]
    with EventStream(admin, path, last_event_id=seen.id) as stream:
        assert stream.status == 404
    admin.put_collection(name, rules={"read": "true"})
    admin.must(201, "POST", path, json={"id": "new"})
    for caller in (admin, bob):
        assert_problem(caller.get(f"/v1/changes/{name}", params={"since": cursor}), 410, "cursor_expired")
        with EventStream(caller, path, last_event_id=seen.id) as stream:
            assert stream.next().type == "reset"
            assert set(stream.snapshot()) == {"new"}
        with EventStream(caller, f"/v1/changes/{name}", since=cursor) as stream:
            assert stream.status == 410


def test_one_callers_cursor_is_not_anothers(admin, ada, bob, notes):
    with EventStream(ada, notes) as stream:
        id = stream.until("ready")[-1].id
    for caller, wanted in ((ada, "ready"), (bob, "reset"), (stranger(admin.server), "reset"), (admin, "reset")):
        with EventStream(caller, notes, last_event_id=id) as stream:
            assert stream.next().type == wanted


# The change feed


def test_the_feed_tells_each_caller_what_they_may_see(admin, ada, bob, notes):
    feed = notes.replace("documents", "changes")
    callers = {"stranger": stranger(admin.server), "bob": bob, "ada": ada, "admin": admin}
    starts = {name: caller.must(200, "GET", feed)["nextCursor"] for name, caller in callers.items()}
    admin.must(201, "POST", notes, json={"id": "n", "owner": ada.id, "public": False, "price": 1})
    admin.must(200, "PATCH", notes + "/n", json={"public": True})
    admin.must(200, "PATCH", notes + "/n", json={"public": False})
    admin.must(204, "DELETE", notes + "/n")
    pages = {name: caller.must(200, "GET", feed, params={"since": starts[name]}) for name, caller in callers.items()}
    for name in ("stranger", "bob"):
        items = pages[name]["items"]
        assert [item["type"] for item in items] == ["added", "removed"]
        assert items[1]["document"] is None
        assert all(set(item) == {"type", "id", "time", "cursor", "document"} for item in items)
        assert "price" not in json.dumps(items)
    assert [item["type"] for item in pages["ada"]["items"]] == ["added", "modified", "modified", "removed"]
    assert pages["ada"]["items"][0]["document"]["price"] == 1
    assert "before" not in pages["ada"]["items"][1] and "actor" not in pages["ada"]["items"][1]
    assert pages["admin"]["items"][3]["before"]["price"] == 1
    # One goes on from where one was, and not from where another was.
    assert ada.must(200, "GET", feed, params={"since": pages["ada"]["items"][2]["cursor"]})["items"] == pages["ada"]["items"][3:]
    assert_problem(bob.get(feed, params={"since": starts["ada"]}), 410, "cursor_expired")


def test_the_pages_of_the_feed_do_not_count_what_is_hidden(admin, ada, bob, notes):
    feed = notes.replace("documents", "changes")
    start = bob.must(200, "GET", feed)["nextCursor"]

    def pages(limit):
        cursor, told = start, []
        while True:
            page = bob.must(200, "GET", feed, params={"since": cursor, "limit": limit})
            told.append([item["id"] for item in page["items"]])
            cursor = page["nextCursor"]
            if not page["hasMore"]:
                return told

    for n in range(4):
        admin.must(201, "POST", notes, json={"id": f"hidden{n}", "owner": ada.id, "public": False})
    assert pages(1) == pages(50) == [[]]
    for n in range(3):
        admin.must(201, "POST", notes, json={"id": f"open{n}", "owner": ada.id, "public": True})
        admin.must(200, "PATCH", notes + "/hidden0", json={"n": n})
    assert pages(1) == [["open0"], ["open1"], ["open2"]]
    assert pages(2) == [["open0", "open1"], ["open2"]]
    assert pages(3) == [["open0", "open1", "open2"]]


def test_the_feed_ends_where_the_rules_change(admin, bob, notes):
    feed, name = notes.replace("documents", "changes"), notes.rsplit("/", 1)[1]
    start = bob.must(200, "GET", feed)["nextCursor"]
    admin.must(200, "PATCH", f"/v1/collections/{name}", json={"rules": {"read": "true"}})
    assert_problem(bob.get(feed, params={"since": start}), 410, "cursor_expired")
