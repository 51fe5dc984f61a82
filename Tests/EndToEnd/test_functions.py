"""Functions and triggers: what runs, in which order, how often, and what bad functions may not do."""
import json
import re
import time

import pytest

from roost_client import TIME, Caller, assert_problem, function, on
from roost_server import ADMIN_PASSWORD, eventually

MEGABYTE = 1 << 20
PUBLIC = {"read": "true", "create": "true", "update": "true", "delete": "true"}


@pytest.fixture
def lab(admin, place):
    """Two collections and a function's name of this test's own."""
    return Lab(admin, place)


class Lab:
    def __init__(self, admin, name):
        self.admin, self.source, self.target, self.function = admin, f"in{name}", f"out{name}", f"f{name}"

    def deploy(self, source, *events, where=None, **more):
        source = re.sub(r"\bOUT\b", json.dumps(self.target), re.sub(r"\bIN\b", json.dumps(self.source), source))
        triggers = on(self.source, *events, **({"where": where} if where else {}))
        return self.admin.put_function(self.function, source, triggers=triggers, **more)

    def create(self, **fields):
        return self.admin.create(self.source, **fields)

    def results(self):
        return self.admin.every(f"/v1/documents/{self.target}")

    def invocations(self, document=None):
        items = self.admin.every(f"/v1/functions/{self.function}/invocations")
        return [item for item in items if document is None or item["event"]["subject"] == f"{self.source}/{document['id']}"]

    def logs(self):
        return self.admin.every(f"/v1/functions/{self.function}/logs")

    def dead(self):
        return self.admin.every(f"/v1/functions/{self.function}/dead-letters")

    def finished(self, document, count=1, seconds=30):
        """The invocations of a document, once there are so many, first attempt first."""
        eventually(lambda: len(self.invocations(document)) >= count, seconds, f"{count} invocations")
        return sorted(self.invocations(document), key=lambda item: (item["startedAt"], item["attempt"]))


WRITE = "export default async (event, { db }) => { await db.collection(OUT).put(event.data.after.id, { event }); };"


# What a function gets

def test_a_function_gets_a_cloud_event(lab, ada):
    lab.deploy("export default async (event, { db }) => { await db.collection(OUT).create({ event }); };", "created", "updated", "deleted")
    made = ada.create(lab.source, a=1)
    changed = ada.must(200, "PATCH", f"/v1/documents/{lab.source}/{made['id']}", json={"a": 2})
    ada.delete(f"/v1/documents/{lab.source}/{made['id']}")
    events = [item["event"] for item in eventually(lambda: len(lab.results()) == 3 and lab.results(), what="three events")]
    assert [event["type"] for event in events] == ["roost.document.created", "roost.document.updated", "roost.document.deleted"]
    assert [event["data"]["before"] for event in events] == [None, made, changed]
    assert [event["data"]["after"] for event in events] == [made, changed, None]
    assert len({event["id"] for event in events}) == 3
    for event in events:
        assert event["specversion"] == "1.0" and event["subject"] == f"{lab.source}/{made['id']}" and event["source"] and TIME.match(event["time"])
        assert event["data"]["auth"]["id"] == ada.id


@pytest.mark.parametrize("events, types", [(["created"], ["created"]), (["updated"], ["updated"]), (["deleted"], ["deleted"]), (["written"], ["created", "updated", "deleted"])])
def test_a_trigger_hears_what_it_asked_for(lab, events, types):
    lab.deploy("export default async (event, { db }) => { await db.collection(OUT).create({ type: event.type }); };", *events)
    made = lab.create(a=1)
    lab.admin.must(200, "PUT", f"/v1/documents/{lab.source}/{made['id']}", json={"a": 2})
    lab.admin.delete(f"/v1/documents/{lab.source}/{made['id']}")
    wanted = [f"roost.document.{type}" for type in types]
    eventually(lambda: [item["type"] for item in lab.results()] == wanted, what=f"{wanted}")
    # A run's record follows its writes.
    eventually(lambda: len(lab.invocations()) == len(types), what="the records")


