"""Durable steps: what a function has done is done once, over sleeps, crashes, restarts and deploys."""
import json
import random
import textwrap
import time

import pytest

import guides
from roost_client import admin_login, assert_problem, on
from roost_server import command, eventually
from test_functions import Lab

PUBLIC = {"read": "true", "create": "true", "update": "true", "delete": "true"}


class StepsLab(Lab):
    def runs(self, **query):
        return self.admin.every(f"/v1/functions/{self.function}/runs", **query)

    def run(self, id=None):
        """The run with its steps; without an id the only one."""
        if id is None:
            runs = self.runs()
            if len(runs) != 1:
                return None
            id = runs[0]["id"]
        return self.admin.must(200, "GET", f"/v1/functions/{self.function}/runs/{id}")

    def reaches(self, status, seconds=30):
        def look():
            run = self.run()
            return run if run and run["status"] == status else None
        try:
            return eventually(look, seconds, f"a run that is {status}")
        except AssertionError:
            raise AssertionError(f"{self.run()}\n{self.invocations()}") from None


@pytest.fixture
def lab(admin, place):
    return StepsLab(admin, place)


def new_lab(server):
    admin = admin_login(server)
    admin.put_collection("ins", rules=PUBLIC)
    admin.put_collection("outs", rules=PUBLIC)
    lab = StepsLab(admin, "s")
    lab.source, lab.target, lab.function = "ins", "outs", "steps"
    return lab


# What steps do

def test_steps_run_once_over_a_sleep(lab):
    lab.deploy("""
        let executions = 0;
        export default async (event, { db, step }) => {
          executions += 1;
          const a = await step.run("a", async () => (await db.collection(OUT).create({ step: "a" })).id);
          await step.sleep("nap", 300);
          const b = await step.run("b", async (x) => { await db.collection(OUT).create({ step: "b" }); return { x }; }, a);
          await step.sleep("100ms");
          return { a, b, id: event.data.after.id };
        };""")
    made = lab.create(n=1)
    run = lab.reaches("completed")
    assert [item["step"] for item in lab.results()] == ["a", "b"]
    first = lab.results()[0]["id"]
    assert run["result"] == {"a": first, "b": {"x": first}, "id": made["id"]}
    assert [(step["name"], step["kind"], step["status"]) for step in run["steps"]] == [
        ("a", "run", "completed"), ("nap", "sleep", "completed"), ("b", "run", "completed"), ("sleep", "sleep", "completed")]
    assert run["event"]["subject"] == f"{lab.source}/{made['id']}" and run["executions"] == 3
    assert run["steps"][0]["result"] == first and run["endedAt"] and run["wakesAt"] is None
    eventually(lambda: sorted(item["status"] for item in lab.invocations()) == ["succeeded", "suspended", "suspended"], what="the records")


def test_a_function_without_steps_has_no_run(lab):
    lab.deploy("export default async (event, { db }) => { await db.collection(OUT).create({}); };")
    lab.create()
    eventually(lambda: lab.results() and lab.invocations(), what="its record")
    assert lab.runs() == []


def test_parallel_steps(lab):
    lab.deploy("""
        export default async (event, { db, step }) => {
          const one = (name) => step.run(name, async () => { await db.collection(OUT).create({ step: name }); return name; });
          const [a, b, , c] = await Promise.all([one("a"), one("b"), step.sleep(200), step.sleep("short", 50).then(() => one("c"))]);
          return [a, b, c, await one("a")];
        };""")
    lab.create()
    run = lab.reaches("completed")
    assert run["result"] == ["a", "b", "c", "a"]
    assert sorted(item["step"] for item in lab.results()) == ["a", "a", "b", "c"]
    assert [step["occurrence"] for step in run["steps"] if step["name"] == "a"] == [1, 2]


