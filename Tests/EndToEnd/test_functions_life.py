"""How runs, callers and deploys come to their ends: nobody waits for ever, nothing goes in silence."""
import signal
import threading
import time

import pytest
import requests

from roost_client import admin_login, assert_problem, function, on, raw
from roost_server import eventually

OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}


def before(collection, *events, **more):
    return [{"type": "before", "collection": collection, "events": list(events or ("created",)), **more}]


# What functions say before a write


@pytest.mark.parametrize("source, says", [
    ("export default () => ({ refuse: true });", "`refuse`"),
    ("export default () => ({ refuse: { why: 'no' } });", "`refuse`"),
    ("export default () => ({ refuse: null });", "`refuse`"),
    ("export default () => new Response('no', { status: 403 });", "failed"),
    ("export default async () => Response.json({ title: 'x' });", "failed"),
])
def test_an_answer_that_is_neither_a_document_nor_a_refusal_stores_nothing(admin, place, source, says):
    admin.put_collection(place, rules=OPEN)
    admin.put_function(place, source, triggers=before(place, "created", "deleted"))
    assert_problem(admin.post(f"/v1/documents/{place}", json={"id": "a", "n": 1}), 502, "function_failed", says)
    assert admin.list(place)["items"] == []
    # Deletions as well, where what is returned matters not.
    admin.put_function(place, "export default () => {};", triggers=before(place, "created"))
    admin.create(place, id="a")
    admin.put_function(place, source, triggers=before(place, "deleted"))
    assert_problem(admin.delete(f"/v1/documents/{place}/a"), 502, "function_failed", says)
    assert len(admin.list(place)["items"]) == 1


def test_a_refusal_is_one_however_it_is_written(admin, place):
    admin.put_collection(place, rules=OPEN)
    source = "#!/bin/sh\nprintf '\\n { \"refuse\" : \"not today\" }\\n'\n"
    admin.must((200, 201), "PUT", f"/v1/functions/{place}", json={"runtime": "command", "source": source, "triggers": before(place, timeout="10s")})
    assert_problem(admin.post(f"/v1/documents/{place}", json={}), 422, "write_refused", "not today")


# Sequences


def test_a_result_for_a_function_that_is_gone_waits_as_a_dead_letter(admin, place):
    admin.put_collection(place, rules=OPEN)
    admin.put_collection(place + "-got", rules=OPEN)
    target = f"export default async (event, {{ db }}) => {{ await db.collection('{place}-got').create(event.data); }}"
    admin.put_function(place + "-next", target)
    admin.put_function(place, "export default (event) => ({ n: event.data.after.n });", triggers=on(place), then=[place + "-next"])
    admin.must(204, "DELETE", f"/v1/functions/{place}-next")
    admin.create(place, n=7)
    letters = eventually(lambda: admin.every(f"/v1/functions/{place}/dead-letters"), what="the dead letter")
    assert f"'{place}-next'" in letters[0]["error"] and letters[0]["attempts"] == 1, letters
    assert [run["status"] for run in admin.every(f"/v1/functions/{place}/invocations")] == ["failed"]
    admin.put_function(place + "-next", target)
    admin.must(202, "POST", f"/v1/functions/{place}/dead-letters/{letters[0]['id']}/replay")
    got = eventually(lambda: admin.every(f"/v1/documents/{place}-got"), what="the result")
    assert [one["n"] for one in got] == [7]


# Small print of deploys and calls


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/UTC"])
def test_a_time_zone_that_another_machine_reads_otherwise_is_refused(admin, place, zone):
    manifest = function("export default () => {};", triggers=[{"type": "schedule", "cron": "0 3 * * *", "timeZone": zone}])
    response = admin.put(f"/v1/functions/{place}", json=manifest)
    assert_problem(response, 422, "validation_failed", zone)
    assert response.json()["errors"][0]["pointer"] == "/triggers/0/timeZone"


@pytest.mark.parametrize("path", ["/v1/call/{}", "/v1/collections", "/v1/documents/x/y"])
def test_allow_names_each_method_once(admin, place, path):
    admin.put_function(place, "export default { fetch: () => new Response('x') };", triggers=[{"type": "http", "access": "true"}])
    for method in ("TRACE", "PROPFIND"):
        answer = raw(admin.server, f"{method} {path.format(place)} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        status, headers = answer[0], {name.lower(): value for name, value in dict(answer[1]).items()}
        allowed = headers["allow"].split(", ")
        assert status == 405 and len(allowed) == len(set(allowed)), (status, allowed)


# The end of the server


def test_whoever_still_waits_when_the_time_is_over_is_answered(start):
    server = start(arguments=["--drain-seconds", "1"])
    admin = admin_login(server)
    for name in ("posts", "checked"):
        admin.put_collection(name, rules=OPEN)
    slow = "await new Promise((done) => setTimeout(done, 30000));"
    admin.put_function("call", f"export default {{ async fetch() {{ {slow} }} }};", timeout="60s", concurrency=2, triggers=[{"type": "http", "access": "true"}])
    admin.put_function("check", f"export default async () => {{ {slow} }};", timeout="60s", triggers=before("checked", timeout="10s"))
    admin.put_function("event", f"export default async () => {{ {slow} }};", timeout="60s", triggers=on("posts"))
    admin.create("posts")
    answers = []

    def ask(method, path):
        try:
            response = requests.request(method, server.url + path, json={}, timeout=30)
            answers.append((response.status_code, response.json()["code"]))
        except requests.RequestException as error:
            answers.append(repr(error))

    # Two run, two wait for a worker.
    askers = [threading.Thread(target=ask, args=("POST", path)) for path in ["/v1/call/call"] * 4 + ["/v1/documents/checked"] * 3]
    for asker in askers:
        asker.start()
    eventually(lambda: sum(admin.must(200, "GET", f"/v1/functions/{name}")["instances"] for name in ("call", "check", "event")) >= 4, what="workers")
    begin = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    for asker in askers:
        asker.join(30)
    assert answers == [(503, "unavailable")] * 7
    assert server.terminate(10) == 0
    assert time.monotonic() - begin < 5
    again = start(data=server.data)
    admin = admin_login(again)
    assert admin.list("checked")["items"] == []
    # What was not finished begins anew, as if it had never been tried.
    eventually(lambda: admin.must(200, "GET", "/v1/functions/event")["instances"] == 1, what="the event again")
    assert admin.every("/v1/functions/event/invocations") == []