def test_a_condition_chooses_the_events(lab):
    lab.deploy(WRITE, where='total > 100 && status == "paid"')
    bodies = [{"total": 101, "status": "paid"}, {"total": 100, "status": "paid"}, {"total": 500, "status": "open"}, {"status": "paid"}, {}, {"total": "101", "status": "paid"}]
    first, *others = [lab.create(**body) for body in bodies]
    last = lab.create(total=200, status="paid")
    eventually(lambda: {item["id"] for item in lab.results()} == {first["id"], last["id"]}, what="the two that match")
    eventually(lambda: len(lab.invocations()) == 2, what="the records")


def test_a_function_works_with_documents(lab):
    lab.deploy("""
        export default async (event, { db }) => {
          const out = db.collection(OUT), steps = [];
          const made = await out.create({ id: "made", n: 1 });
          steps.push(made.version === 1 && made.n === 1);
          steps.push((await out.get("made")).n === 1);
          const patched = await out.patch("made", { n: 2, extra: [1] }, { ifVersion: 1 });
          steps.push(patched.version === 2 && patched.n === 2);
          const put = await out.put("made", { n: 3 }, { ifVersion: 2 });
          steps.push(put.version === 3 && put.extra === undefined);
          for (const act of [() => out.put("made", {}, { ifVersion: 1 }), () => out.patch("made", {}, { ifVersion: 1 }), () => out.create({ id: "made" }),
                             () => db.collection("nowhere").get("x"), () => out.patch("nowhere", {}), () => out.list({ filter: "a ==" })]) {
            try { await act(); steps.push("no error"); } catch (error) { steps.push(error instanceof Error && [error.status, error.code]); }
          }
          for (let n = 0; n < 5; n++) await out.create({ id: "n" + n, n });
          const page = await out.list({ filter: "n >= 1 && n < 4 && id != 'made'", sort: "-n", limit: 2 });
          const rest = await out.list({ filter: "n >= 1 && n < 4 && id != 'made'", sort: "-n", limit: 2, cursor: page.nextCursor });
          steps.push(page.items.map((item) => item.id), rest.items.map((item) => item.id), rest.nextCursor);
          steps.push(await out.delete("n0"), await out.delete("n0"), await out.get("n0"));
          await out.create({ id: "steps", steps });
        };""")
    document = lab.create()
    run = lab.finished(document)[0]
    assert run["status"] == "succeeded", run
    steps = lab.admin.read(lab.target, "steps")["steps"]
    assert steps[:4] == [True] * 4
    statuses = [step[0] for step in steps[4:10]]
    assert statuses[:5] == [412, 412, 409, 404, 404] and statuses[5] in (400, 422), steps
    assert [step[1] for step in steps[4:9]] == ["precondition_failed", "precondition_failed", "already_exists", "collection_not_found", "not_found"]
    assert steps[10:] == [["n3", "n2"], ["n1"], None, True, False, None], "what is not there is null"


def test_env_log_and_console(lab):
    lab.deploy("""
        export default async (event, { env, log }) => {
          log.debug("at debug"); log.info("hello", env.GREETING, { a: 1 }); log.warn("careful"); log.error("bad");
          console.log("to the console", [1, 2]); console.error("to stderr"); console.log("ünï🐔\\nsecond line");
          await 0; return { ignored: true };
        };""", env={"GREETING": "good morning"})
    run = lab.finished(lab.create())[0]
    assert run["status"] == "succeeded" and run["error"] is None
    lines = eventually(lambda: len(lab.logs()) >= 7 and lab.logs(), what="the log lines")
    text = " | ".join(line["message"] for line in lines)
    for part in ("at debug", "hello", "good morning", "careful", "bad", "to the console", "to stderr", "ünï🐔", "second line"):
        assert part in text, text
    assert {"info", "warn", "error"} <= {line["level"] for line in lines}
    for line in lines:
        assert line["invocation"] == run["id"] and TIME.match(line["time"]), line