def test_a_failed_step_is_tried_again_and_then_thrown(lab):
    lab.deploy("""
        export default async (event, { db, step }) => {
          const out = db.collection(OUT);
          await step.run("before", () => out.create({ step: "before" }));
          const second = await step.run("flaky", async () => {
            const tries = (await out.list({ filter: "step == 'flaky'" })).items.length;
            await out.create({ step: "flaky" });
            if (tries < 2) throw new TypeError("not yet");
            return tries;
          });
          try {
            await step.run("broken", async () => { await out.create({ step: "broken" }); throw new RangeError("never"); });
          } catch (error) {
            await step.run("after", () => out.create({ step: "after" }));
            return { second, name: error.name, message: error.message, step: error.step, cause: error.cause };
          }
        };""", retry={"attempts": 3, "backoff": "20ms"})
    lab.create()
    run = lab.reaches("completed")
    assert [item["step"] for item in lab.results()] == ["before"] + ["flaky"] * 3 + ["broken"] * 3 + ["after"]
    assert run["result"] == {"second": 2, "name": "StepError", "message": "never", "step": "broken", "cause": {"name": "RangeError", "message": "never"}}
    assert [(step["name"], step["status"], step["attempts"]) for step in run["steps"]] == [
        ("before", "completed", 1), ("flaky", "completed", 3), ("broken", "failed", 3), ("after", "completed", 1)]


def test_an_uncaught_failure_of_a_step_ends_the_run_and_a_replay_goes_on_from_there(lab):
    source = """
        export default async (event, { db, step }) => {
          const out = db.collection(OUT);
          await step.run("done", () => out.create({ step: "done" }));
          await step.run("broken", async () => { await out.create({ step: "broken" }); if (FAILS) throw new Error("no luck"); });
          return "fine";
        };"""
    lab.deploy(source.replace("FAILS", "true"), retry={"attempts": 2, "backoff": "20ms"})
    lab.create()
    run = lab.reaches("failed")
    assert "no luck" in run["error"] and run["endedAt"]
    letter, = lab.dead()
    assert [item["step"] for item in lab.results()] == ["done", "broken", "broken"]
    lab.deploy(source.replace("FAILS", "false"), retry={"attempts": 2, "backoff": "20ms"})
    lab.admin.must(202, "POST", f"/v1/functions/{lab.function}/dead-letters/{letter['id']}/replay")
    run = lab.reaches("completed")
    assert run["result"] == "fine" and run["error"] is None
    assert [item["step"] for item in lab.results()] == ["done", "broken", "broken", "broken"]


def test_an_error_outside_steps_is_tried_again_and_steps_are_not(lab):
    lab.deploy("""
        export default async (event, { db, step, attempt }) => {
          await step.run("once", () => db.collection(OUT).create({ step: "once" }));
          if (attempt < 3) throw new Error("again");
          return attempt;
        };""", retry={"attempts": 3, "backoff": "20ms"})
    lab.create()
    assert lab.reaches("completed")["result"] == 3
    assert len(lab.results()) == 1


def test_a_step_that_outlives_its_execution_says_nothing_in_the_next_one(lab):
    lab.deploy("""
        export default async (event, { db, step, attempt }) => {
          const late = step.run("late", async () => { await new Promise((resolve) => setTimeout(resolve, 300)); return event.id; });
          if (event.data.after.fails && attempt === 1) await step.run("fails", () => { throw Object.assign(new Error("at once"), { retry: false }); });
          return await late;
        };""", concurrency=1, retry={"attempts": 1})
    lab.create(fails=True)
    for _ in range(3):
        lab.create(fails=False)
    eventually(lambda: len(lab.runs(status="completed")) == 3 and len(lab.runs(status="failed")) == 1, what="all are over")
    assert all(run["result"] == run["id"] for run in lab.runs(status="completed"))


# Waiting for events

def test_a_wait_gets_the_event_that_fits(lab):
    lab.deploy("""
        export default async (event, { step }) => {
          const paid = await step.waitForEvent("paid", { event: "document.created", collection: OUT, match: { order: event.data.after.id }, where: "total > 10", timeout: "1h" });
          return { subject: paid.subject, total: paid.data.after.total, type: paid.type };
        };""")
    made = lab.create()
    run = lab.reaches("waiting")
    assert run["steps"][0]["waitsFor"] == {
        "event": "roost.document.created", "collection": lab.target, "where": "total > 10", "match": {"order": made["id"]}}
    for fields in [{"order": "another", "total": 20}, {"order": made["id"], "total": 5}, {"total": 30}]:
        lab.admin.create(lab.target, **fields)
    wanted = lab.admin.create(lab.target, order=made["id"], total=40)
    lab.admin.create(lab.target, order=made["id"], total=50)
    run = lab.reaches("completed")
    assert run["result"] == {"subject": f"{lab.target}/{wanted['id']}", "total": 40, "type": "roost.document.created"}


def test_a_wait_that_nothing_ends_answers_null(lab):
    lab.deploy("""
        export default async (event, { step }) => [await step.waitForEvent({ event: "never", timeout: 100 })];""")
    lab.create()
    assert lab.reaches("completed")["result"] == [None]


