"""Time to live: documents go when their time has come, with an event, and not before."""
import datetime

import pytest

from roost_client import Caller, admin_login, assert_problem, on
from roost_server import eventually

OPEN = {"read": "true", "create": "true", "update": "true", "delete": "true"}
# The server looks every ten seconds.
SOON = 40


def moment(seconds, offset=0):
    """RFC 3339 of so many seconds from now, in a zone so many minutes from UTC."""
    zone = datetime.timezone(datetime.timedelta(minutes=offset))
    return (datetime.datetime.now(zone) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def test_what_has_expired_goes_and_nothing_else(admin):
    admin.put_collection("sessions", rules=OPEN, ttl={"field": "until"})
    gone = {
        "past": moment(-3600), "east": moment(-60, offset=14 * 60), "west": moment(-60, offset=-12 * 60), "india": moment(-60, offset=330),
        "zulu": moment(-60).replace("+00:00", "Z"), "small": moment(-60).replace("+00:00", "z").replace("T", "t"),
        "ancient": "0001-01-01T00:00:00Z", "soon": moment(1),
    }
    stays = {
        "future": moment(3600), "futureEast": moment(600, offset=14 * 60), "futureWest": moment(600, offset=-12 * 60),
        "far": "9999-12-31T23:59:59.999999999Z", "date": "2020-01-01", "space": "2020-01-01 00:00:00Z", "local": "2020-01-01T00:00:00",
        "month13": "2020-13-01T00:00:00Z", "word": "now", "empty": "", "seconds": 1, "milliseconds": 1_600_000_000_000, "null": None, "true": True,
        "list": ["2020-01-01T00:00:00Z"], "object": {"until": "2020-01-01T00:00:00Z"}, "long": "2020-01-01T00:00:00Z" + " " * 1000,
    }
    for id, until in {**gone, **stays}.items():
        admin.create("sessions", id=id, until=until)
    admin.create("sessions", id="none")
    left = lambda: {item["id"] for item in admin.every("/v1/documents/sessions")}
    eventually(lambda: left() == {*stays, "none"}, SOON, "what has expired to go")


def test_an_expired_document_is_readable_until_it_goes_and_changing_it_saves_it(admin, nobody):
    admin.put_collection("saved", rules=OPEN, ttl={"field": "a.until"})
    admin.create("saved", id="gone", a={"until": moment(-60)})
    response = nobody.get("/v1/documents/saved/gone")
    assert response.status_code in (200, 404)
    admin.create("saved", id="longer", a={"until": moment(2)})
    admin.must(200, "PATCH", "/v1/documents/saved/longer", json={"a": {"until": moment(3600)}})
    admin.create("saved", id="shorter", a={"until": moment(3600)})
    admin.must(200, "PATCH", "/v1/documents/saved/shorter", json={"a": {"until": moment(1)}})
    admin.create("saved", id="never", a={"until": moment(2)})
    admin.must(200, "PATCH", "/v1/documents/saved/never", json={"a": None})
    eventually(lambda: {item["id"] for item in admin.every("/v1/documents/saved")} == {"longer", "never"}, SOON, "both to go")


def test_an_age(admin):
    admin.put_collection("aged", rules=OPEN, ttl={"field": "createdAt", "afterSeconds": 2})
    admin.put_collection("idle", rules=OPEN, ttl={"field": "updatedAt", "afterSeconds": 3600})
    admin.create("aged", id="a")
    admin.create("idle", id="a")
    eventually(lambda: admin.get("/v1/documents/aged/a").status_code == 404, SOON, "its age")
    assert admin.read("idle", "a")


def test_turning_it_on_counts_for_what_is_there(admin):
    admin.put_collection("existing", rules=OPEN)
    for n in range(700):
        if n % 100 == 0:
            admin.must(200, "POST", "/v1/batch", json={"writes": [
                {"op": "create", "collection": "existing", "data": {"n": n + i, "until": moment(-60 if i % 2 else 3600)}} for i in range(100)]})
    admin.put_collection("existing", rules=OPEN, ttl={"field": "until"})
    left = lambda: admin.every("/v1/documents/existing", limit=1000)
    eventually(lambda: len(left()) == 350, SOON, "half of them to go")
    assert all(item["n"] % 2 == 0 for item in left())
    admin.put_collection("existing", rules=OPEN, ttl={"field": "other"})
    admin.must(200, "PATCH", f"/v1/documents/existing/{left()[0]['id']}", json={"until": moment(-60), "other": moment(3600)})
    admin.must(200, "PATCH", f"/v1/documents/existing/{left()[1]['id']}", json={"other": moment(-3600)})
    eventually(lambda: len(left()) == 349, SOON, "the one of the new field")
    admin.put_collection("existing", rules=OPEN)
    admin.create("existing", id="stays", until=moment(-60), other=moment(-60))


def test_triggers_hear_of_it_and_the_history_knows_it(admin):
    admin.put_collection("tokens", rules=OPEN, history=True, ttl={"field": "until"})
    admin.put_collection("ended")
    admin.put_function("ending", """
        export default async (event, { db }) => {
          await db.collection("ended").put(event.data.before.id, { auth: event.data.auth, type: event.type });
        };""", triggers=on("tokens", "deleted"))
    admin.create("tokens", id="t", until=moment(1), n=1)
    eventually(lambda: admin.get("/v1/documents/ended/t").status_code == 200, SOON, "the trigger")
    heard = admin.read("ended", "t")
    assert heard["auth"] == {"type": "system", "id": "ttl"} and heard["type"] == "roost.document.deleted"
    deleted, = admin.every("/v1/documents/tokens", deleted="true")
    assert deleted["id"] == "t" and deleted["actor"] == {"type": "system", "id": "ttl"} and deleted["document"]["n"] == 1


@pytest.mark.parametrize("setting, pointer", [
    ("until", "/ttl"), (60, "/ttl"), ([], "/ttl"), (True, "/ttl"), ({}, "/ttl/field"), ({"field": 1}, "/ttl/field"), ({"field": ""}, "/ttl/field"),
    ({"field": "-until"}, "/ttl/field"), ({"field": "a b"}, "/ttl/field"), ({"field": "id"}, "/ttl/field"), ({"field": "version"}, "/ttl/field"),
    ({"field": "a'); DROP TABLE x; --"}, "/ttl/field"), ({"field": "createdAt"}, "/ttl/afterSeconds"), ({"field": "updatedAt"}, "/ttl/afterSeconds"),
    ({"field": "until", "afterSeconds": -1}, "/ttl/afterSeconds"), ({"field": "until", "afterSeconds": 1e30}, "/ttl/afterSeconds"),
    ({"field": "until", "seconds": 1}, "/ttl/seconds"),
])
def test_a_wrong_setting_is_refused(admin, setting, pointer):
    response = admin.put("/v1/collections/wrong", json={"ttl": setting})
    assert assert_problem(response, 422, "validation_failed")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("setting", [None, {"field": "until"}, {"field": "a.b.until"}, {"field": "createdAt", "afterSeconds": 86400}])
def test_what_get_answers_can_be_put_again(admin, setting):
    made = admin.put_collection("again", ttl=setting)
    assert made["ttl"] == setting
    assert admin.must(200, "PUT", "/v1/collections/again", json=made)["ttl"] == setting
    assert admin.must(200, "PATCH", "/v1/collections/again", json={"ttl": None})["ttl"] is None


def test_accounts_do_not_expire(admin):
    users = admin.must(200, "GET", "/v1/collections/users")
    response = admin.put("/v1/collections/users", json={**users, "ttl": {"field": "createdAt", "afterSeconds": 1}})
    assert_problem(response, 422, "validation_failed", says="account")


def test_it_goes_on_after_kill_9(start, tmp_path):
    server = start(tmp_path / "data")
    admin = admin_login(server)
    admin.put_collection("many", ttl={"field": "until"})
    for _ in range(20):
        admin.must(200, "POST", "/v1/batch", json={"writes": [
            {"op": "create", "collection": "many", "data": {"until": moment(3600 if i == 0 else 3)}} for i in range(200)]})
    count = lambda: len(admin.every("/v1/documents/many", limit=1000))
    eventually(lambda: count() < 4000, SOON, "the first to go")
    server.kill()
    admin.server = start(tmp_path / "data")
    eventually(lambda: count() == 20, SOON, "the others to go")