@pytest.mark.parametrize("name", ["./other.js", "lodash", "npm:lodash", "https://example.org/x.js", "jsr:@std/fs", "node:nothing"])
def test_what_a_single_file_cannot_import_is_refused_with_a_way_out(lab, name):
    answer = lab.admin.put(f"/v1/functions/{lab.function}", json=function(f"import x from '{name}';\nexport default () => x;"))
    assert_problem(answer, 422, "deploy_refused")
    assert "deploy a folder" in answer.text, answer.text
    answer = lab.admin.put(f"/v1/functions/{lab.function}", json=function("throw new Error('x is not a dependency');"))
    assert_problem(answer, 422, "deploy_refused")
    assert "deploy a folder" not in answer.text


@pytest.mark.parametrize("source", [
    "export default async function (event, { db }) { await db.collection(OUT).create({}); }", "export default function (event, { db }) { return db.collection(OUT).create({}); }",
    "const handler = async (event, context) => { await context.db.collection(OUT).create({}); };\nexport { handler as default };",
    "interface Post { id: string }\nexport default async (event: any, { db }: any): Promise<void> => { const post: Post = event.data.after; await db.collection(OUT).create({ post: post.id }); };",
    "import { createHash } from 'node:crypto';\nexport default async (event, { db }) => { await db.collection(OUT).create({ hash: createHash('sha256').update('x').digest('hex') }); };",
])
def test_the_shapes_a_function_may_have(lab, source):
    if "interface" in source:
        # TypeScript, if this version takes it under the same runtime name.
        response = lab.admin.put(f"/v1/functions/{lab.function}", json=function(source.replace("OUT", json.dumps(lab.target)), triggers=on(lab.source)))
        if response.status_code == 422:
            pytest.skip("TypeScript is not taken yet")
    else:
        lab.deploy(source)
    run = lab.finished(lab.create())[0]
    assert run["status"] == "succeeded", run
    assert len(lab.results()) == 1


# Failure and retry

def test_a_function_that_throws_is_tried_again_and_then_given_up(lab):
    lab.deploy("export default async (event) => { console.log('try', event.id); throw new TypeError('no luck with ' + event.data.after.name); };", retry={"attempts": 3, "backoff": "20ms"})
    document = lab.create(name="Tom")
    letter = eventually(lab.dead, 30, "the dead letter")[0]
    assert letter["attempts"] == 3 and "no luck with Tom" in letter["error"]
    assert letter["event"]["type"] == "roost.document.created" and letter["event"]["data"]["after"] == document
    runs = lab.finished(document, 3)
    assert [run["attempt"] for run in runs] == [1, 2, 3]
    for run in runs:
        assert run["status"] == "failed" and "no luck with Tom" in run["error"]
        assert "/" not in run["error"].split("\n")[0].replace("no luck", ""), "no path of the server"
    assert len({run["event"]["id"] for run in runs}) == 1, "the event's id is the same at each attempt"


def test_an_old_event_is_not_tried_again(lab):
    lab.deploy("export default () => { throw new Error('broken'); };", retry={"attempts": 100, "backoff": "100ms", "maxAge": "1s"})
    lab.create(n=1)
    letter = eventually(lab.dead, 30, "the dead letter")[0]
    assert 1 < letter["attempts"] < 100 and "broken" in letter["error"] and "`maxAge` of `retry`, 1s" in letter["error"]
    # Replayed, it is as good as new: tried more than once.
    lab.admin.must(202, "POST", f"/v1/functions/{lab.function}/dead-letters/{letter['id']}/replay")
    again = eventually(lambda: [one for one in lab.dead() if one["id"] != letter["id"]], 30, "the next dead letter")[0]
    assert 1 < again["attempts"] < 100
    assert lab.admin.must(200, "GET", f"/v1/functions/{lab.function}")["retry"] == {"attempts": 100, "backoff": "100ms", "maxAge": "1s"}


@pytest.mark.parametrize("value", ["", "0s", "1d", "9000h", 5, "-1s"])
def test_a_bad_age_is_refused(lab, value):
    answer = lab.admin.put(f"/v1/functions/{lab.function}", json=function("export default () => {};", retry={"maxAge": value}))
    assert_problem(answer, 422, "validation_failed")
    assert answer.json()["errors"][0]["pointer"] == "/retry/maxAge"