def test_an_event_while_other_steps_run_is_not_lost(lab):
    lab.deploy("""
        export default async (event, { db, step }) => {
          const [seen] = await Promise.all([
            step.waitForEvent({ event: "document.created", collection: OUT, timeout: "1h" }),
            step.run("slow", async () => { await db.collection(OUT).create({ step: "slow" }); await new Promise((resolve) => setTimeout(resolve, 1500)); }),
          ]);
          return seen.data.after.step;
        };""")
    lab.create()
    assert lab.reaches("completed")["result"] == "slow"


# What one must not do

@pytest.mark.parametrize("step, message", [
    ('step.sleep("soon")', "no duration"), ('step.sleep("nap", "2 fortnights")', "no duration"), ('step.sleep(-1)', "no duration"),
    ('step.sleep()', "no duration"), ('step.sleep("400 days")', "longer than 366 days"), ('step.sleepUntil("tomorrow")', "no moment"),
    ('step.run("", () => 1)', "has a name"), ('step.run(() => 1)', "step.run takes"), ('step.run("x".repeat(300), () => 1)', "1 to 200 bytes"),
    ('step.waitForEvent({ timeout: 1 })', "has a name"), ('step.waitForEvent("a", { where: "total >" })', "not valid"),
    ('step.waitForEvent("a", { event: "go", match: { a: "x".repeat(20000) } })', "at most 4096 bytes"),
    ('step.waitForEvent("a", { matches: {} })', "no 'matches'"), ('step.waitForEvent("a", { timeout: "x" })', "no duration"),
])
def test_mistakes_are_named(lab, step, message):
    lab.deploy("export default async (event, { step }) => { await %s; };" % step, retry={"attempts": 1})
    lab.create()
    letter, = eventually(lab.dead, what="the dead letter")
    assert message in letter["error"]


def test_results_have_bounds(lab):
    lab.deploy("""
        export default async (event, { step }) => {
          const kinds = [];
          for (const work of [() => "x".repeat(300 << 10), () => 1n, () => undefined, () => { const a = {}; a.a = a; return a; }]) {
            try { kinds.push([await step.run("big", work)]); } catch (error) { kinds.push(error.message); }
          }
          return kinds;
        };""", retry={"attempts": 1})
    lab.create()
    big, bigint, nothing, circular = lab.reaches("completed")["result"]
    assert "larger than 256 KB" in big and "BigInt" in bigint and nothing == [None] and "circular" in circular.lower()


def test_a_run_has_at_most_a_thousand_steps(lab):
    lab.deploy("""
        export default async (event, { step }) => { for (let n = 0; ; n += 1) await step.run("s" + n, () => n); };""", timeout="60s", retry={"attempts": 1})
    lab.create()
    letter, = eventually(lab.dead, 60, "the dead letter")
    assert "at most 1000 steps" in letter["error"]
    assert lab.reaches("failed")["stepCount"] == 1000


# Deploys

def test_a_run_goes_on_in_the_newest_version(lab):
    lab.deploy("""
        export default async (event, { db, step }) => {
          await step.run("a", () => db.collection(OUT).create({ step: "a", version: 1 }));
          await step.run("gone", () => 1);
          await step.waitForEvent("go", { event: "document.updated", collection: OUT, timeout: "1h" });
          await step.run("b", () => db.collection(OUT).create({ step: "b", version: 1 }));
        };""")
    lab.create()
    assert lab.reaches("waiting")["version"] == 1
    lab.deploy("""
        export default async (event, { db, step }) => {
          await step.run("new", () => db.collection(OUT).create({ step: "new", version: 2 }));
          await step.run("a", () => db.collection(OUT).create({ step: "a", version: 2 }));
          await step.waitForEvent("go", { event: "document.updated", collection: OUT, timeout: "1h" });
          await step.run("b", () => db.collection(OUT).create({ step: "b", version: 2 }));
          return "second";
        };""")
    lab.admin.must(200, "PATCH", f"/v1/documents/{lab.target}/{lab.results()[0]['id']}", json={"x": 1})
    run = lab.reaches("completed")
    assert run["result"] == "second" and run["version"] == 1
    assert [(item["step"], item["version"]) for item in lab.results()] and sorted(item["step"] for item in lab.results()) == ["a", "b", "new"]


