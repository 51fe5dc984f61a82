"""Secrets: given to functions, masked in what they print, sealed on the disk, never shown again."""
import json
import sqlite3

import pytest

from roost_client import Caller, assert_problem, on
from roost_server import eventually

VALUE = "hunter2-and-more"


@pytest.fixture
def name(admin, own_name):
    name = own_name
    admin.put_collection(name)
    yield name
    admin.delete(f"/v1/functions/{name}")
    for secret in admin.every("/v1/secrets"):
        admin.delete(f"/v1/secrets/{secret['name']}")


def lines(admin, name):
    return [line["message"] for line in admin.every(f"/v1/functions/{name}/logs")]


def test_a_secret_reaches_its_function_and_nobody_else(admin, server, name):
    made = admin.must(201, "PUT", f"/v1/functions/{name}/secrets/API_KEY", json={"value": VALUE})
    assert set(made) == {"name", "createdAt", "updatedAt"} and made["name"] == "API_KEY"
    admin.must(201, "PUT", "/v1/secrets/SHARED", json={"value": "of-the-project"})
    source = "export default (event, { env, log }) => { log.info(env.API_KEY.length, env.SHARED.length, env.API_KEY); throw new Error('no ' + env.SHARED); }"
    admin.put_function(name, source, triggers=on(name), retry={"attempts": 1})
    admin.create(name, n=1)
    eventually(lambda: admin.every(f"/v1/functions/{name}/dead-letters"))
    assert lines(admin, name)[-1] == f"{len(VALUE)} {len('of-the-project')} ***"
    for path in ("invocations", "logs", "dead-letters", "secrets"):
        text = json.dumps(admin.must(200, "GET", f"/v1/functions/{name}/{path}"))
        assert VALUE not in text and "of-the-project" not in text, path
    assert "no ***" in admin.every(f"/v1/functions/{name}/dead-letters")[0]["error"]
    assert VALUE not in json.dumps(admin.must(200, "GET", f"/v1/functions/{name}"))
    assert VALUE not in server.log_text()


def test_it_lies_sealed_on_the_disk(admin, server, name):
    admin.must(201, "PUT", f"/v1/functions/{name}/secrets/API_KEY", json={"value": VALUE})
    found = [path for path in server.data.rglob("*") if path.is_file() and VALUE.encode() in path.read_bytes()]
    assert not found
    database = sqlite3.connect(f"file:{server.data}/projects/default/roost.db?mode=ro", uri=True)
    assert database.execute("SELECT count(*) FROM secrets WHERE function = ? AND name = 'API_KEY'", (name,)).fetchone() == (1,)


def test_a_changed_secret_reaches_the_next_run(admin, name):
    source = "export default (event, { env, log }) => { log.info(env.KEY ?? 'none'); }"
    admin.put_function(name, source, triggers=on(name))
    for expected in ("none", "one", "two"):
        if expected != "none":
            admin.must((200, 201), "PUT", f"/v1/functions/{name}/secrets/KEY", json={"value": expected})
        admin.create(name, n=1)
        eventually(lambda: lines(admin, name)[:1] == [expected])
    admin.must(204, "DELETE", f"/v1/functions/{name}/secrets/KEY")
    admin.create(name, n=1)
    eventually(lambda: lines(admin, name)[:1] == ["none"])
    assert {item["version"] for item in admin.every(f"/v1/functions/{name}/invocations")} == {1}


def test_a_function_takes_its_secrets_with_it(admin, name):
    admin.must(201, "PUT", f"/v1/functions/{name}/secrets/KEY", json={"value": "x"})
    admin.put_function(name, "export default () => {};", triggers=on(name))
    admin.must(204, "DELETE", f"/v1/functions/{name}")
    assert admin.every(f"/v1/functions/{name}/secrets") == []


def test_strangers_and_users_see_and_set_nothing(server, ada, name):
    for caller, status in ((Caller(server), 401), (ada, 403)):
        for method, path in (("GET", "/v1/secrets"), ("PUT", "/v1/secrets/A"), ("DELETE", "/v1/secrets/A"), ("GET", f"/v1/functions/{name}/secrets"),
                             ("PUT", f"/v1/functions/{name}/secrets/A"), ("DELETE", f"/v1/functions/{name}/secrets/A")):
            assert caller.request(method, path, json={"value": "x"} if method == "PUT" else None).status_code == status, path


@pytest.mark.parametrize("secret", ["1A", "A-B", "A.B", "ROOST_TOKEN", "A" * 65, "é", "A%20B", "A%3DB"])
def test_a_bad_name_is_refused(admin, secret):
    assert_problem(admin.put(f"/v1/secrets/{secret}", json={"value": "x"}), 422, "validation_failed")


@pytest.mark.parametrize("body", [{}, {"value": ""}, {"value": 5}, {"value": None}, {"value": "a\u0000b"}, {"value": "x" * (32 * 1024 + 1)}, {"value": "x", "more": 1}])
def test_a_bad_value_is_refused(admin, body):
    assert_problem(admin.put("/v1/secrets/A", json=body), 422, "validation_failed")
    assert admin.get("/v1/secrets").json()["items"] == [] or all(item["name"] != "A" for item in admin.every("/v1/secrets"))


def test_there_is_a_bound_on_their_number(admin, name):
    for number in range(100):
        admin.must(201, "PUT", f"/v1/functions/{name}/secrets/S{number}", json={"value": "x"})
    assert_problem(admin.put(f"/v1/functions/{name}/secrets/S100", json={"value": "x"}), 409, "conflict")
    admin.must(200, "PUT", f"/v1/functions/{name}/secrets/S99", json={"value": "y"})
    assert_problem(admin.delete(f"/v1/functions/{name}/secrets/NONE"), 404, "not_found")
