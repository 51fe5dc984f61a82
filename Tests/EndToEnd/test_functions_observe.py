"""What becomes of runs can be seen: records and logs to search, a live tail, dead letters, traces, metrics, and sequences of functions."""
import json
import re
import time

import pytest

import guides
from event_stream import EventStream
from roost_client import Caller, assert_problem, on
from roost_server import eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lab(admin, own_name):
    name = own_name
    admin.put_collection(f"out{name}")
    yield Lab(admin, name)
    for prefix in "fgh":
        admin.delete(f"/v1/functions/{prefix}{name}")


class Lab:
    def __init__(self, admin, name):
        self.admin, self.name, self.target, self.function, self.event = admin, name, f"out{name}", f"f{name}", f"e{name}"
        self.path = f"/v1/functions/{self.function}"

    def deploy(self, source, name=None, **more):
        more.setdefault("triggers", [{"type": "event", "name": self.event}])
        more.setdefault("retry", {"attempts": 1, "backoff": "10ms"})
        return self.admin.put_function(name or self.function, source.replace("OUT", json.dumps(self.target)), **more)

    def emit(self, data=None, **more):
        return self.admin.must(202, "POST", "/v1/events", json={"name": self.event, "data": data, **more})["id"]

    def runs(self, **query):
        return self.admin.every(f"{self.path}/invocations", **query)

    def ran(self, count, seconds=20):
        return eventually(lambda: len(self.runs()) >= count and self.runs(), seconds, f"{count} runs")

    def lines(self, **query):
        return self.admin.every(f"{self.path}/logs", **query)


TALKER = """export default async (event, { log }) => {
  log.info("begin", event.data.n); if (event.data.n % 2) log.warn("Odd one", event.data.n);
  if (event.data.n === 3) throw new TypeError("No Luck with three"); log.debug("end"); };"""


def test_records_are_searched(lab):
    lab.deploy(TALKER)
    for n in range(6):
        lab.emit({"n": n}, subject=f"s/{n}")
    lab.ran(6)
    lab.deploy(TALKER + "\n// two")
    lab.emit({"n": 8}, subject="s/8")
    every = lab.ran(7)
    pick = lambda **query: sorted(run["event"]["subject"] for run in lab.runs(**query))
    assert pick(status="failed") == ["s/3"] and pick(status="failed,succeeded") == pick() and pick(status="timeout") == []
    assert pick(subject="s/2") == ["s/2"] and pick(version=2) == ["s/8"] and pick(version=1, status="succeeded") == ["s/0", "s/1", "s/2", "s/4", "s/5"]
    assert pick(type=lab.event) == pick() and pick(type=lab.event[:-2] + "*") == pick() and pick(type="roost.*") == []
    assert pick(q="no luck WITH") == ["s/3"] and pick(q="50%") == []
    ordered = sorted(every, key=lambda run: run["id"])
    middle = ordered[3]["startedAt"]
    assert pick(**{"from": middle}) == sorted(run["event"]["subject"] for run in every if run["startedAt"] >= middle)
    assert pick(to=middle) == sorted(run["event"]["subject"] for run in every if run["startedAt"] < middle)
    assert pick(limit=2, status="succeeded") == sorted(run["event"]["subject"] for run in every if run["status"] == "succeeded"), "page by page"
    for query in ({"status": "fine"}, {"from": "yesterday"}, {"version": "x"}, {"colour": "red"}, {"cursor": "'; DROP"}, {"q": "x" * 2000}):
        assert_problem(lab.admin.get(f"{lab.path}/invocations", params=query), 400)