def test_a_step_that_became_another_kind_is_an_error(lab):
    lab.deploy("""export default async (event, { step }) => { await step.sleep("x", 400); };""", retry={"attempts": 1})
    lab.create()
    lab.reaches("sleeping")
    lab.deploy("""
        export default async (event, { db, step }) => { await step.run("x", () => db.collection(OUT).create({})); };""", retry={"attempts": 1})
    run = lab.reaches("failed")
    assert "was a step.sleep" in run["error"] and lab.results() == []


# Over the API

def test_cancel(lab):
    lab.deploy("""
        export default async (event, { db, step }) => { await step.sleep("1h"); await db.collection(OUT).create({}); };""")
    lab.create()
    run = lab.reaches("sleeping")
    assert run["wakesAt"] == run["steps"][0]["dueAt"]
    path = f"/v1/functions/{lab.function}/runs/{run['id']}"
    assert lab.admin.must(200, "POST", f"{path}/cancel")["status"] == "cancelled"
    assert_problem(lab.admin.post(f"{path}/cancel"), 409, "conflict")
    assert lab.run()["steps"][0]["dueAt"] is None and lab.run()["wakesAt"] is None
    assert lab.runs(status="cancelled") and not lab.runs(status="sleeping")


def test_a_cancelled_run_stops_at_its_next_step(lab):
    lab.deploy("""
        export default async (event, { db, step }) => {
          await step.run("slow", async () => { await db.collection(OUT).create({ step: "slow" }); await new Promise((resolve) => setTimeout(resolve, 700)); });
          await step.run("next", () => db.collection(OUT).create({ step: "next" }));
        };""")
    lab.create()
    eventually(lab.results, what="the first step")
    run, = lab.runs()
    lab.admin.must(200, "POST", f"/v1/functions/{lab.function}/runs/{run['id']}/cancel")
    eventually(lab.invocations, what="the record")
    assert [item["step"] for item in lab.results()] == ["slow"]
    assert lab.run()["status"] == "cancelled"


def test_only_admins_see_and_end_runs(lab, ada, nobody):
    lab.deploy("""export default async (event, { step }) => { await step.sleep("1h"); };""")
    lab.create()
    run = lab.reaches("sleeping")
    base = f"/v1/functions/{lab.function}/runs"
    for caller, status in [(nobody, 401), (ada, 403)]:
        for method, path in [("GET", base), ("GET", f"{base}/{run['id']}"), ("POST", f"{base}/{run['id']}/cancel")]:
            assert caller.request(method, path).status_code == status
    assert lab.run()["status"] == "sleeping"
    for path in [f"{base}/999999999", f"{base}/abc", f"{base}/-1", f"{base}/99999999999999999999"]:
        assert_problem(lab.admin.get(path), 404, "not_found")
    assert_problem(lab.admin.get("/v1/functions/nowhere/runs"), 404, "function_not_found")
    assert_problem(lab.admin.get(base, params={"status": "asleep"}), 400, "bad_request")
    assert_problem(lab.admin.get(base, params={"sort": "id"}), 400, "bad_request")


def test_pages_of_runs(lab):
    lab.deploy("""export default async (event, { step }) => { await step.run("a", () => 1); };""")
    for number in range(7):
        lab.create(n=number)
    eventually(lambda: len(lab.runs(status="completed")) == 7, what="seven runs")
    ids = [int(run["id"]) for run in lab.runs(limit=2)]
    assert len(ids) == 7 and ids == sorted(ids, reverse=True)


def test_what_user_code_says_about_steps_is_checked(lab):
    """The words of the protocol, said by hand."""
    lab.deploy("""
        export default async (event, { api, step }) => {
          const say = async (target, body) => { const answer = await api("STEP", target, { body }); return [answer.status, answer.json()?.code ?? Object.keys(answer.json())[0]]; };
          return [await say("/completed", { name: "x", n: 0, result: 1 }), await say("/begin", {}), await say("/nothing", { name: "x", n: 0 }), await say("/completed", []),
                  await say("/completed", { name: "x", n: -1 }), await say("/completed", { name: 1, n: 0 }), await say("/completed", { name: "x", n: 1e9 }),
                  await say("/completed", { name: "x", n: 0, result: [1] }), await say("/sleep", { name: "x", n: 0, for: 10 }), await say("/wait", { name: "w", n: 0 }),
                  await step.run("x", () => 2)];
        };""", retry={"attempts": 1})
    lab.create()
    result = lab.reaches("completed")["result"]
    assert result == [[200, "over"], [200, "run"], [422, "bad_request"], [422, "bad_request"], [422, "validation_failed"], [422, "validation_failed"],
                      [422, "validation_failed"], [200, "step"], [409, "conflict"], [422, "validation_failed"], [1]]


