"""`Idempotency-Key`: a repeated request is answered as the first one, and changes nothing."""
import shutil
import sqlite3
import threading
import uuid
from pathlib import Path

import pytest
import requests

from roost_client import Caller, admin_login, assert_problem
from roost_server import eventually

OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}


@pytest.fixture(scope="module", autouse=True)
def collections(admin):
    admin.put_collection("orders", rules=OPEN)
    admin.put_collection("notes", rules={"read": "author == auth.id", "create": "auth != null && incoming.author == auth.id"})


def key():
    return {"Idempotency-Key": f'"{uuid.uuid4()}"'}


def post(caller, body, headers, path="/v1/documents/orders", **more):
    return caller.post(path, json=body, headers=headers, **more)


def assert_replayed(again, first):
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("ETag", "Location", "Content-Type", "Cache-Control", "Preference-Applied"):
        assert again.headers.get(name) == first.headers.get(name), name


def test_a_repeated_create_is_answered_as_the_first(ada):
    headers = key()
    first = post(ada, {"n": 1}, headers)
    assert first.status_code == 201
    # What has become of the document since then does not count.
    ada.must(200, "PATCH", first.headers["Location"], json={"n": 2})
    for _ in range(3):
        assert_replayed(post(ada, {"n": 1}, headers), first)
    ada.must(204, "DELETE", first.headers["Location"])
    assert_replayed(post(ada, {"n": 1}, headers), first)
    # A named id would be refused the second time.
    headers, named = key(), {"id": f"named-{uuid.uuid4()}"}
    first = post(ada, named, headers)
    assert_replayed(post(ada, named, headers), first)
    assert_problem(post(ada, named, key()), 409, "already_exists")


def test_without_quotes_it_is_the_same_key(ada):
    text = str(uuid.uuid4())
    first = post(ada, {"n": 1}, {"Idempotency-Key": text})
    assert_replayed(post(ada, {"n": 1}, {"Idempotency-Key": f'"{text}"'}), first)


def test_another_request_with_the_same_key_is_refused(ada):
    headers = key()
    first = post(ada, {"n": 1}, headers)
    for path, body in [("/v1/documents/orders", {"n": 2}), ("/v1/documents/notes", {"n": 1}), ("/v1/batch", {"writes": []})]:
        if path != "/v1/batch":
            assert_problem(post(ada, body, headers, path), 422, "idempotency_key_reused")
    batch = {"writes": [{"op": "create", "collection": "orders", "data": {"n": 1}}]}
    assert_problem(post(ada, batch, headers, "/v1/batch"), 422, "idempotency_key_reused")
    assert_replayed(post(ada, {"n": 1}, headers), first)


def test_keys_belong_to_their_callers(ada, bob, nobody, admin):
    headers = key()
    answers = [post(caller, {"shared": 1}, headers) for caller in (ada, bob, nobody, admin)]
    assert all(answer.status_code == 201 and "Idempotency-Replayed" not in answer.headers for answer in answers)
    assert len({answer.json()["id"] for answer in answers}) == 4
    for caller, first in zip((ada, bob, nobody, admin), answers):
        assert_replayed(post(caller, {"shared": 1}, headers), first)
    # Also another key's answer is not to be had by guessing what was asked.
    assert post(bob, {"author": bob.id, "secret": 1}, headers, "/v1/documents/notes").status_code == 422


def test_a_request_that_failed_may_be_repeated(ada, admin):
    headers = key()
    assert_problem(post(ada, {"author": "somebody"}, headers, "/v1/documents/notes"), 403, "forbidden")
    assert_problem(post(ada, {"author": "somebody"}, headers, "/v1/documents/notes"), 403, "forbidden")
    assert post(ada, {"author": ada.id}, headers, "/v1/documents/notes").status_code == 201


@pytest.mark.parametrize("value", ["", '""', "a b", "x" * 256, '"un"quoted"', "back\\slash", "ümlaut".encode().decode("latin-1")])
def test_what_is_no_key_is_refused(ada, value):
    assert_problem(post(ada, {"n": 1}, {"Idempotency-Key": value}), 400, "bad_request", "Idempotency-Key")


def test_the_longest_key_is_taken(ada):
    headers = {"Idempotency-Key": '"' + "k" * 215 + str(uuid.uuid4()) + "1234" + '"'}
    first = post(ada, {"n": 1}, headers)
    assert_replayed(post(ada, {"n": 1}, headers), first)


def test_a_repeated_batch_writes_once(ada):
    headers = key()
    counter = ada.create("orders", n=0)
    batch = {"writes": [
        {"op": "create", "collection": "orders", "data": {"batch": True}},
        {"op": "patch", "collection": "orders", "id": counter["id"], "data": {"$inc": {"n": 1}}}]}
    first = post(ada, batch, headers, "/v1/batch")
    assert first.status_code == 200 and first.json()["items"][1]["n"] == 1
    for _ in range(3):
        assert_replayed(post(ada, batch, headers, "/v1/batch"), first)
    assert ada.read("orders", counter["id"])["n"] == 1


def test_a_repeated_increment_counts_once(ada):
    counter = ada.create("orders", n=0)
    headers = key()
    path = f"/v1/documents/orders/{counter['id']}"
    first = ada.patch(path, json={"$inc": {"n": 1}}, headers=headers)
    assert first.json()["n"] == 1
    assert_replayed(ada.patch(path, json={"$inc": {"n": 1}}, headers=headers), first)
    assert_problem(ada.patch(path, json={"$inc": {"n": 2}}, headers=headers), 422, "idempotency_key_reused")
    assert ada.read("orders", counter["id"])["n"] == 1