def test_log_lines_are_searched(lab):
    lab.deploy(TALKER)
    for n in range(5):
        lab.emit({"n": n}, subject="one")
    runs = {run["event"]["id"]: run for run in lab.ran(5)}
    eventually(lambda: len(lab.lines()) == 11, what="the lines")
    pick = lambda **query: [line["message"] for line in reversed(lab.lines(**query))]
    assert pick(level="warn") == ["Odd one 1", "Odd one 3"] and len(pick(level="warn,info")) == 7
    assert pick(q="ODD") == ["Odd one 1", "Odd one 3"] and pick(q="%") == []
    one = next(run for run in runs.values() if run["status"] == "failed")
    assert pick(invocation=one["id"]) == ["begin 3", "Odd one 3"] and pick(invocation=one["id"], level="info") == ["begin 3"]
    assert pick(limit=1) == pick() and pick(to="2020-01-01T00:00:00Z") == [] and pick(**{"from": "2020-01-01T00:00:00Z"}) == pick()
    for query in ({"level": "loud"}, {"invocation": "a b"}, {"to": "tomorrow"}, {"status": "failed"}):
        assert_problem(lab.admin.get(f"{lab.path}/logs", params=query), 400)


def test_a_search_looks_at_so_many_lines_and_goes_on(lab):
    lab.deploy("export default async (event, { log }) => { for (let n = 0; n < 999; n++) log.info(n === 500 ? 'needle ' + event.data : 'hay'); };")
    for n in range(25):
        lab.emit(n)
    lab.ran(25, 40)
    eventually(lambda: len(lab.admin.must(200, "GET", f"{lab.path}/logs", params={"limit": 1000, "q": "needle"})["items"]) >= 15, what="most lines")
    first = lab.admin.must(200, "GET", f"{lab.path}/logs", params={"q": "needle"})
    assert 15 <= len(first["items"]) < 25 and first["nextCursor"], "a part, and where it goes on"
    assert sorted(line["message"] for line in lab.lines(q="needle")) == sorted(f"needle {n}" for n in range(25))


def test_a_live_tail_tells_each_line(lab, server, nobody, ada):
    lab.deploy(TALKER)
    lab.emit({"n": 0})
    lab.ran(1)
    path = f"{lab.path}/logs"
    assert EventStream(nobody, path).status == 401 and EventStream(ada, path).status == 403
    assert EventStream(lab.admin, "/v1/functions/nowhere/logs").status == 404 and EventStream(lab.admin, path, level="loud").status == 400
    with EventStream(lab.admin, path) as all_lines, EventStream(lab.admin, path, level="warn") as warnings:
        assert all_lines.status == 200
        time.sleep(0.2)
        for n in (1, 2, 3):
            lab.emit({"n": n}, subject="one")
        heard = [all_lines.next() for _ in range(7)]
        assert [event.type for event in heard] == ["line"] * 7
        assert [event.data["message"] for event in heard] == ["begin 1", "Odd one 1", "end", "begin 2", "end", "begin 3", "Odd one 3"]
        assert [event.id for event in heard] == [event.data["id"] for event in heard]
        assert [warnings.next().data["message"] for _ in range(2)] == ["Odd one 1", "Odd one 3"]
    eventually(lambda: len(lab.lines()) == 9, what="the lines")
    with EventStream(lab.admin, path, last_event_id=heard[2].id) as again:
        assert [again.next().data["message"] for _ in range(4)] == ["begin 2", "end", "begin 3", "Odd one 3"], "what was missed comes first"


def test_a_tail_ends_with_the_right_to_it(lab, server):
    lab.deploy(TALKER)
    made = lab.admin.must(201, "POST", "/v1/keys", json={"name": lab.name})
    with EventStream(Caller(server, made["key"]), f"{lab.path}/logs") as tail:
        lab.admin.must(204, "DELETE", f"/v1/keys/{made['id']}")
        time.sleep(5.2)
        lab.emit({"n": 2})
        assert tail.next().type == "end"


def test_a_slow_reader_of_a_tail_is_cut_off_and_harms_nobody(lab):
    lab.deploy("export default async (event, { log }) => { for (let n = 0; n < 15; n++) log.info('x'.repeat(16000)); };", concurrency=4)
    slow = EventStream(lab.admin, f"{lab.path}/logs", receive_buffer=4096)
    assert slow.status == 200
    for n in range(60):
        lab.emit(n)
    lab.ran(60, 40)
    assert lab.admin.get("/healthz").status_code == 200
    slow.close()