# Over restarts

def test_a_sleep_outlasts_a_restart_and_a_kill(start):
    server = start()
    lab = new_lab(server)
    lab.deploy("""
        export default async (event, { db, step }) => {
          await step.run("a", () => db.collection(OUT).create({ step: "a" }));
          await step.sleep("2s");
          await step.run("b", () => db.collection(OUT).create({ step: "b" }));
          await step.sleep("2s");
          await step.run("c", () => db.collection(OUT).create({ step: "c" }));
        };""")
    lab.create()
    lab.reaches("sleeping")
    assert server.terminate() == 0
    server.start()
    eventually(lambda: len(lab.results()) == 2, what="the second step")
    lab.reaches("sleeping")
    server.kill()
    time.sleep(2.1)
    server.start()
    lab.reaches("completed")
    assert [item["step"] for item in lab.results()] == ["a", "b", "c"]


def test_steps_run_once_while_the_server_is_killed_at_random(start):
    """What a step did and its record are two commits: only the one that was under way at a kill may be there twice."""
    server = start()
    lab = new_lab(server)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    lab.deploy("""
        export default async (event, { db, step }) => {
          for (let n = 0; n < 6; n += 1) {
            await step.run("s" + n, async () => { await db.collection(OUT).create({ run: event.id, n }); return n; });
            if (n % 2 === 1) await step.sleep(100);
          }
          return "done";
        };""", retry={"attempts": 10, "backoff": "50ms"})
    count, kills = 40, 8
    for number in range(count):
        lab.create(n=number)
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 0.9))
        server.kill()
        server.start()
    eventually(lambda: len(lab.runs(status="completed")) == count, 60, "all runs are over")
    assert all(run["result"] == "done" and run["stepCount"] == 9 for run in lab.runs())
    seen = {}
    for item in lab.results():
        seen.setdefault(item["run"], []).append(item["n"])
    assert len(seen) == count
    repeats = 0
    for steps in seen.values():
        assert sorted(set(steps)) == list(range(6))
        # In order; a repeat follows what it repeats at once.
        assert steps == sorted(steps), steps
        repeats += len(steps) - 6
    # At most the steps that ran when the server died: ten workers at a time.
    assert repeats <= kills * 10, repeats
    print("repeated steps:", repeats)


def test_a_thousand_sleeping_runs_cost_no_worker(start):
    server = start()
    lab = new_lab(server)
    lab.deploy("""export default async (event, { step }) => { await step.run("a", () => 1); await step.sleep("1h"); };""")
    lab.create()
    eventually(lambda: len(lab.runs(status="sleeping")) == 1, what="the first")
    before = server.memory()
    for chunk in range(10):
        lab.admin.must(200, "POST", "/v1/batch", json={"writes": [{"op": "create", "collection": lab.source, "data": {}} for _ in range(100)]})
    eventually(lambda: len(lab.runs(status="sleeping", limit=1000)) == 1001, 60, "a thousand sleepers")
    grown = server.memory() - before
    assert grown < 60 << 20, f"{grown >> 20} MiB"
    print(f"{grown / 1001 / 1024:.1f} KiB a run")
    # Nothing waits behind them.
    lab.deploy("""export default async (event, { db }) => { await db.collection(OUT).create({}); };""")
    lab.create()
    eventually(lab.results, 5, "the next event")


# Named events

def test_a_wait_for_a_named_event(lab):
    name = f"order.{lab.function}"
    lab.deploy("""
        export default async (event, { step }) => {
          const paid = await step.waitForEvent("paid", { event: NAME, match: { order: event.data.after.id }, where: "total > 10", timeout: "1h" });
          await step.sendEvent(NAME, { seen: true });
          return { type: paid.type, total: paid.data.total };
        };""".replace("NAME", json.dumps(name)))
    made = lab.create()
    lab.reaches("waiting")
    emit = lambda **data: lab.admin.request("POST", "/v1/events", json={"name": name, "data": data}).raise_for_status()
    emit(order=made["id"], total=1)
    emit(order="other", total=100)
    emit(order=made["id"], total=11)
    emit(order=made["id"], total=12)
    assert lab.reaches("completed")["result"] == {"type": name, "total": 11}


