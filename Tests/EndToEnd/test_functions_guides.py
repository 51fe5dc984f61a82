"""What the guides to functions say is so: their commands run, their tables hold, their links lead somewhere."""
import json
import re

import pytest
from standardwebhooks import Webhook

import guides
from roost_client import assert_problem
from roost_server import ROOT, command

FUNCTION = "export default () => {};"
HTTP = [{"type": "http"}]


def waits(script):
    """On a busy machine a function takes longer than a guide waits for it."""
    return re.sub(r"^sleep (\d)$", lambda found: f"sleep {int(found[1]) + 2}", script, flags=re.MULTILINE)


def run_guide(name, server, folder):
    return guides.run(waits("\n".join(guides.blocks(guides.read(name)))), server, folder)


def test_functions(start, tmp_path):
    said = run_guide("functions", start(), tmp_path)
    tour, rest = said.split('"currency":"EUR"', 1)[0], said
    # The ten minutes: seen live, failed three times, given up, brought back.
    assert tour.count("info  receipt for Ada") == 1 and '"text": "Ada paid 42"' in tour, tour
    assert len(re.findall(r"^\S+ \S+ +failed +[123] .*TypeError", tour, re.MULTILINE)) == 3, tour
    assert "Replaying 1 dead letter of 'receipt'." in tour and '"text": "Bob paid 7"' in tour and "'receipt' has no dead letters." in tour, tour
    # What curl shows.
    assert "SyntaxError" in rest and '{"id":"Bob","count":8}' in rest and "printer on fire" in rest
    assert rest.rstrip().endswith('{"name":"invoice","version":3}\n202\n{"id":"o2","total":7}\n0'), rest


@pytest.mark.parametrize("name, wanted", [
    ("function-versions", ["'on-order' is back at version 3.", "Deployed 'on-order', version 5", "[ 100, 400 ] <svg/>", '"deployed"']),
    ("secrets", ["key *** 32"]),
    ("remote-functions", ['"name":"partner"']),
    ("function-troubleshooting", ["got orders/", "ok    "]),
    ("cli", ["did jobs/j2", "7 tests, all as expected."]),
])
def test_the_commands_of(name, wanted, start, tmp_path):
    said = run_guide(name, start(), tmp_path)
    for text in wanted:
        assert text in said, f"{text!r} is not in\n{said}"
    assert '"code"' not in said, said
    assert "only-an-example" not in said


def test_getting_started(start, tmp_path):
    first, *others = guides.blocks(guides.read("getting-started"))
    assert "scripts/serve" in first
    said = guides.run(waits("\n".join(others)), start(), tmp_path)
    assert '"event":"6"' in said and "a new post: Second" in said
    assert re.findall(r'"code":"(\w+)"', said) == ["not_found", "forbidden"]


