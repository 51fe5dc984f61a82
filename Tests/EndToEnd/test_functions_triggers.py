"""Triggers of files, users, named events and schedules: what makes a function run, once, with what."""
import datetime
import json
import random
import time

import pytest
from croniter import croniter

import guides
from roost_client import PASSWORD, TIME, Caller, admin_login, assert_problem, function, register
from roost_server import eventually

PUBLIC = {"read": "true", "write": "true", "delete": "true"}
# Keeps what it got as a document of its own.
KEEP = "export default async (event, { db, attempt }) => { await db.collection(OUT).create({ event, attempt }); };"


@pytest.fixture
def lab(admin, own_name):
    name = own_name
    admin.put_collection(f"out{name}")
    yield Lab(admin, name)
    for function in (f"f{name}", f"g{name}"):
        admin.delete(f"/v1/functions/{function}")


class Lab:
    def __init__(self, admin, name):
        self.admin, self.name, self.target, self.function = admin, name, f"out{name}", f"f{name}"

    def deploy(self, trigger, source=KEEP, name=None, **more):
        triggers = trigger if isinstance(trigger, list) else [trigger]
        return self.admin.put_function(name or self.function, source.replace("OUT", json.dumps(self.target)), triggers=triggers, **more)

    def refused(self, trigger, status=422, **more):
        response = self.admin.put(f"/v1/functions/{self.function}", json=function("export default () => {};", triggers=[trigger]))
        return assert_problem(response, status, **more)

    def kept(self):
        return self.admin.every(f"/v1/documents/{self.target}")

    def events(self, count=1, seconds=20):
        eventually(lambda: len(self.kept()) >= count, seconds, f"{count} events")
        return [item["event"] for item in self.kept()]

    def emit(self, name, data=None, **more):
        return self.admin.must(202, "POST", "/v1/events", json={"name": name, "data": data, **more})["id"]


# Files

def test_a_file_trigger_hears_of_files(lab):
    bucket = f"b{lab.name}"
    lab.admin.put_bucket(bucket, rules=PUBLIC)
    lab.admin.put_bucket(bucket + "other", rules=PUBLIC)
    lab.deploy({"type": "file", "events": ["created", "deleted"], "bucket": bucket, "where": 'path.startsWith("in/") && size < 1000 && contentType == "text/plain"'})
    put = lambda path, data=b"hello", type="text/plain", to=bucket: lab.admin.must((200, 201), "PUT", f"/v1/files/{to}/{path}", data=data, headers={"Content-Type": type})
    put("in/a.txt", b"out", to=bucket + "other")
    put("out/a.txt")
    put("in/b.bin", type="application/octet-stream")
    put("in/large.txt", b"x" * 1000)
    first = put("in/ä b.txt")
    second = put("in/ä b.txt", b"replaced")
    lab.admin.must(204, "DELETE", f"/v1/files/{bucket}/in/ä b.txt")
    events = lab.events(3)
    # As in S3, replacing is creating; what was there before is told.
    assert [event["type"] for event in events] == ["roost.file.created", "roost.file.created", "roost.file.deleted"]
    assert [event["subject"] for event in events] == [f"{bucket}/in/ä b.txt"] * 3
    assert [event["data"]["before"] for event in events] == [None, first, second]
    assert [event["data"]["after"] for event in events] == [first, second, None]
    assert events[0]["data"]["auth"]["type"] == "admin"


def test_a_file_trigger_that_is_wrong_is_refused(lab):
    bucket = f"b{lab.name}"
    assert "bucket" in json.dumps(lab.refused({"type": "file", "bucket": "nowhere"})["errors"])
    lab.admin.put_bucket(bucket, rules=PUBLIC)
    lab.refused({"type": "file"}, says="bucket")
    lab.refused({"type": "file", "bucket": bucket, "events": ["updated"]}, says="created, deleted")
    lab.refused({"type": "file", "bucket": bucket, "events": []}, says="at least one")
    lab.refused({"type": "file", "bucket": bucket, "where": "pth == 'x'"}, code="expression_invalid", says="pth")
    lab.refused({"type": "file", "bucket": bucket, "colour": "red"}, says="colour")