def test_all_dead_letters_are_replayed_or_deleted(lab):
    lab.deploy("export default () => { throw new Error('not today'); };")
    for n in range(45):
        lab.emit({"n": n})
    letters = lambda: lab.admin.every(f"{lab.path}/dead-letters")
    eventually(lambda: len(letters()) == 45, 30, "45 dead letters")
    one = letters()[0]["id"]
    lab.admin.must(204, "DELETE", f"{lab.path}/dead-letters/{one}")
    assert_problem(lab.admin.delete(f"{lab.path}/dead-letters/{one}"), 404)
    lab.deploy("export default async (event, { db }) => { await db.collection(OUT).create({ n: event.data.n }); };")
    assert lab.admin.must(202, "POST", f"{lab.path}/dead-letters/replay") == {"replayed": 44, "more": False}
    eventually(lambda: len(lab.admin.every(f"/v1/documents/{lab.target}")) == 44, 30, "all of them")
    assert letters() == [] and lab.admin.must(202, "POST", f"{lab.path}/dead-letters/replay") == {"replayed": 0, "more": False}
    lab.deploy("export default () => { throw new Error('not today'); };")
    for n in range(3):
        lab.emit({"n": n})
    eventually(lambda: len(letters()) == 3, what="three dead letters")
    assert lab.admin.must(200, "DELETE", f"{lab.path}/dead-letters") == {"deleted": 3} and letters() == []


@pytest.mark.parametrize("method, path", [
    ("POST", "/dead-letters/replay"), ("DELETE", "/dead-letters"), ("DELETE", "/dead-letters/x"), ("GET", "/invocations"), ("GET", "/logs"), ("GET", "/metrics"), ("POST", "/v1/schedules/next")])
def test_who_may_not(lab, nobody, ada, method, path):
    path = path if path in ("/metrics", "/v1/schedules/next") else lab.path + path
    assert_problem(nobody.request(method, path), 401)
    assert_problem(ada.request(method, path), 403)


# Traces

def test_a_trace_goes_through_events_and_functions(lab, ada):
    lab.admin.put_collection(f"in{lab.name}", rules={"create": "auth != null"})
    lab.deploy("""export default async (event, { db, events, traceparent }) => {
        await events.emit("%s", { from: event.traceparent, mine: traceparent }); };""" % lab.event, triggers=on(f"in{lab.name}"))
    lab.deploy("export default async (event, { db, traceparent }) => { await db.collection(OUT).create({ event, traceparent }); };", name=f"g{lab.name}")
    ada.must(201, "POST", f"/v1/documents/in{lab.name}", json={}, headers={"traceparent": PARENT})
    kept = eventually(lambda: lab.admin.every(f"/v1/documents/{lab.target}"), what="the last function")[0]
    spans = [kept["event"]["data"]["from"], kept["event"]["data"]["mine"], kept["event"]["traceparent"], kept["traceparent"]]
    assert spans[0] == PARENT and len(set(spans)) == 4, "each step is a span of its own"
    for span in spans:
        assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", span)
    assert lab.ran(1)[0]["traceparent"] == spans[1], "the record shows it"
    ada.must(201, "POST", f"/v1/documents/in{lab.name}", json={}, headers={"traceparent": "00-zz-1-1"})
    runs = lab.ran(2)
    assert sorted(bool(run["traceparent"]) for run in runs) == [False, True], "what is no trace is none"


# Sequences

