"""What functions used, and what they may use in a day."""
import datetime
import subprocess

import pytest

from roost_client import Caller, admin_login, assert_problem, on
from roost_server import BINARY, eventually

TODAY = datetime.datetime.now(datetime.timezone.utc).date()
SPEND = """export default async (event) => {
  const { after } = event.data;
  if (after.fail) throw new Error("no");
  await new Promise((resolve) => setTimeout(resolve, 50));
};"""


def usage(admin, **query):
    return admin.must(200, "GET", "/v1/usage", params=query)["items"]


def before(collection):
    return [{"type": "before", "events": ["written"], "collection": collection}]


@pytest.fixture(scope="module")
def spent(admin):
    """Two functions that have run: four times, one of them with a failure, and once."""
    for name in ("spenda", "spendb"):
        admin.put_collection(name)
        admin.put_function(name, SPEND, triggers=on(name), memory="256MB", retry={"attempts": 1})
    for number in range(4):
        admin.create("spenda", fail=number == 3)
    admin.create("spendb")
    eventually(lambda: sum(item["invocations"]["total"] for item in usage(admin)) >= 5, what="five invocations")


def test_sums_by_function(admin, spent):
    a, b = (next(item for item in usage(admin, by="function") if item["function"] == name) for name in ("spenda", "spendb"))
    assert a["invocations"] == {"total": 4, "succeeded": 3, "failed": 1, "timeout": 0, "crashed": 0, "memory_limit": 0, "suspended": 0}
    assert b["invocations"]["total"] == 1 and b["coldStarts"] == 1 and 1 <= a["coldStarts"] <= 4
    assert a["durationMs"] >= 150 and a["gbSeconds"] == pytest.approx(a["durationMs"] / 1000 * 0.25)
    assert a["cpuMs"] >= 0 and a["queueMs"] > 0 and a["memoryPeak"] > 1 << 20
    records = admin.every("/v1/functions/spenda/invocations")
    assert sum(record["gbSeconds"] for record in records) == pytest.approx(a["gbSeconds"])
    assert sum(record["queueMs"] for record in records) == pytest.approx(a["queueMs"])


def test_sums_by_day_and_altogether(admin, spent):
    today = str(TODAY)
    days = usage(admin, by="day", function="spenda")
    assert [day["day"] for day in days][-1] >= today and sum(day["invocations"]["total"] for day in days) == 4
    project = usage(admin, by="project")
    assert len(project) == 1 and project[0]["project"] == "default"
    assert project[0]["invocations"]["total"] == sum(item["invocations"]["total"] for item in usage(admin))
    assert usage(admin, **{"from": "2001-01-01", "to": "2001-01-31"}) == []
    nothing = usage(admin, by="project", **{"from": "2001-01-01", "to": "2001-01-31"})[0]
    assert nothing["invocations"]["total"] == 0 and nothing["gbSeconds"] == 0


def test_pages(admin, spent):
    assert [item["function"] for item in admin.every("/v1/usage", limit=1)] == [item["function"] for item in usage(admin)]


@pytest.mark.parametrize("query", [{"by": "version"}, {"from": "yesterday"}, {"from": "2026-13-01"}, {"to": "2026-11-21T00:00:00Z"}, {"from": "2026-02-02", "to": "2026-02-01"},
                                   {"cursor": "%"}, {"cursor": "AAAA", "by": "day"}, {"cursor": "YQ", "by": "project"}, {"limit": "0"}, {"wrong": "1"}])
def test_bad_queries(admin, query):
    assert_problem(admin.get("/v1/usage", params=query), 400, "bad_request")


def test_it_is_for_admins(server, ada):
    assert_problem(Caller(server).get("/v1/usage"), 401)
    assert_problem(ada.get("/v1/usage"), 403)


def test_a_deleted_function_has_used_it_all_the_same(admin):
    admin.put_collection("gone")
    admin.put_function("gone", SPEND, triggers=on("gone"))
    admin.create("gone")
    eventually(lambda: usage(admin, function="gone"), what="its use")
    admin.must(204, "DELETE", "/v1/functions/gone")
    assert usage(admin, function="gone")[0]["invocations"]["total"] == 1


def test_past_the_limit_writes_are_refused_and_events_wait(start):
    server = start(arguments=["--function-invocations-per-day", "5"])
    admin = admin_login(server)
    for name in ("orders", "mails"):
        admin.put_collection(name)
    admin.put_function("look", "export default ({ data: { after } }) => after && ({ ...after, seen: true });", triggers=before("orders"))
    admin.put_function("mail", "export default () => {};", triggers=on("mails"))
    for _ in range(3):
        assert admin.create("orders")["seen"]
    for _ in range(6):
        admin.create("mails")
    eventually(lambda: sum(item["invocations"]["total"] for item in usage(admin)) == 5, what="five invocations")
    answer = admin.post("/v1/documents/orders", json={})
    assert_problem(answer, 429, "too_many_requests", "5 invocations")
    midnight = datetime.datetime.combine(TODAY + datetime.timedelta(days=1), datetime.time(), datetime.timezone.utc)
    left = (midnight - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    assert abs(int(answer.headers["Retry-After"]) - left) < 30 or left < 30
    lines = "\n".join("{}" for _ in range(3))
    assert_problem(admin.post("/v1/import/orders", data=lines, headers={"Content-Type": "application/x-ndjson"}), 429, "too_many_requests")
    # It is remembered over a restart, and the events that wait are neither lost nor given up.
    server.kill()
    server.start()
    admin = admin_login(server)
    assert_problem(admin.post("/v1/documents/orders", json={}), 429)
    assert admin.every("/v1/functions/mail/dead-letters") == []
    server.kill()
    server.arguments = []
    server.start()
    admin = admin_login(server)
    eventually(lambda: sum(item["invocations"]["total"] for item in usage(admin, function="mail")) == 6, what="the events that waited")
    assert admin.create("orders")["seen"]


@pytest.mark.parametrize("arguments, env", [(["--function-invocations-per-day", "-1"], {}), (["--function-gb-seconds-per-day", "many"], {}),
                                            ([], {"ROOST_FUNCTION_INVOCATIONS_PER_DAY": "x"})])
def test_a_bad_limit_is_refused(tmp_path, arguments, env):
    import os
    done = subprocess.run([str(BINARY), "serve", "--data", str(tmp_path / "data"), "--listen", "127.0.0.1:0", *arguments], env={**os.environ, **env}, capture_output=True, text=True, timeout=30)
    assert done.returncode == 64 and "per-day" in done.stderr, done.stderr