# Users

def test_a_user_trigger_hears_of_users(lab, server):
    lab.deploy({"type": "user", "events": ["created", "deleted", "signedIn"], "where": f'tag == "{lab.name}"'})
    register(server, "other", tag="somebody else")
    user = register(server, "ada", tag=lab.name)
    login = Caller(server).must(200, "POST", "/v1/auth/login", json={"email": user.email, "password": PASSWORD}, headers={"User-Agent": "a browser"})
    assert_problem(Caller(server).post("/v1/auth/login", json={"email": user.email, "password": "wrong"}), 401)
    Caller(server).must(200, "POST", "/v1/auth/refresh", json={"refreshToken": login["refreshToken"]})
    user.must(200, "PATCH", "/v1/auth/me", json={"name": "Ada"})
    user.must(204, "DELETE", "/v1/auth/me", json={"password": PASSWORD})
    created, signed_in, deleted = events = lab.events(3)
    assert [event["type"] for event in events] == ["roost.user.created", "roost.user.signedIn", "roost.user.deleted"]
    assert {event["subject"] for event in events} == {f"users/{user.id}"}
    assert created["data"]["before"] is None and created["data"]["after"]["id"] == user.id and created["data"]["after"]["tag"] == lab.name
    assert signed_in["data"]["after"]["id"] == user.id and signed_in["data"]["auth"] == {"type": "user", "id": user.id}
    assert signed_in["data"]["session"]["userAgent"] == "a browser" and signed_in["data"]["session"]["address"]
    assert deleted["data"]["after"] is None and deleted["data"]["before"]["name"] == "Ada"
    for secret in (PASSWORD, login["refreshToken"], login["accessToken"]):
        assert secret not in json.dumps(events), "nothing that lets anybody in"
    time.sleep(0.3)
    assert len(lab.kept()) == 3, "neither the wrong password nor the renewed token is a sign-in"


def test_signing_in_is_no_change_of_a_document(lab, server, admin):
    admin.must((200, 201), "PATCH", "/v1/collections/users", json={})
    user = register(server, "ada")
    start = admin.must(200, "GET", "/v1/changes/users")["cursor"] if "cursor" in admin.must(200, "GET", "/v1/changes/users") else None
    lab.deploy({"type": "document", "collection": "users", "events": ["written"]})
    Caller(server).must(200, "POST", "/v1/auth/login", json={"email": user.email, "password": PASSWORD})
    lab.emit("users")
    user.must(200, "PATCH", "/v1/auth/me", json={"name": "Ada"})
    assert [event["type"] for event in lab.events(1)] == ["roost.document.updated"]
    if start:
        changes = admin.must(200, "GET", "/v1/changes/users", params={"cursor": start})
        assert len(changes["items"]) == 1, "the feed tells of documents only"


# Named events

def test_events_are_emitted_by_admins_and_keys_and_functions(lab, server, admin):
    lab.deploy({"type": "event", "name": "order.paid", "where": 'data.total > 100 && event.subject != "orders/7"'})
    # A function in between.
    lab.deploy({"type": "event", "name": "order.*", "where": "relay == true"}, "export default async (event, { events }) => { await events.emit('order.paid', { total: 500, from: event.id }, { subject: 'orders/9' }); };",
               name=f"g{lab.name}")
    key = Caller(server, admin.must(201, "POST", "/v1/keys", json={"name": lab.name})["key"])
    first = lab.emit("order.paid", {"total": 101}, subject="orders/1")
    for other in ({"total": 100}, {"total": "101"}, {}, None, [1], "text"):
        lab.emit("order.paid", other)
    lab.emit("order.paid", {"total": 900}, subject="orders/7")
    lab.emit("order.paid.twice", {"total": 900})
    second = key.must(202, "POST", "/v1/events", json={"name": "order.paid", "data": {"total": 102}})["id"]
    relayed = lab.emit("order.placed", {"relay": True})
    events = {event["id"]: event for event in lab.events(3)}
    assert len(events) == 3 and {first, second} < set(events)
    assert events[first] == {"specversion": "1.0", "id": first, "source": "/p/default", "type": "order.paid", "subject": "orders/1", "time": events[first]["time"],
                             "datacontenttype": "application/json", "data": {"total": 101}}
    assert TIME.match(events[first]["time"]) and "subject" not in events[second]
    third = next(event for id, event in events.items() if id not in (first, second))
    assert third["data"] == {"total": 500, "from": relayed} and third["subject"] == "orders/9"
    # Records come after what the runs did.
    runs = eventually(lambda: len(runs := admin.every(f"/v1/functions/{lab.function}/invocations")) == 3 and runs, what="three runs")
    assert {(run["event"]["type"], run["event"]["subject"]) for run in runs} == {("order.paid", "orders/1"), ("order.paid", ""), ("order.paid", "orders/9")}