def test_a_function_can_make_a_disabled_user(lab, nobody):
    lab.deploy("""
        export default async (event, { db, users }) => {
          const { email, password } = event.data.after;
          const made = await users.create({ email, password, disabled: true, roles: ["admin"] });
          await db.collection(OUT).put("done", { made, again: await users.get(made.id) });
        };""")
    email, password = f"{lab.function}@example.org", "correct horse battery"
    lab.create(email=email, password=password)
    result = eventually(lab.results, 30, "the result")[0]
    assert result["made"]["disabled"] is True and result["again"]["disabled"] is True and result["again"]["roles"] == []
    assert_problem(nobody.post("/v1/auth/login", json={"email": email, "password": password}), 401)
    lab.admin.must(200, "PATCH", f"/v1/users/{result['made']['id']}", json={"disabled": False})
    signed_in = nobody.post("/v1/auth/login", json={"email": email, "password": password})
    assert signed_in.status_code == 200 and "disabled" not in signed_in.json()["user"]
    assert_problem(lab.admin.post("/v1/users", json={"email": "x" + email, "password": password, "disabled": "yes"}), 422)
    # Who registers decides nothing of the kind.
    answer = nobody.post("/v1/auth/register", json={"email": "y" + email, "password": password, "disabled": True})
    assert answer.status_code == 201 and nobody.post("/v1/auth/login", json={"email": "y" + email, "password": password}).status_code == 200


def test_functions_work_with_users_and_events(lab):
    lab.admin.put_function(f"h{lab.function}", f"export default (event, {{ db }}) => db.collection({json.dumps(lab.target)}).put('heard', {{ event }});",
                           triggers=[{"type": "event", "name": f"made.{lab.function}"}])
    lab.deploy(USERS)
    email = f"{lab.function}@example.org"
    lab.create(email=email, name=f"made.{lab.function}")
    result = eventually(lambda: next((item for item in lab.results() if item["id"] == "done"), None), 30, "the result")
    assert result["steps"] == [email, "Ada", "Countess", [email], True, False, None, [422, "validation_failed"]]
    heard = eventually(lambda: next((item for item in lab.results() if item["id"] == "heard"), None), 30, "the event")["event"]
    assert heard["data"] == {"a": 1} and heard["subject"] == "ada"
    lab.admin.delete(f"/v1/functions/h{lab.function}")


USERS = """
    export default async (event, { db, users, events }) => {
      const { email, name } = event.data.after;
      const made = await users.create({ email, password: "correct horse battery", name: "Ada" });
      const steps = [made.email, (await users.get(made.id)).name, (await users.patch(made.id, { name: "Countess" })).name];
      steps.push((await users.list({ filter: `email == "${email}"`, limit: 5 })).items.map((user) => user.email));
      steps.push(await users.delete(made.id), await users.delete(made.id), await users.get(made.id));
      try { await users.create({ email: 5 }); } catch (error) { steps.push([error.status, error.code]); }
      await events.emit(name, { a: 1 }, { subject: "ada" });
      await db.collection(OUT).put("done", { steps });
    };"""


def test_users_made_by_a_function_for_users_come_to_an_end(lab):
    """Each makes the next one: a chain that the server stops."""
    lab.admin.put_function(lab.function, """
        export default async ({ data: { after } }, { users }) => {
          const [, name, n] = /^(.*)-(\\d+)@/.exec(after.email) ?? [];
          if (name === NAME) await users.create({ email: `${name}-${+n + 1}@example.org`, password: "correct horse battery" });
        };""".replace("NAME", json.dumps(lab.function)), triggers=[{"type": "user", "events": ["created"]}], retry={"attempts": 1})
    lab.admin.must(201, "POST", "/v1/users", json={"email": f"{lab.function}-0@example.org", "password": "correct horse battery"})
    letter = eventually(lab.dead, 60, "the end of the chain")[0]
    assert "16 triggers away" in letter["error"]
    made = [user["email"] for user in lab.admin.every("/v1/users") if user["email"].startswith(lab.function)]
    assert len(made) == 18  # of depths 0 to 17, of which the last is not delivered
    lab.admin.delete(f"/v1/functions/{lab.function}")