def test_one_event_wakes_each_run_that_waits_for_it_once(lab):
    lab.deploy("""
        export default async (event, { db, step }) => {
          await step.waitForEvent("go", { event: "go." + FUNCTION, timeout: "1h" });
          await step.run("gone", () => db.collection(OUT).create({ run: event.id }));
        };""".replace("FUNCTION", json.dumps(lab.function)), concurrency=5)
    for number in range(30):
        lab.create(n=number)
    eventually(lambda: len(lab.runs(status="waiting")) == 30, what="thirty that wait")
    for _ in range(3):
        lab.admin.request("POST", "/v1/events", json={"name": f"go.{lab.function}"}).raise_for_status()
    eventually(lambda: len(lab.runs(status="completed")) == 30, what="all go on")
    seen = [item["run"] for item in lab.results()]
    assert len(seen) == 30 and len(set(seen)) == 30


def test_no_event_is_lost_while_the_server_is_killed(start):
    server = start()
    lab = new_lab(server)
    seed = random.randrange(1 << 30)
    print("seed", seed)
    chance = random.Random(seed)
    lab.deploy("""
        export default async (event, { step }) => {
          const first = await step.waitForEvent("first", { event: "number", match: { of: event.data.after.n }, timeout: "1h" });
          const second = await step.waitForEvent("second", { event: "number", match: { of: event.data.after.n, part: 2 }, timeout: "1h" });
          return [first.data.part, second.data.part];
        };""", retry={"attempts": 10, "backoff": "50ms"})
    count = 20
    for number in range(count):
        lab.create(n=number)
    eventually(lambda: len(lab.runs(status="waiting")) == count, 30, "all wait")
    for part in (1, 2):
        for number in range(count):
            lab.admin.request("POST", "/v1/events", json={"name": "number", "data": {"of": number, "part": part}}).raise_for_status()
            if chance.random() < 0.1:
                server.kill()
                server.start()
        # The second wait begins only after the first event: what comes before it does not count.
        wanted = "waiting" if part == 1 else "completed"
        eventually(lambda: all(run["status"] == wanted and run["stepCount"] == 2 for run in lab.runs()), 60, "all have gone on")
    assert all(run["result"] == [1, 2] for run in lab.runs())


# Python

PYTHON = {"runtime": "python"}


def test_steps_in_python(lab):
    lab.deploy("""
from datetime import timedelta

def handler(event, context):
    step, out = context.step, context.db.collection(OUT)
    a = step.run("a", lambda: out.create({"step": "a"})["id"])
    step.sleep("nap", "200ms")
    step.sleep(timedelta(milliseconds=50))
    b = step.run("b", out.create, {"step": "b", "a": a})["a"]
    nothing = step.run("nothing", lambda: None)
    try:
        step.run("broken", lambda: 1 / 0)
    except Exception as error:
        caught = [type(error).__name__, error.step, error.cause["name"]]
    timeout = step.wait_for_event("never", timeout=50)
    seen = step.wait_for_event(event="document.created", collection=OUT, match={"step": "last"}, timeout="1h")
    return [a == b, nothing, caught, timeout, seen["data"]["after"]["step"]]
""", **PYTHON, retry={"attempts": 2, "backoff": "20ms"})
    lab.create()
    lab.reaches("waiting")
    eventually(lambda: len(lab.run()["steps"]) == 8, what="the last wait")
    lab.admin.create(lab.target, step="last")
    run = lab.reaches("completed")
    assert run["result"] == [True, None, ["StepError", "broken", "ZeroDivisionError"], None, "last"]
    assert [item["step"] for item in lab.results()] == ["a", "b", "last"]


def test_parallel_steps_in_async_python(lab):
    lab.deploy("""
import asyncio

async def handler(event, context):
    step, out = context.step, context.db.collection(OUT)
    async def work(name):
        await asyncio.sleep(0.05)
        out.create({"step": name})
        return name
    async def chain():
        await step.sleep("short", 50)
        return await step.run("c", work, "c")
    a, b, _, c = await asyncio.gather(step.run("a", work, "a"), step.run("b", work, "b"), step.sleep(300), chain())
    return [a, b, c]
""", **PYTHON)
    lab.create()
    assert lab.reaches("completed")["result"] == ["a", "b", "c"]
    assert sorted(item["step"] for item in lab.results()) == ["a", "b", "c"]