def test_who_may_not_emit(lab, server, ada, nobody):
    lab.deploy({"type": "event", "name": "secret"})
    assert_problem(nobody.post("/v1/events", json={"name": "secret"}), 401, "unauthenticated")
    assert_problem(ada.post("/v1/events", json={"name": "secret"}), 403, "forbidden")
    lab.emit("secret", "from the admin")
    assert [event["data"] for event in lab.events()] == ["from the admin"]


@pytest.mark.parametrize("body, status", [
    ({}, 422), ({"name": ""}, 422), ({"name": "roost.document.created"}, 422), ({"name": "a b"}, 422), ({"name": "ä"}, 422), ({"name": "x" * 129}, 422), ({"name": 7}, 422),
    ({"name": "a", "subject": "x" * 257}, 422), ({"name": "a", "subject": "two\nlines"}, 422), ({"name": "a", "subject": 1}, 422), ({"name": "a", "more": 1}, 422),
    ({"name": "a", "data": "x" * (256 << 10)}, 413),
])
def test_events_that_are_wrong(admin, body, status):
    assert_problem(admin.post("/v1/events", json=body), status)


def test_an_event_that_is_emitted_again_with_its_key_is_one(lab):
    lab.deploy({"type": "event", "name": "once"})
    ids = {lab.admin.must(202, "POST", "/v1/events", json={"name": "once", "data": 1}, headers={"Idempotency-Key": lab.name})["id"] for _ in range(3)}
    assert len(ids) == 1
    lab.emit("once", 2)
    eventually(lambda: len(lab.kept()) == 2, what="two events")
    assert sorted(event["data"] for event in lab.events(2)) == [1, 2]


def test_events_of_one_subject_come_in_their_order_and_others_beside(lab):
    lab.deploy({"type": "event", "name": "step.*"}, """export default async (event, { db }) => {
        await new Promise((done) => setTimeout(done, event.data.wait)); await db.collection(OUT).create({ event }); };""", concurrency=4)
    for n in range(4):
        lab.emit(f"step.{n}", {"n": n, "wait": 300 - 100 * n}, subject="one")
    lab.emit("step.free", {"n": 99, "wait": 0})
    order = [event["data"]["n"] for event in lab.events(5)]
    assert [n for n in order if n != 99] == [0, 1, 2, 3] and order.index(99) < 4


def test_a_loop_of_events_is_stopped(lab):
    lab.deploy({"type": "event", "name": "loop"}, "export default async (event, { events }) => { await events.emit('loop', event.data + 1); };", retry={"attempts": 1, "backoff": "10ms"})
    lab.emit("loop", 0)
    letter = eventually(lambda: lab.admin.every(f"/v1/functions/{lab.function}/dead-letters"), 30, "the end of the loop")[0]
    assert "16 triggers away" in letter["error"] and letter["event"]["data"] == 17
    # The last run's record may come after the letter of what it emitted.
    eventually(lambda: len(lab.admin.every(f"/v1/functions/{lab.function}/invocations")) == 17, what="17 runs")