def test_a_sequence_hands_results_on(lab):
    lab.deploy("export default async (event, { db }) => { await db.collection(OUT).create({ event }); return { ignored: true }; };", name=f"h{lab.name}", triggers=[])
    lab.deploy("""export default (event, { attempt }) => { if (attempt < 3) throw new Error("not yet"); return { doubled: event.data.n * 2, type: event.type, source: event.source }; };""",
               name=f"g{lab.name}", triggers=[], then=[f"h{lab.name}"], retry={"attempts": 3, "backoff": "10ms"})
    deployed = lab.deploy("export default (event) => ({ n: event.data.n + 1 });", then=[f"g{lab.name}"])
    assert deployed["then"] == [f"g{lab.name}"]
    for n in range(3):
        lab.emit({"n": n}, subject="orders/1")
    kept = eventually(lambda: len(lab.admin.every(f"/v1/documents/{lab.target}")) == 3 and lab.admin.every(f"/v1/documents/{lab.target}"), 20, "the ends")
    events = [item["event"] for item in kept]
    assert [event["data"]["doubled"] for event in events] == [2, 4, 6], "in the order of the subject, through retries"
    for event in events:
        assert event["type"] == "roost.function.completed" and event["subject"] == "orders/1" and event["source"] == f"/p/default/functions/g{lab.name}"
        assert event["data"]["type"] == "roost.function.completed" and event["data"]["source"] == f"/p/default/functions/f{lab.name}"


def test_sequences_that_are_wrong(lab):
    body = lambda then: {"source": "export default () => {};", "then": then}
    for then in (["nowhere"], "next", [1], ["a b"], [lab.function] * 2, ["x"] * 11):
        assert_problem(lab.admin.put(lab.path, json=body(then)), 422)


def test_a_result_that_is_too_large_is_the_functions_failure(lab):
    lab.deploy("export default () => {};", name=f"g{lab.name}", triggers=[])
    lab.deploy("export default () => 'x'.repeat(300000);", then=[f"g{lab.name}"])
    lab.emit()
    assert "more than 262144 bytes" in lab.ran(1)[0]["error"]


# Metrics

def test_metrics(lab, server):
    lab.deploy(TALKER)
    for n in (2, 3):
        lab.emit({"n": n})
    lab.ran(2)
    response = lab.admin.get("/metrics")
    assert response.status_code == 200 and response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    values, types = {}, {}
    for line in response.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, type = line.split(" ")
            assert name not in types, f"{name} is declared twice"
            types[name] = type
        elif not line.startswith("#"):
            match = re.fullmatch(r'([a-z_]+)(\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? (\S+)', line)
            assert match, line
            assert match[1] in types or re.sub("_(bucket|sum|count)$", "", match[1]) in types, line
            assert match[1] + (match[2] or "") not in values, f"twice: {line}"
            values[match[1] + (match[2] or "")] = float(match[3])
    assert values[f'roost_function_invocations_total{{function="{lab.function}",status="succeeded"}}'] == 1
    assert values[f'roost_function_invocations_total{{function="{lab.function}",status="failed"}}'] == 1
    assert values[f'roost_function_dead_letters_total{{function="{lab.function}"}}'] == 1
    assert values[f'roost_function_duration_seconds_count{{function="{lab.function}"}}'] == 2
    assert values['roost_http_requests_total{route="events",code="202"}'] >= 2 and values['roost_http_requests_total{route="functions",code="200"}'] >= 1
    count = values['roost_http_request_duration_seconds_count{route="events"}']
    buckets = [value for name, value in values.items() if name.startswith('roost_http_request_duration_seconds_bucket{route="events"')]
    assert buckets == sorted(buckets) and buckets[-1] == count == values['roost_http_request_duration_seconds_bucket{route="events",le="+Inf"}']
    assert values["roost_log_sequence"] >= 2 and values[f'roost_function_lag_events{{function="{lab.function}"}}'] >= 0 and values['roost_database_bytes{part="main"}'] > 4096
    made = lab.admin.must(201, "POST", "/v1/keys", json={"name": lab.name})
    assert Caller(server, made["key"]).get("/metrics").status_code == 200, "with an API key, as Prometheus has one"


def test_the_guide_of_observing(start, tmp_path):
    """Its commands, in its order, answer what it says."""
    said = guides.run_guide("observing-functions", start(), tmp_path)
    lines = [line for line in said.splitlines() if line and not line.startswith("retry:")]
    assert lines == ["2", "3", "2", '{"replayed":2,"more":false}', '{"deleted":2}', TRACE, "2"], said