def test_python_that_catches_everything_still_sleeps(lab):
    lab.deploy("""
def handler(event, context):
    try:
        context.step.sleep("1h")
    except BaseException:
        pass
    try:
        context.step.run("a", lambda: context.db.collection(OUT).create({}))
    except BaseException:
        pass
    return 1
""", **PYTHON)
    lab.create()
    lab.reaches("sleeping")
    assert lab.results() == []


@pytest.mark.parametrize("step, message", [
    ('sleep("soon")', "no duration"), ('run("", print)', "has a name"), ('run("a", 1)', "step.run takes"), ('run("a", lambda: {1})', "not JSON"),
    ('sleep_until(__import__("datetime").datetime.now())', "with its zone"), ('wait_for_event()', "has a name"),
])
def test_mistakes_in_python_are_named(lab, step, message):
    lab.deploy(f"def handler(event, context):\n    context.step.{step}\n", **PYTHON, retry={"attempts": 1})
    lab.create()
    letter, = eventually(lab.dead, what="the dead letter")
    assert message in letter["error"]


# Where steps cannot be

@pytest.mark.parametrize("more", [
    {"source": "export default async (event, { step }) => { await step.run('a', () => 1); };"},
    {"source": "def handler(event, context):\n    context.step.run('a', lambda: 1)\n", "runtime": "python"},
])
def test_steps_are_refused_where_somebody_waits(lab, more):
    lab.admin.put_function(lab.function, more["source"], **{key: value for key, value in more.items() if key != "source"}, triggers=[{"type": "http", "access": "true"}])
    assert lab.admin.get(f"/v1/call/{lab.function}").status_code == 502
    record, = eventually(lab.invocations, what="the record")
    assert "Steps are durable" in record["error"]
    assert lab.runs() == []


# Trying a function out

TRIALS = {
    "javascript": """
        export default async (event, { db, step, log }) => {
          const a = await step.run("a", async (n) => (await db.collection(OUT).create({ n })).n, 7);
          await step.sleep("3 days");
          await step.sleepUntil("then", new Date(Date.now() + 1e9));
          const review = await step.waitForEvent("review", { timeout: "7 days" });
          const [b] = await Promise.all([step.run("b", () => a + 1), step.sleep("again", "1 day")]);
          const failed = await step.run("bad", () => { throw new TypeError("card stolen"); }).catch((error) => [error.name, error.step, error.message]);
          await step.sendEvent("trial.over", { a });
          return { a, b, review, failed };
        };""",
    "python": """
        import asyncio

        async def handler(event, context):
            step = context.step
            a = await step.run("a", lambda n: context.db.collection(OUT).create({"n": n})["n"], 7)
            await step.sleep("3 days")
            review = await step.wait_for_event("review", timeout="7 days")
            b, _ = await asyncio.gather(step.run("b", lambda: a + 1), step.sleep("again", "1 day"))
            try:
                await step.run("bad", lambda: [][1])
            except Exception as error:
                failed = [type(error).__name__, error.step, str(error)]
            await step.send_event("trial.over", {"a": a})
            return {"a": a, "b": b, "review": review, "failed": failed}
    """,
}


@pytest.mark.parametrize("runtime", TRIALS)
def test_a_function_with_steps_can_be_tried_out(lab, runtime):
    lab.admin.put_function(f"h{lab.function}", f"export default (event, {{ db }}) => db.collection({json.dumps(lab.target)}).create({{ heard: event.data }});",
                           triggers=[{"type": "event", "name": "trial.over"}])
    lab.deploy(textwrap.dedent(TRIALS[runtime]), runtime=runtime)
    for count in (1, 2):
        answer = lab.admin.must(200, "POST", f"/v1/functions/{lab.function}/test", json={})
        failed = ["StepError", "bad", "card stolen" if runtime == "javascript" else "list index out of range"]
        assert answer["invocation"]["status"] == "succeeded", answer
        assert answer["value"] == {"a": 7, "b": 8, "review": None, "failed": failed}
        # What it does is real, each time; what it remembers is gone.
        eventually(lambda: [item.get("heard") for item in lab.results() if "heard" in item] == [{"a": 7}] * count, what="the event")
        assert [item["n"] for item in lab.results() if "n" in item] == [7] * count
    assert lab.runs() == []
    lab.admin.delete(f"/v1/functions/h{lab.function}")