@pytest.mark.parametrize("trigger, code", [
    ({"type": "event"}, None), ({"type": "event", "name": "*"}, None), ({"type": "event", "name": "a*"}, None), ({"type": "event", "name": "roost.file.created"}, None),
    ({"type": "event", "name": "a", "where": "data.a >"}, "expression_invalid"), ({"type": "event", "name": "a", "where": "document.a == 1"}, "expression_invalid"),
    ({"type": "user", "events": ["updated"]}, None), ({"type": "user", "collection": "users"}, None),
])
def test_triggers_that_are_wrong_are_refused(lab, trigger, code):
    lab.refused(trigger, code=code)


# Schedules

def test_a_schedule_runs_its_function_and_no_other(lab):
    answer = lab.deploy([{"type": "schedule", "cron": "* * * * * *", "timeZone": "Europe/Berlin"}, {"type": "schedule", "cron": "@yearly"}])
    lab.deploy({"type": "event", "name": "nothing"}, name=f"g{lab.name}")
    assert TIME.match(answer["nextRun"])
    events = lab.events(3)
    times = [event["data"]["scheduledTime"] for event in events]
    assert times == sorted(set(times)), "each due time once"
    for event in events:
        assert event["type"] == "roost.schedule.due" and event["subject"] == lab.function
        assert event["data"] == {"scheduledTime": event["data"]["scheduledTime"], "cron": "* * * * * *", "timeZone": "Europe/Berlin"}
        assert event["data"]["scheduledTime"].endswith(":00.000Z") or event["data"]["scheduledTime"].endswith(".000Z")
        assert event["data"]["scheduledTime"] <= event["time"]
    shown = lab.admin.must(200, "GET", f"/v1/functions/{lab.function}")
    assert shown["nextRun"] > times[-1] and shown["triggers"][0]["cron"] == "* * * * * *"
    assert lab.admin.every(f"/v1/functions/g{lab.name}/invocations") == []


def test_runs_of_a_schedule_do_not_overlap_and_what_is_missed_is_one_run(lab):
    lab.deploy({"type": "schedule", "cron": "* * * * * *"}, """export default async (event, { db }) => {
        const out = db.collection(OUT), begin = Date.now(); await new Promise((done) => setTimeout(done, 2500));
        await out.create({ event, begin, end: Date.now() }); };""")
    eventually(lambda: len(lab.kept()) >= 3, 20, "three runs")
    runs = sorted(lab.kept(), key=lambda run: run["begin"])
    for before, after in zip(runs, runs[1:]):
        assert after["begin"] >= before["end"], "one after the other"
        gap = datetime.datetime.fromisoformat(after["event"]["data"]["scheduledTime"]) - datetime.datetime.fromisoformat(before["event"]["data"]["scheduledTime"])
        assert gap.total_seconds() >= 2, "what came due meanwhile is one run"