def test_a_dead_letter_can_be_replayed_once_the_function_is_mended(lab):
    lab.deploy("export default () => { throw new Error('broken'); };", retry={"attempts": 2, "backoff": "20ms"})
    documents = [lab.create(n=n) for n in range(3)]
    eventually(lambda: len(lab.dead()) == 3, 30, "three dead letters")
    lab.deploy(WRITE)
    letter = next(letter for letter in lab.dead() if letter["event"]["subject"].endswith(documents[1]["id"]))
    assert lab.admin.post(f"/v1/functions/{lab.function}/dead-letters/{letter['id']}/replay").status_code in (200, 202, 204)
    eventually(lambda: [item["id"] for item in lab.results()] == [documents[1]["id"]], what="the replayed event")
    eventually(lambda: len(lab.dead()) == 2, what="the letter to go")
    assert_problem(lab.admin.post(f"/v1/functions/{lab.function}/dead-letters/nonsense/replay"), (400, 404))


def test_a_function_that_fails_at_first_succeeds_in_the_end(lab):
    lab.deploy("""
        export default async (event, { db }) => {
          const out = db.collection(OUT), id = event.data.after.id;
          const tries = ((await out.get(id))?.tries ?? 0) + 1;
          await out.put(id, { tries });
          if (tries < 3) throw new Error("not yet");
        };""", retry={"attempts": 5, "backoff": "20ms"})
    documents = [lab.create(n=n) for n in range(5)]
    eventually(lambda: [item["tries"] for item in lab.results()] == [3] * 5, 30, "three tries each")
    for document in documents:
        assert [run["status"] for run in lab.finished(document, 3)] == ["failed", "failed", "succeeded"]
    assert lab.dead() == []


def test_a_failure_holds_back_its_own_document_only(lab):
    lab.deploy("""
        export default async (event, { db }) => {
          if (event.data.after.stuck) throw new Error("stuck");
          await db.collection(OUT).create({ of: event.data.after.id, at: event.data.after.version });
        };""", "created", "updated", retry={"attempts": 2, "backoff": "1s"})
    stuck = lab.create(stuck=True)
    free = lab.create()
    lab.admin.must(200, "PATCH", f"/v1/documents/{lab.source}/{stuck['id']}", json={"stuck": False})
    eventually(lambda: [item["of"] for item in lab.results()][:1] == [free["id"]], 10, "the free one")
    eventually(lambda: [(item["of"], item["at"]) for item in lab.results()] == [(free["id"], 1), (stuck["id"], 2)], 30, "the stuck one's later change")
    assert len(lab.dead()) == 1


@pytest.mark.parametrize("source, statuses, says", [
    ("export default () => { throw 'a string'; };", ("failed",), "a string"),
    ("export default () => { throw null; };", ("failed",), None),
    ("export default async () => { await Promise.reject(new Error('rejected')); };", ("failed",), "rejected"),
    ("export default () => { Promise.reject(new Error('unhandled')); return new Promise((resolve) => setTimeout(resolve, 200)); };", ("failed", "crashed", "succeeded"), None),
    ("export default () => { setTimeout(() => { throw new Error('later'); }, 10); return new Promise((resolve) => setTimeout(resolve, 500)); };", ("failed", "crashed", "succeeded"), None),
    ("export default () => { Deno.exit(3); };", ("crashed", "failed"), None),
    ("export default () => { const f = () => f() + 1; f(); };", ("failed", "crashed"), None),
    ("export default () => { const a = {}; a.a = a; throw a; };", ("failed",), None),
    ("export default () => { const e = new Error('x'.repeat(5_000_000)); throw e; };", ("failed", "crashed"), None),
    ("export default () => { Object.prototype.then = 1; globalThis.JSON = null; Array.prototype.push = null; throw new Error('spoilt'); };", ("failed", "crashed", "timeout"), None),
    ("export default () => { while (true) {} };", ("timeout",), None),
    ("export default () => new Promise(() => {});", ("timeout", "failed", "crashed"), None),
    ("export default () => { const all = []; while (true) all.push(new Array(100_000).fill(Math.random())); };", ("memory_limit", "crashed"), None),
    ("export default () => { const all = []; while (true) all.push(new Uint8Array(10_000_000).fill(1)); };", ("memory_limit", "crashed", "failed"), None),
    ("export default () => { 'x'.repeat(2 ** 29).split(''); };", ("memory_limit", "crashed", "failed", "timeout"), None),
], ids=lambda value: str(value)[18:60] if isinstance(value, str) else "")
def test_whatever_a_function_does_has_a_record_and_hurts_nobody_else(lab, server, source, statuses, says):
    memory = server.memory()
    lab.deploy(source, timeout="1500ms", memory="128MB", retry={"attempts": 1, "backoff": "20ms"})
    lab.admin.put_function(lab.function + "good", WRITE.replace("OUT", json.dumps(lab.target)), triggers=on(lab.source))
    document = lab.create()
    run = lab.finished(document)[0]
    assert run["status"] in statuses, run
    if says:
        assert says in run["error"]
    if run["status"] == "timeout":
        assert 1000 <= run["durationMs"] < 10_000, run
    if run["status"] != "succeeded":
        assert run["error"] and len(run["error"]) < 100_000
        assert eventually(lab.dead, what="the dead letter")[0]["attempts"] == 1
    eventually(lambda: [item["id"] for item in lab.results()] == [document["id"]], what="the good function's document")
    # The next event of the same function finds a working worker.
    lab.deploy(WRITE)
    after = lab.create()
    assert lab.finished(after)[0]["status"] == "succeeded"
    assert server.memory() - memory < 100 * MEGABYTE
    lab.admin.delete(f"/v1/functions/{lab.function}good")