def test_a_trial_succeeds_only_where_the_function_would(lab):
    def test(**body):
        return lab.admin.must(200, "POST", f"/v1/functions/{lab.function}/test", json=body)

    # Where somebody waits in earnest there are no steps.
    source = "export default (event, { step }) => step.run('a', () => 1);"
    for trigger in ({"type": "before", "collection": lab.source}, {"type": "http"}):
        lab.admin.put_function(lab.function, source, triggers=[trigger])
        answer = test()
        assert answer["invocation"]["status"] == "failed" and "Steps are durable" in answer["invocation"]["error"], answer
    lab.admin.put_function(lab.function, "def handler(event, context):\n    context.step.run('a', lambda: 1)\n", runtime="python", triggers=[{"type": "http"}])
    assert "Steps are durable" in test()["invocation"]["error"]
    # The bounds of a run hold.
    for body, message in [("for (let n = 0; n < 1001; n++) await step.run('s' + n, () => 1);", "at most 1000 steps"),
                          ("for (let n = 0; n < 25; n++) await step.run('s' + n, () => 'x'.repeat(200_000));", "larger than 4 MB together")]:
        lab.deploy("export default async (event, { step }) => { " + body + " };", timeout="30s")
        answer = test()
        assert answer["invocation"]["status"] == "failed" and message in answer["invocation"]["error"], answer


def test_mistakes_in_steps_are_named_in_a_trial(lab):
    for step, message in [('sleep("soon")', "no duration"), ('run("", () => 1)', "has a name"), ('run("a", () => "x".repeat(300_000))', "larger than 256 KB")]:
        lab.deploy(f"export default (event, {{ step }}) => step.{step};")
        answer = lab.admin.must(200, "POST", f"/v1/functions/{lab.function}/test", json={})
        assert answer["invocation"]["status"] == "failed" and message in answer["invocation"]["error"], answer


# The guide and the command line

def test_the_guide(lab):
    text = guides.read("durable-steps")
    blocks = {"js": guides.blocks(text.split("## The steps")[0], "js")[0]}
    blocks["python"], = guides.blocks(text, "python")
    for name in ("invoices", "mails", "reviews", "tasks"):
        lab.admin.put_collection(name)
    for language, source in blocks.items():
        source = source.replace("3 days", "100ms").replace("7 days", "300ms")
        lab.admin.put_function(lab.function, source, runtime={"js": "javascript"}.get(language, language), triggers=on(lab.source, "created"))
        order = lab.create(total=12, email="ada@example.org")
        eventually(lambda: [item for item in lab.admin.every("/v1/documents/tasks") if item["order"] == order["id"]], what="a colleague is told")
        assert [item for item in lab.admin.every("/v1/documents/invoices") if item["order"] == order["id"]]
    assert len(lab.admin.every("/v1/documents/mails")) == 1


def test_runs_on_the_command_line(lab, server):
    lab.deploy("export default async (event, { step }) => { await step.run('a', () => ({ b: 1 })); await step.sleep('nap', '1h'); };")
    made = lab.create()
    run = lab.reaches("sleeping")
    env = {"ROOST_SERVER": server.url, "ROOST_KEY": lab.admin.token}
    roost = lambda *arguments: command("functions", *arguments, env=env)
    shown = roost("runs", lab.function)
    assert shown.returncode == 0 and run["id"] in shown.stdout and "sleeping" in shown.stdout and made["id"][:8] in shown.stdout
    assert "is failed" in roost("runs", lab.function, "--status", "failed").stderr
    assert json.loads(roost("runs", lab.function, run["id"], "--json").stdout) == run
    assert roost("cancel", lab.function, run["id"]).returncode == 0
    again = roost("cancel", lab.function, run["id"])
    assert again.returncode != 0 and "is over" in again.stderr


# With other parts of functions

def test_the_next_function_of_a_sequence_gets_what_the_whole_run_returned(lab):
    after = f"{lab.function}next"
    lab.admin.put_function(after, "export default async (event, { db }) => { await db.collection(OUT).create({ got: event.data }); };".replace("OUT", json.dumps(lab.target)), triggers=[])
    lab.deploy("""
        export default async (event, { step }) => { const a = await step.run("a", () => 1); await step.sleep(100); return { a }; };""", then=[after])
    lab.create()
    lab.reaches("completed")
    eventually(lab.results, what="the next function")
    assert [item["got"] for item in lab.results()] == [{"a": 1}]
    lab.admin.delete(f"/v1/functions/{after}")