def test_a_schedule_that_was_missed_runs_once_after_a_kill(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("out")
    source = KEEP.replace("OUT", '"out"')
    admin.put_function("tick", source, triggers=[{"type": "schedule", "cron": "* * * * * *"}])
    eventually(lambda: len(admin.every("/v1/documents/out")) >= 2, what="two runs")
    for _ in range(3):
        server.kill()
        time.sleep(3.2)
        data = server.data
        server = start(data)
        admin = admin_login(server)
        seen = len(admin.every("/v1/documents/out"))
        eventually(lambda: len(admin.every("/v1/documents/out")) >= seen + 1, what="it goes on")
    runs = [(item["event"]["id"], item["event"]["data"]["scheduledTime"]) for item in admin.every("/v1/documents/out")]
    events = dict(runs)
    assert len(set(events.values())) == len(events), "a due time is one event, whatever happened"
    times = sorted(datetime.datetime.fromisoformat(time) for time in events.values())
    gaps = [round((b - a).total_seconds()) for a, b in zip(times, times[1:])]
    assert sum(gap >= 3 for gap in gaps) >= 3, "while the server was down nothing ran, and afterwards one"


@pytest.mark.parametrize("trigger, says", [
    ({"cron": "0 0 30 2 *"}, "never comes"), ({"cron": "61 * * * *"}, "61"), ({"cron": "every day"}, "2 fields"), ({}, "cron"), ({"cron": "@daily", "timeZone": "Mars/Olympus"}, "time zone"),
    ({"cron": "@reboot"}, "@reboot"), ({"cron": "@daily", "timezone": "UTC"}, "timezone"), ({"cron": "* " * 5000}, "longer"), ({"cron": "@daily", "timeZone": "../../etc/passwd"}, "time zone"),
])
def test_schedules_that_are_wrong_are_refused(lab, trigger, says):
    lab.refused({"type": "schedule", **trigger}, says=says)


def random_expression(chance):
    def field(low, high, names=()):
        def value():
            number = chance.randint(low, high)
            return names[number - low] if names and chance.random() < 0.4 else str(number)
        def part():
            kind = chance.random()
            if kind < 0.3:
                return value()
            if kind < 0.5:
                return f"*/{chance.randint(1, max(2, (high - low) // 2))}"
            a, b = sorted(chance.sample(range(low, high + 1), 2))
            text = f"{names[a - low]}-{names[b - low]}" if names and chance.random() < 0.5 else f"{a}-{b}"
            return text if kind < 0.8 else f"{text}/{chance.randint(1, 5)}"
        return "*" if chance.random() < 0.4 else ",".join(part() for _ in range(chance.randint(1, 3)))
    days, months = "SUN MON TUE WED THU FRI SAT".split(), "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
    fields = [field(0, 59), field(0, 23), "L" if chance.random() < 0.1 else field(1, 31), field(1, 12, months), field(0, 6, days)]
    return " ".join(([field(0, 59)] if chance.random() < 0.4 else []) + fields)


def test_due_times_agree_with_croniter(admin):
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    compared = 0
    for _ in range(600):
        cron = random_expression(chance)
        start = datetime.datetime.fromtimestamp(chance.randrange(1_600_000_000, 2_000_000_000), datetime.timezone.utc)
        answer = admin.post("/v1/schedules/next", json={"cron": cron, "after": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "count": 5})
        six = len(cron.split()) == 6
        try:
            # crontab(5)'s rule for a day with a star is croniter's "bug".
            their = croniter(cron, start, second_at_beginning=six, implement_cron_bug=True, max_years_between_matches=50)
            days = cron.split()[-3], cron.split()[-1]
            if any(values == ["*"] and not day.startswith("*") for values, day in zip((their.expanded[2], their.expanded[4]), days)):
                continue  # A list of all days is a star to croniter, and to cron it is a list.
            expected = [their.get_next(datetime.datetime).strftime("%Y-%m-%dT%H:%M:%S.000Z") for _ in range(5)]
        except Exception as error:
            assert answer.status_code == 422, f"{cron} after {start}: {error}, but {answer.text} (seed {seed})"
            continue
        assert answer.status_code == 200 and answer.json()["runs"] == expected, f"{cron} after {start} (seed {seed}): {answer.text}, croniter {expected}"
        compared += 1
    assert compared > 400


def test_the_guide_of_triggers(start, tmp_path):
    """Its commands, in its order, do what it says."""
    server = start()
    said = guides.run_guide("triggers", server, tmp_path)
    answer, = guides.blocks(guides.read("triggers"), "json")
    assert json.loads(said.splitlines()[-1]) == json.loads(answer)
    assert '{"name":"report","nextRun":"20' in said and '{"name":"total","next":["ship"]}' in said
    admin = admin_login(server)
    wanted = ["order.paid", "roost.file.created", "roost.user.created", "roost.user.signedIn"]
    eventually(lambda: sorted(item["event"]["type"] for item in admin.every("/v1/documents/seen") if item["event"]["type"] != "roost.schedule.due") == wanted, 20, f"{wanted}")