def test_an_endless_loop_does_not_hold_up_the_others(lab):
    lab.deploy("export default (event) => { if (event.data.after.loop) while (true) {} };", timeout="2s", concurrency=2, retry={"attempts": 1, "backoff": "20ms"})
    loop = lab.create(loop=True)
    quick = [lab.create() for _ in range(10)]
    for document in quick:
        assert lab.finished(document)[0]["status"] == "succeeded"
    assert lab.finished(loop)[0]["status"] == "timeout"


@pytest.mark.parametrize("printing", [
    "for (let n = 0; n < 100_000; n++) console.log('line', n, 'x'.repeat(1000));", "console.log('x'.repeat(100_000_000));",
    "for (let n = 0; n < 100; n++) Deno.stdout.writeSync(new Uint8Array(1_000_000).fill(120));", "for (let n = 0; n < 100; n++) Deno.stderr.writeSync(new Uint8Array(1_000_000).fill(10));",
], ids=["many lines", "one line", "stdout bytes", "stderr newlines"])
def test_100_megabytes_of_output_are_bounded(lab, server, printing):
    lab.deploy("export default async (event, { log }) => { log.info('before'); " + printing + " };", timeout="20s", memory="512MB", retry={"attempts": 1, "backoff": "20ms"})
    memory = server.memory()
    document = lab.create()
    run = lab.finished(document, seconds=60)[0]
    assert run["status"] in ("succeeded", "failed", "crashed", "memory_limit", "timeout"), run
    lines = lab.logs()
    assert lines and sum(len(line["message"]) for line in lines) <= 2 * MEGABYTE and len(lines) <= 20_000
    assert any("before" in line["message"] for line in lines)
    assert server.memory() - memory < 80 * MEGABYTE, "the flood piled up in the server"
    lab.deploy(WRITE)
    assert lab.finished(lab.create())[0]["status"] == "succeeded"


# Order, repetition, concurrency

def test_the_changes_of_a_document_arrive_in_their_order(lab):
    lab.deploy("""
        export default async (event, { db }) => {
          const out = db.collection(OUT), { id, version } = event.data.after;
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
          const seen = (await out.get(id))?.seen ?? [];
          if (!seen.includes(version)) await out.put(id, { seen: [...seen, version] });
        };""", "created", "updated", concurrency=8)
    documents = [lab.create(n=0) for _ in range(6)]
    for n in range(1, 15):
        for document in documents:
            lab.admin.must(200, "PATCH", f"/v1/documents/{lab.source}/{document['id']}", json={"n": n})
    eventually(lambda: all(len(item["seen"]) == 15 for item in lab.results()) and len(lab.results()) == 6, 60, "15 changes of 6 documents")
    for item in lab.results():
        assert item["seen"] == list(range(1, 16))