def test_the_signature_that_a_receiver_checks():
    snippet, = guides.blocks(guides.read("remote-functions"), "python")
    secret = re.search(r'"(whsec_[^"]+)"', snippet)[1]
    from datetime import datetime, timezone
    now, body = datetime.now(timezone.utc), '{"a": 1}'
    headers = {"webhook-id": "m1", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": Webhook(secret).sign("m1", now, body)}
    exec(snippet, {"body": body, "headers": headers})
    with pytest.raises(Exception):
        exec(snippet, {"body": body + " ", "headers": headers})


def test_the_table_of_triggers(server, admin, tmp_path):
    """Each example can be deployed, and `roost functions list` says what it runs on."""
    admin.put_collection("orders")
    admin.must((200, 201), "PUT", "/v1/buckets/photos", json={})
    rows = re.findall(r"^\| `(\w+)` \| `(\{.*?\})` \| ", guides.read("triggers"), re.MULTILINE)
    assert [name for name, _ in rows] == ["document", "before", "file", "user", "event", "schedule", "http"]
    for name, text in rows:
        trigger = json.loads(text)
        assert trigger["type"] == name
        admin.must(201, "PUT", f"/v1/functions/on-{name}", json={"source": FUNCTION, "triggers": [trigger]})
    shown = command("functions", "list", "--server", server.url, "--key", admin.token).stdout
    for name, runs_on in [
        ("document", "orders created, updated where total > 100"), ("before", "orders before created"), ("file", "files created, deleted in photos"),
        ("user", "users created, deleted, signedIn"), ("event", "events order.* where total > 100"), ("schedule", "30 2 * * * Europe/Berlin"),
        ("http", "calls of POST /webhook/{sender}"),
    ]:
        assert re.search(rf"^on-{name} +1  {re.escape(runs_on)}  ", shown, re.MULTILINE), shown
    for name, _ in rows:
        admin.delete(f"/v1/functions/on-{name}")


def manifests(name):
    """The triggers and manifests that stand in a guide as JSON, one a block or one a line."""
    for block in guides.blocks(guides.read(name), "json"):
        try:
            found = [json.loads(block)]
        except ValueError:
            found = [json.loads(line) for line in block.splitlines()]
        for one in found:
            if one.get("type") == "http" or one.get("collection"):
                yield {"triggers": [one]}
            elif "network" in one:
                yield one


@pytest.mark.parametrize("name, count", [("functions", 2), ("functions-over-http", 2)])
def test_manifests_that_are_shown_can_be_deployed(admin, name, count):
    for collection in ("orders", "members"):
        admin.put_collection(collection)
    shown = list(manifests(name))
    assert len(shown) == count
    for manifest in shown:
        admin.must((200, 201), "PUT", "/v1/functions/shown", json={**manifest, "source": FUNCTION})
    admin.delete("/v1/functions/shown")


@pytest.mark.parametrize("more, status, code", [
    ({"source": " " * (1 << 20) + FUNCTION}, 413, "payload_too_large"),
    ({"timeout": "901s"}, 422, "validation_failed"), ({"memory": "31MB"}, 422, "validation_failed"), ({"memory": "5GB"}, 422, "validation_failed"),
    ({"concurrency": 101}, 422, "validation_failed"), ({"minInstances": 11}, 422, "validation_failed"),
    ({"retry": {"attempts": 101}}, 422, "validation_failed"), ({"retry": {"backoff": "3601s"}}, 422, "validation_failed"),
    ({"network": [f"h{n}.example.com" for n in range(101)]}, 422, "validation_failed"), ({"then": [f"f{n}" for n in range(11)]}, 422, "validation_failed"),
    ({"name": None}, 400, "bad_request"), ({"source": "export default ("}, 422, "deploy_refused"),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else None)
def test_limits_of_a_deploy(admin, more, status, code):
    name = "limited"
    if "name" in more:
        name, more = "n" * 65, {}
    assert_problem(admin.put(f"/v1/functions/{name}", json={"source": FUNCTION, **more}), status, code)


def test_limits_of_what_belongs_to_a_function(admin):
    admin.must(201, "PUT", "/v1/functions/limited", json={"source": FUNCTION, "triggers": HTTP})
    assert_problem(admin.put("/v1/functions/limited/secrets/LARGE", json={"value": "x" * (32 * 1024 + 1)}), 422, "validation_failed")
    for n in range(20):
        admin.must((200, 201), "PUT", f"/v1/functions/limited/aliases/a{n}", json={"versions": {"1": 1}})
    assert_problem(admin.put("/v1/functions/limited/aliases/one-more", json={"versions": {"1": 1}}), 409, "conflict")
    for n in range(100):
        admin.must((200, 201, 204), "PUT", f"/v1/functions/limited/secrets/S{n}", json={"value": "x"})
    assert_problem(admin.put("/v1/functions/limited/secrets/ONE_MORE", json={"value": "x"}), 409, "conflict")
    assert_problem(admin.post("/v1/events", json={"name": "large", "data": {"x": "x" * (256 << 10)}}), 413, "payload_too_large")
    assert_problem(admin.post("/v1/call/limited", data=b"x" * ((5 << 20) + 1)), 413, "payload_too_large")
    admin.delete("/v1/functions/limited")


@pytest.mark.parametrize("call, code", [
    ('curl -sS -H "Authorization: Bearer nonsense" $ROOST_URL/v1/collections', "unauthenticated"),
    ("curl -sS $ROOST_URL/v1/collections", "unauthenticated"),
    ('curl -sS -X BREW -H "Authorization: Bearer $ROOST_TOKEN" $ROOST_URL/v1/collections', "method_not_allowed"),
    ('curl -sS -H "Authorization: Bearer $ROOST_TOKEN" $ROOST_URL/v1/documents/nowhere', "collection_not_found"),
])
def test_refused_calls_of_a_function_have_codes_of_the_list(admin, call, code):
    assert f"### `{code}`" in (ROOT / "docs/api/errors.md").read_text()
    admin.must((200, 201), "PUT", "/v1/functions/asks", json={"runtime": "command", "source": call, "triggers": HTTP})
    answer = admin.must(200, "POST", "/v1/functions/asks/test", json={})["value"]
    assert answer["code"] == code, answer


def test_too_many_calls_at_once_of_a_function_have_their_code(admin):
    admin.put_collection("seen")
    source = '''import json, os, threading, urllib.request, urllib.error
def handler(event, context):
    codes = []
    def ask(n):
        request = urllib.request.Request(os.environ["ROOST_URL"] + "/v1/changes/seen?wait=3&since=" + since, headers=headers)
        try: urllib.request.urlopen(request).read()
        except urllib.error.HTTPError as error: codes.append([error.status, json.loads(error.read())["code"], error.headers["retry-after"]])
    headers = {"Authorization": "Bearer " + os.environ["ROOST_TOKEN"]}
    since = json.load(urllib.request.urlopen(urllib.request.Request(os.environ["ROOST_URL"] + "/v1/changes/seen", headers=headers)))["nextCursor"]
    threads = [threading.Thread(target=ask, args=(n,)) for n in range(40)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return codes
'''
    manifest = {"runtime": "lambda", "language": "python", "source": source, "triggers": HTTP, "timeout": "30s"}
    admin.must((200, 201), "PUT", "/v1/functions/crowd", json=manifest)
    answer = admin.must(200, "POST", "/v1/functions/crowd/test", json={})
    codes = answer["value"]
    assert answer["invocation"]["status"] == "succeeded" and codes, answer["invocation"]
    assert codes == [[429, "too_many_requests", "1"]] * len(codes) and len(codes) >= 4, answer


def anchors(path):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_lead_somewhere():
    missing = []
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)):
            target, _, anchor = link.partition("#")
            if re.match(r"\w+:", link):
                continue
            place = (page.parent / target).resolve() if target else page
            if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
                missing.append(f"{page.relative_to(ROOT)}: {link}")
    assert missing == []