def test_a_large_answer_is_not_kept_but_refused_before_anything_is_written(ada):
    writes = [{"op": "create", "collection": "orders", "data": {"large": n, "tag": "large-answer", "text": ""}} for n in range(5)]
    documents = [ada.create("orders", text="x" * 1_000_000) for _ in range(5)]
    batch = {"writes": writes + [{"op": "patch", "collection": "orders", "id": one["id"], "data": {"touched": True}} for one in documents]}
    headers = key()
    assert_problem(post(ada, batch, headers, "/v1/batch"), 413, "payload_too_large", "return=minimal")
    assert not ada.list("orders", filter='tag == "large-answer"')["items"]
    first = post(ada, batch, {**headers, "Prefer": "return=minimal"}, "/v1/batch")
    assert first.status_code == 204
    assert_replayed(post(ada, batch, headers, "/v1/batch"), first)
    assert len(ada.list("orders", filter='tag == "large-answer"')["items"]) == 5
    # One document's answer is always kept.
    headers, body = key(), {"text": "x" * 1_040_000}
    first = post(ada, body, headers)
    assert_replayed(post(ada, body, headers), first)


def test_of_many_at_once_one_is_carried_out(ada, server):
    headers = key()
    answers = []

    def run():
        answers.append(post(Caller(server, ada.token), {"tag": headers["Idempotency-Key"]}, headers))

    threads = [threading.Thread(target=run) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {201} and len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    assert len(ada.list("orders", filter=f"tag == '{headers['Idempotency-Key']}'")["items"]) == 1


def test_accounts_are_created_once(admin):
    email = f"{uuid.uuid4()}@example.org"
    for path, body in [("/v1/users", {"email": email, "password": "a good password", "name": "N"}), ("/v1/admins", {"email": email, "password": "a good password"})]:
        headers = key()
        first = post(admin, body, headers, path)
        assert first.status_code == 201, first.text
        assert_replayed(post(admin, body, headers, path), first)
        assert_problem(post(admin, body, key(), path), 409, "already_exists")
        assert_problem(post(admin, {**body, "email": f"x{email}"}, headers, path), 422, "idempotency_key_reused")


def test_an_api_key_is_made_once_and_its_secret_kept_nowhere(admin, server):
    headers = key()
    first = post(admin, {"name": "ci"}, headers, "/v1/keys")
    again = post(admin, {"name": "ci"}, headers, "/v1/keys")
    secret = first.json()["key"]
    assert again.status_code == 201 and again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == {name: value for name, value in first.json().items() if name != "key"}
    assert sum(item["id"] == first.json()["id"] for item in admin.every("/v1/keys")) == 1
    for file in server.data.rglob("roost.db*"):
        content = file.read_bytes()
        assert secret.encode() not in content and b"a good password" not in content


def test_a_key_outlives_the_server(start):
    """Killed at any moment: what was answered stays answered, and a repeat never makes a second document."""
    server = start()
    admin = admin_login(server)
    admin.put_collection("orders", rules=OPEN)
    made = {}
    for round in range(4):
        stop = threading.Event()
        sent = []

        def run(number):
            caller = requests.Session()
            while not stop.is_set():
                name = f"{round}-{number}-{len(sent)}-{uuid.uuid4()}"
                sent.append(name)
                try:
                    answer = caller.post(f"{server.url}/v1/documents/orders", json={"name": name}, headers={"Idempotency-Key": name}, timeout=10)
                    assert answer.status_code == 201, answer.text
                    made[name] = answer.content
                except requests.ConnectionError:
                    return

        threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        while len(made) < (round + 1) * 100:
            assert any(thread.is_alive() for thread in threads)
        server.kill()
        stop.set()
        for thread in threads:
            thread.join()
        server = start(server.data)
        caller = Caller(server)
        lost = [name for name in sent if name not in made]
        for name in lost + sent[:20]:
            answer = caller.post("/v1/documents/orders", json={"name": name}, headers={"Idempotency-Key": name})
            assert answer.status_code == 201
            assert made.setdefault(name, answer.content) == answer.content
            again = caller.post("/v1/documents/orders", json={"name": name}, headers={"Idempotency-Key": name})
            assert again.content == answer.content and again.headers["Idempotency-Replayed"] == "true"
    names = [item["name"] for item in Caller(server).every("/v1/documents/orders", limit=1000)]
    assert sorted(names) == sorted(made)


@pytest.mark.skipif(not shutil.which("faketime"), reason="needs Debian's faketime")
def test_after_a_day_the_key_is_free_again(start, tmp_path):
    data = tmp_path / "data"
    server = start(data)
    admin_login(server).put_collection("orders", rules=OPEN)
    first = Caller(server).post("/v1/documents/orders", json={"n": 1}, headers={"Idempotency-Key": "k"})
    server.terminate()
    for hours, replayed in ((23, True), (25, False)):
        library = next(path for path in Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        # Through `env`: loaded straight into a Swift program, the library makes it lose its arguments.
        later = start(data, prefix=("env",), env={
            "LD_PRELOAD": str(library), "FAKETIME": f"+{hours}h", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"})
        if not replayed:  # the answers are also removed by themselves
            database = sqlite3.connect(next(data.rglob("roost.db")))
            eventually(lambda: database.execute("SELECT count(*) FROM kept_answers").fetchone() == (0,), 20, "the removal of kept answers")
            database.close()
        again = Caller(later).post("/v1/documents/orders", json={"n": 1}, headers={"Idempotency-Key": "k"})
        assert again.status_code == 201 and ("Idempotency-Replayed" in again.headers) == replayed
        assert (again.json()["id"] == first.json()["id"]) == replayed
        assert later.terminate() == 0