def test_documents_are_handled_at_the_same_time_up_to_the_limit(lab):
    lab.deploy("export default () => new Promise((resolve) => setTimeout(resolve, 500));", concurrency=4)
    lab.finished(lab.create())
    began = time.monotonic()
    documents = [lab.create() for _ in range(8)]
    for document in documents:
        lab.finished(document)
    took = time.monotonic() - began
    assert 0.9 < took < 3.5, f"8 runs of 0.5 s, four at a time, took {took:.1f} s"


def test_a_burst_is_handled_completely(lab):
    lab.deploy(WRITE)
    made = {lab.create(n=n)["id"] for n in range(300)}
    eventually(lambda: {item["id"] for item in lab.results()} == made, 60, "300 documents")
    assert lab.dead() == []


def test_a_chain_of_triggers_ends(lab):
    lab.deploy("export default async (event, { db }) => { await db.collection(IN).create({ n: event.data.after.n + 1 }); };")
    lab.create(n=0)
    top = lambda: max(item["n"] for item in lab.admin.every(f"/v1/documents/{lab.source}"))
    eventually(lambda: top() >= 15, 30, "the chain to reach its limit")
    time.sleep(1)
    reached = top()
    time.sleep(1)
    assert top() == reached <= 20


# Deploying

def test_the_old_version_goes_on_when_a_new_one_is_refused(lab):
    lab.deploy(WRITE)
    before = lab.admin.must(200, "GET", f"/v1/functions/{lab.function}")
    for source in ("export default async (event {", "export const x = 1", "throw new Error('at load')"):
        problem = assert_problem(lab.admin.put(f"/v1/functions/{lab.function}", json=function(source, triggers=on(lab.source))), 422, "deploy_refused")
        assert problem["detail"]
    assert lab.admin.must(200, "GET", f"/v1/functions/{lab.function}") == before
    document = lab.create()
    assert lab.finished(document)[0]["status"] == "succeeded"


def test_a_syntax_error_is_told_with_its_place(lab):
    problem = assert_problem(lab.admin.put(f"/v1/functions/{lab.function}", json=function("export default () => {\n  const a = ;\n};", triggers=on(lab.source))), 422, "deploy_refused")
    assert "2" in json.dumps(problem), "the line"


def test_a_new_version_takes_over(lab):
    for version in (1, 2, 3):
        lab.deploy("export default async (event, { db }) => { await db.collection(OUT).put(event.data.after.id, { by: %d }); };" % version)
        document = lab.create()
        eventually(lambda: [item["by"] for item in lab.results() if item["id"] == document["id"]] == [version], what=f"version {version}")
    assert lab.admin.must(200, "GET", f"/v1/functions/{lab.function}")["version"] == 3


def test_a_function_hears_of_what_comes_after_its_deployment(lab):
    early = lab.create()
    lab.deploy(WRITE)
    late = lab.create()
    lab.finished(late)
    assert lab.invocations(early) == []


def test_a_deleted_function_runs_no_more(lab):
    lab.deploy(WRITE)
    lab.finished(lab.create())
    assert lab.admin.delete(f"/v1/functions/{lab.function}").status_code == 204
    lab.create()
    time.sleep(0.5)
    assert len(lab.results()) == 1
    assert_problem(lab.admin.get(f"/v1/functions/{lab.function}"), 404, ("function_not_found", "not_found"))


def test_several_functions_hear_of_one_event(lab):
    names = [f"{lab.function}x{n}" for n in range(4)]
    for name in names:
        lab.admin.put_function(name, "export default async (event, { db }) => { await db.collection(%s).create({ by: '%s' }); };" % (json.dumps(lab.target), name), triggers=on(lab.source))
    lab.create()
    eventually(lambda: sorted(item["by"] for item in lab.results()) == names, what="all four")
    for name in names:
        lab.admin.delete(f"/v1/functions/{name}")


# Walls

ESCAPES = {
    "read a file": "return Deno.readTextFileSync('/etc/passwd')",
    "read the data folder": "return Deno.readDirSync('DATA').toArray().length",
    "write a file": "Deno.writeTextFileSync('DATA/x', 'x'); return 'written'",
    "run a program": "return new Deno.Command('id').outputSync().stdout",
    "node's file system": "const fs = await import('node:fs'); return fs.readFileSync('/etc/passwd', 'utf8')",
    "node's processes": "const { execSync } = await import('node:child_process'); return execSync('id').toString()",
    "call the server's port": "return (await fetch('URL/healthz')).status",
    "call another address": "return (await fetch('http://127.0.0.1:9/')).status",
    "listen": "Deno.listen({ port: 0 }); return 'listens'",
    "the server's environment": "return Object.values(Deno.env.toObject()).includes('PASSWORD') ? 'seen' : Promise.reject(new Error('hidden'))",
    "the parent's environment": "return Deno.readTextFileSync('/proc/' + Deno.ppid + '/environ')",
    "load a library": "return typeof Deno.dlopen('libc.so.6', { getpid: { parameters: [], result: 'i32' } })",
    "kill the server": "Deno.kill(PID, 'SIGTERM'); return 'killed'",
    "import from the network": "return Object.keys(await import('https://deno.land/std/version.ts'))",
}


@pytest.mark.parametrize("what", ESCAPES)
def test_a_function_cannot(lab, server, what):
    body = ESCAPES[what].replace("DATA", str(server.data)).replace("URL", server.url).replace("PASSWORD", ADMIN_PASSWORD).replace("PID", str(server.pid))
    lab.deploy("const attempt = async () => { %s };\nexport default async (event, { db }) => {\n  let escaped = null, why = null;\n  try { escaped = String(await attempt()).slice(0, 200); } catch (error) { why = String(error); }\n"
               "  await db.collection(OUT).create({ escaped, why });\n};" % body, timeout="5s", retry={"attempts": 1, "backoff": "20ms"})
    lab.finished(lab.create())
    for result in lab.results():
        assert result["escaped"] is None, result
    assert server.is_running and Caller(server).get("/healthz").status_code == 200


def test_a_fork_bomb_is_contained(lab, server):
    lab.deploy("export default () => { const workers = []; for (let n = 0; n < 500; n++) workers.push(new Worker('data:text/javascript,while(true){}', { type: 'module' })); while (true) {} };",
               timeout="2s", retry={"attempts": 1, "backoff": "20ms"})
    run = lab.finished(lab.create(), seconds=60)[0]
    assert run["status"] in ("timeout", "failed", "crashed", "memory_limit"), run
    assert Caller(server).get("/healthz").status_code == 200


def test_two_functions_share_nothing(lab):
    lab.deploy("export default (event) => { globalThis.secret = 'mine'; };")
    other = lab.function + "other"
    lab.admin.put_function(other, "export default async (event, { db }) => { await db.collection(%s).create({ secret: globalThis.secret ?? null }); };" % json.dumps(lab.target), triggers=on(lab.source))
    for _ in range(3):
        lab.finished(lab.create())
    eventually(lambda: len(lab.results()) == 3)
    assert [item["secret"] for item in lab.results()] == [None] * 3
    lab.admin.delete(f"/v1/functions/{other}")


# Records

def test_records_come_in_pages_newest_first(lab):
    lab.deploy("export default () => { console.log('run'); };")
    for n in range(23):
        lab.create(n=n)
    eventually(lambda: len(lab.invocations()) == 23, what="23 records")
    path = f"/v1/functions/{lab.function}/invocations"
    paged = lab.admin.every(path, limit=5)
    assert [item["id"] for item in paged] == [item["id"] for item in lab.admin.every(path, limit=1000)] and len({item["id"] for item in paged}) == 23
    assert [item["id"] for item in paged] == sorted((item["id"] for item in paged), reverse=True)
    assert len(lab.admin.every(f"/v1/functions/{lab.function}/logs", limit=7)) == 23
    assert sum(item["cold"] for item in paged) < 23, "workers are used again"


@pytest.mark.parametrize("part", ["", "/invocations", "/logs", "/dead-letters"])
def test_records_of_a_function_that_is_not_there(admin, part):
    assert_problem(admin.get(f"/v1/functions/nowhere{part}"), 404, ("function_not_found", "not_found"))
