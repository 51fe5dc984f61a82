"""The rules of docs/guides/rules.md: each block's own tests, and many of them on a real server over HTTP."""
import json
import re
from datetime import datetime, timedelta, timezone

import pytest
import yaml

from roost_client import assert_problem, register
from roost_server import ROOT, command

GUIDE = (ROOT / "docs/guides/rules.md").read_text()
# Number -> the YAML of the rule; 0 is the one of the introduction.
BLOCKS = {}
for section in re.split(r"(?m)^### (?=\d)", GUIDE):
    number = int(re.match(r"(\d+)\.", section).group(1)) if re.match(r"\d+\.", section) else 0
    for block in re.findall(r"(?s)```yaml\n(.*?)```", section):
        assert number not in BLOCKS, f"the rule {number} has two blocks of YAML"
        BLOCKS[number] = block


def test_every_block_was_found():
    assert len(BLOCKS) == GUIDE.count("```yaml") and sorted(BLOCKS) == list(range(len(BLOCKS)))


@pytest.mark.parametrize("number", BLOCKS)
def test_the_rules_pass_their_own_tests(number):
    result = command("rules", "test", "-", "--json", input=BLOCKS[number])
    assert result.returncode == 0, result.stdout + result.stderr
    assert json.loads(result.stdout)["failed"] == 0


def test_there_are_at_least_twenty_rules_and_sixty_cases():
    answers = [json.loads(command("rules", "test", "-", "--json", input=block).stdout) for block in BLOCKS.values()]
    cases = [case for answer in answers for case in answer["tests"]]
    assert len({case["rule"] for case in cases if case["rule"]}) >= 20 and len(BLOCKS) >= 20
    assert len(cases) >= 60 and all(case["passed"] for case in cases)
    # Not only what is allowed, nor only what is denied.
    assert min(sum(case["allowed"] for case in cases), sum(not case["allowed"] for case in cases)) >= 25


@pytest.mark.parametrize("number", BLOCKS)
def test_each_rule_matters_to_some_case(number):
    """A rule that lets everybody in, or nobody, fails a case of its block."""
    configured = yaml.safe_load(BLOCKS[number])
    for name in configured["collections"]:
        for action in configured["collections"][name].get("rules", {}):
            cases = [case for case in configured["tests"] if case["collection"] == name and case["operation"] == action]
            if not cases or configured["collections"][name]["rules"][action] == "true":
                continue
            for changed in ("true", "false"):
                other = json.loads(json.dumps(configured, default=str))
                other["collections"][name]["rules"][action] = changed
                result = command("rules", "test", "-", "--json", input=json.dumps(other))
                failed = json.loads(result.stdout)["failed"]
                expected = {case["expect"] for case in cases}
                assert failed or expected == {"allow" if changed == "true" else "deny"}, f"{name} {action} as {changed}"


# On a real server. A step is: who, what, with which body, and the answer's status; then what its body has, and lacks.

NOW = datetime.now(timezone.utc)
TIMES = {"$hourago": NOW - timedelta(hours=1), "$inanhour": NOW + timedelta(hours=1), "$yesterday": NOW - timedelta(days=1)}

SERVED = {
    3: [
        ("ann", "POST notes", {"id": "n1", "owner": "$ann", "text": "milk"}, 201),
        ("ann", "GET notes/n1", None, 200), ("ben", "GET notes/n1", None, 404), ("stranger", "GET notes/n1", None, 404), ("admin", "GET notes/n1", None, 200),
        ("ben", "POST notes", {"owner": "$ann", "text": "forged"}, 403), ("stranger", "POST notes", {"owner": None}, 401),
        ("ann", "PATCH notes/n1", {"owner": "$ben"}, 403), ("ben", "PATCH notes/n1", {"text": "x"}, 404), ("ann", "PATCH notes/n1", {"text": "tea"}, 200, {"text": "tea"}),
        ("ben", "GET notes", None, 200, {"items": []}), ("ben", "DELETE notes/n1", None, 404), ("ann", "DELETE notes/n1", None, 204),
    ],
    4: [
        ("ann", "PUT profiles/$ann", {"name": "Ann", "email": "ann@example.org"}, 201), ("ben", "PUT profiles/$ann", {"name": "Not Ann"}, 403),
        ("stranger", "GET profiles/$ann", None, 200, {"name": "Ann"}, ["email"]), ("ben", "GET profiles/$ann", None, 200, {"name": "Ann"}, ["email"]),
        ("ann", "GET profiles/$ann", None, 200, {"email": "ann@example.org"}), ("admin", "GET profiles/$ann", None, 200, {"email": "ann@example.org"}),
        ("ben", 'GET profiles?filter=email == "ann@example.org"', None, 200, {"items": []}), ("ben", "GET profiles?sort=email", None, 403),
        ("ann", "PATCH profiles/$ann", {"email": "new@example.org"}, 200, {"email": "new@example.org"}),
    ],
    5: [
        ("admin", "PUT teams/blue", {"owner": "$ann", "members": ["$ann", "$ben"]}, 201),
        ("ben", "POST tasks", {"id": "t1", "team": "blue", "title": "Paint"}, 201), ("cy", "POST tasks", {"team": "blue"}, 403),
        ("stranger", "POST tasks", {"team": "blue"}, 401), ("ben", "POST tasks", {"team": "none"}, 403),
        ("ben", "GET tasks/t1", None, 200), ("cy", "GET tasks/t1", None, 404), ("cy", "GET tasks", None, 200, {"items": []}),
        ("ben", "PATCH tasks/t1", {"team": "red"}, 403), ("ben", "PATCH tasks/t1", {"title": "Sand"}, 200), ("ben", "DELETE tasks/t1", None, 403),
        ("admin", "PATCH teams/blue", {"members": ["$ann"]}, 200), ("ben", "GET tasks/t1", None, 404), ("ben", "PATCH tasks/t1", {"title": "x"}, 404),
        ("ann", "DELETE tasks/t1", None, 204),
    ],
    6: [
        ("admin", "PUT teams/blue", {"members": ["$ann", "$ben"], "muted": ["$ben"]}, 201), ("admin", "PUT tasks/t1", {"team": "blue"}, 201),
        ("ann", "POST comments", {"id": "c1", "task": "t1", "author": "$ann", "text": "Nice"}, 201), ("ben", "POST comments", {"task": "t1", "author": "$ben", "text": "Hey"}, 403),
        ("ben", "GET comments/c1", None, 200), ("cy", "GET comments/c1", None, 404), ("cy", "GET comments", None, 200, {"items": []}),
        ("admin", "DELETE tasks/t1", None, 204), ("ben", "GET comments/c1", None, 404),
    ],
    7: [
        ("admin", "PUT members/$ann", {"tenant": "acme"}, 201), ("admin", "PUT members/$ben", {"tenant": "bolt"}, 201),
        ("ann", "POST invoices", {"id": "i1", "tenant": "acme", "total": 10}, 201), ("ben", "POST invoices", {"tenant": "acme"}, 403),
        ("ben", "GET invoices/i1", None, 404), ("ben", "GET invoices", None, 200, {"items": []}), ("ann", "PATCH invoices/i1", {"tenant": "bolt"}, 403),
        ("cy", "GET invoices/i1", None, 404),
    ],
    10: [
        ("admin", "PUT staff/$cy", {"level": 1}, 201), ("ann", "POST tickets", {"id": "t1", "owner": "$ann", "text": "Help"}, 201),
        ("cy", "GET tickets/t1", None, 200), ("ben", "GET tickets/t1", None, 404), ("cy", "PATCH tickets/t1", {"answer": "42"}, 403),
        ("cy", "PATCH staff/$cy", {"level": 2}, 404), ("admin", "PATCH staff/$cy", {"level": 2}, 200), ("cy", "PATCH tickets/t1", {"answer": "42"}, 200),
    ],
    13: [
        ("ann", "POST products", {"seller": "$ann", "slug": "green-tea", "title": "Green tea", "cents": 450, "tags": ["tea"]}, 201),
        ("ann", "POST products", {"seller": "$ann", "slug": "green tea", "title": "Green tea", "cents": 450, "tags": []}, 403),
        ("ann", "POST products", {"seller": "$ann", "slug": "green-tea\n", "title": "Green tea", "cents": 450, "tags": []}, 403),
        ("ann", "POST products", {"seller": "$ann", "slug": "a", "title": "Tea", "cents": 450, "tags": [], "isFeatured": True}, 403),
        ("ben", "POST products", {"seller": "$ann", "slug": "a", "title": "Tea", "cents": 450, "tags": []}, 403),
    ],
    14: [
        ("ann", "POST books", {"id": "b1", "owner": "$ann", "title": "Tea", "pages": 100}, 201), ("ann", "POST books", {"owner": "$ann", "title": "Tea", "pages": 0}, 422),
        ("ann", "POST books", {"owner": "$ann", "title": "Tea", "pages": 1, "x": 1}, 422), ("admin", "POST books", {"owner": "a", "title": "Tea"}, 422),
        ("ann", "PATCH books/b1", {"pages": 90}, 403), ("ann", "PATCH books/b1", {"pages": 120}, 200),
    ],
    15: [
        ("ann", "PUT carts/$ann", {"items": [{"sku": "tea", "count": 2}]}, 201), ("ann", "PUT carts/$ann", {"items": [{"sku": "tea", "count": 2}, {"sku": "tea", "count": 1}]}, 403),
        ("ann", "PATCH carts/$ann", {"items": [{"sku": "tea", "count": 100}]}, 403), ("ben", "PUT carts/$ben", {"items": [{"sku": f"s{n}", "count": 1} for n in range(51)]}, 403),
        ("ben", "GET carts/$ann", None, 404),
    ],
    16: [
        ("ann", "POST contracts", {"id": "c1", "owner": "$ann", "number": 7}, 201), ("ann", "PATCH contracts/c1", {"remark": "good"}, 200),
        ("ann", "PATCH contracts/c1", {"number": 8}, 403), ("ann", "PATCH contracts/c1", {"number": None}, 403), ("ann", "PATCH contracts/c1", {"signedAt": "now"}, 403),
    ],
    17: [
        ("admin", "PUT employees/$ann", {"name": "Ann", "position": "cook", "salary": 5000}, 201),
        ("ben", "GET employees/$ann", None, 200, {"position": "cook"}, ["salary"]), ("ann", "GET employees/$ann", None, 200, {"salary": 5000}),
        ("ben", "GET employees?filter=salary > 1", None, 200, {"items": []}), ("ann", "PATCH employees/$ann", {"name": "Anna"}, 200, {"name": "Anna", "salary": 5000}),
        ("ann", "PATCH employees/$ann", {"salary": 9000}, 403), ("ann", "PUT employees/$ann", {"name": "Anna", "position": "cook"}, 403),
        ("ben", "PATCH employees/$ann", {"name": "x"}, 403), ("admin", "PATCH employees/$ann", {"salary": 6000}, 200, {"salary": 6000}),
    ],
    18: [
        ("admin", "POST likes", {"id": "p1", "of": "p1", "count": 0}, 201), ("ben", "PATCH likes/p1", {"count": 1}, 200), ("ben", "PATCH likes/p1", {"count": 99}, 403),
        ("ben", "PATCH likes/p1", {"count": 2, "of": "p2"}, 403), ("stranger", "PATCH likes/p1", {"count": 2}, 401),
    ],
    19: [
        ("ann", "PUT votes/lunch_$ann", {"poll": "lunch", "voter": "$ann", "choice": "soup"}, 201), ("ann", "PUT votes/lunch2_$ann", {"poll": "lunch", "voter": "$ann"}, 403),
        ("ann", "PATCH votes/lunch_$ann", {"choice": "salad"}, 200), ("ben", "PATCH votes/lunch_$ann", {"choice": "soup"}, 403),
    ],
    20: [
        ("ann", "POST visits", {"id": "v1", "by": "$ann", "action": "in"}, 201), ("ann", "POST visits", {"by": "$ann", "action": "rob"}, 403),
        ("ann", "PATCH visits/v1", {"action": "out"}, 404), ("admin", "PUT staff/$cy", {}, 201), ("cy", "GET visits/v1", None, 200), ("cy", "DELETE visits/v1", None, 403),
    ],
    21: [
        ("ann", "POST files", {"id": "f1", "owner": "$ann", "name": "plan"}, 201), ("stranger", "GET files/f1", None, 200), ("ann", "DELETE files/f1", None, 403),
        ("ben", "PATCH files/f1", {"deletedAt": "now"}, 403), ("ann", "PATCH files/f1", {"deletedAt": "now"}, (200, 204)), ("stranger", "GET files/f1", None, 404),
        ("ann", "PATCH files/f1", {"deletedAt": None}, 404), ("admin", "PUT staff/$cy", {}, 201), ("cy", "GET files/f1", None, 200),
        ("cy", "PATCH files/f1", {"deletedAt": None}, 200), ("stranger", "GET files", None, 200),
    ],
    22: [
        ("ann", "POST stories", {"id": "s1", "author": "$ann", "state": "draft", "text": "Once"}, 201), ("ann", "POST stories", {"author": "$ann", "state": "published"}, 403),
        ("ben", "GET stories/s1", None, 404), ("ann", "PATCH stories/s1", {"state": "published"}, 403), ("ann", "PATCH stories/s1", {"state": "submitted"}, 200),
        ("admin", "PUT moderators/$ben", {}, 201), ("ben", "PATCH stories/s1", {"state": "published", "text": "Twice"}, 403), ("ben", "PATCH stories/s1", {"state": "published"}, 200),
        ("stranger", "GET stories/s1", None, 200), ("ann", "PATCH stories/s1", {"state": "draft"}, 403),
    ],
    23: [
        ("admin", "PUT polls/open", {"opens": "$hourago", "closes": "$inanhour"}, 201), ("admin", "PUT polls/over", {"opens": "$yesterday", "closes": "$hourago"}, 201),
        ("admin", "PUT polls/later", {"opens": "$inanhour", "closes": "$inanhour"}, 201), ("ann", "POST answers", {"author": "$ann", "poll": "open"}, 201),
        ("ann", "POST answers", {"author": "$ann", "poll": "over"}, 403), ("ann", "POST answers", {"author": "$ann", "poll": "later"}, 403),
        ("ann", "POST answers", {"author": "$ann", "poll": "nowhere"}, 403), ("ben", "POST answers", {"author": "$ann", "poll": "open"}, 403),
    ],
    24: [
        ("ann", "POST messages", {"id": "m1", "author": "$ann", "text": "helo"}, 201), ("ben", "PATCH messages/m1", {"text": "x"}, 403),
        *[("ann", "PATCH messages/m1", {"text": f"hello {n}"}, 200) for n in range(5)], ("ann", "PATCH messages/m1", {"text": "once more"}, 403),
    ],
    25: [
        ("admin", "PUT invites/k7Qz", {"team": "blue", "expires": "$inanhour"}, 201), ("admin", "PUT invites/old", {"team": "blue", "expires": "$hourago"}, 201),
        ("ann", "GET invites/k7Qz", None, 404), ("ann", "PUT members/blue_$ann", {"user": "$ann", "team": "blue", "code": "guess"}, 403),
        ("ann", "PUT members/blue_$ann", {"user": "$ann", "team": "blue", "code": "old"}, 403), ("ann", "PUT members/red_$ann", {"user": "$ann", "team": "red", "code": "k7Qz"}, 403),
        ("ann", "PUT members/blue_$ben", {"user": "$ben", "team": "blue", "code": "k7Qz"}, 403), ("ann", "PUT members/blue_$ann", {"user": "$ann", "team": "blue", "code": "k7Qz"}, 201),
        ("ben", "GET members/blue_$ann", None, 404), ("ann", "DELETE members/blue_$ann", None, 204),
    ],
}


@pytest.fixture(scope="module")
def callers(server, admin, nobody):
    return {"admin": admin, "stranger": nobody, **{name: register(server, name) for name in ("ann", "ben", "cy")}}


@pytest.fixture
def rules(admin, request):
    """The collections of the rule, new and with nothing in them."""
    collections = yaml.safe_load(BLOCKS[request.param])["collections"]
    for name in collections:
        admin.delete(f"/v1/collections/{name}")
    # Rules may look into a collection that comes later in the file.
    for configuration in ({name: {} for name in collections}, collections):
        for name in configuration:
            admin.put_collection(name, **configuration[name])
    yield request.param
    for name in reversed(collections):
        admin.put_collection(name)
    for name in collections:
        admin.delete(f"/v1/collections/{name}")


def filled(value, callers):
    """The value with ids and times in it."""
    if isinstance(value, str):
        for name in ("ann", "ben", "cy"):
            value = value.replace(f"${name}", callers[name].id)
        for name, time in TIMES.items():
            value = value.replace(name, time.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        return value
    if isinstance(value, list):
        return [filled(item, callers) for item in value]
    return {key: filled(item, callers) for key, item in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("rules", SERVED, indirect=True)
def test_the_rule_on_a_server(rules, callers):
    for who, what, body, status, *more in SERVED[rules]:
        method, path = filled(what, callers).split(" ", 1)
        path, _, query = path.partition("?")
        response = callers[who].request(
            method, f"/v1/documents/{path}", **({} if body is None else {"json": filled(body, callers)}),
            params=dict([query.split("=", 1)]) if query else None)
        wanted = (status,) if isinstance(status, int) else status
        assert response.status_code in wanted, f"{who} {what} {body}: {response.status_code} {response.text[:500]}"
        if response.status_code >= 400:
            assert_problem(response, response.status_code)
        for name, value in (more[0] if more else {}).items():
            assert response.json()[name] == value, f"{who} {what}: {response.text[:500]}"
        for name in more[1] if len(more) > 1 else ():
            assert name not in response.json(), f"{who} {what}: {response.text[:500]}"


def test_the_rules_of_a_bucket(admin, callers):
    section = GUIDE.split("### 26.")[1]
    configuration = json.loads(re.search(r"(?s)```json\n(.*?)```", section).group(1))
    admin.put_bucket("pictures", **configuration)
    ann, ben = callers["ann"], callers["ben"]
    ann.must(201, "PUT", f"/v1/files/pictures/{ann.id}/a.txt", data=b"a")
    assert callers["stranger"].get(f"/v1/files/pictures/{ann.id}/a.txt").content == b"a"
    assert_problem(ben.put(f"/v1/files/pictures/{ann.id}/b.txt", data=b"b"), 403)
    assert_problem(callers["stranger"].put(f"/v1/files/pictures/{ann.id}/b.txt", data=b"b"), 401)
    assert_problem(ben.delete(f"/v1/files/pictures/{ann.id}/a.txt"), 403)
    assert ann.delete(f"/v1/files/pictures/{ann.id}/a.txt").status_code == 204


def test_why_it_was_denied(admin):
    """The example of the guide, word by word."""
    section = GUIDE.split("## Why was it denied?")[1]
    sent = json.loads(re.search(r"(?s)--json '(\{.*?\n\})'", section).group(1))
    answer = json.loads(re.search(r"(?s)```json\n(.*?)```", section).group(1))
    admin.put_collection("posts", **yaml.safe_load(BLOCKS[0])["collections"]["posts"])
    assert admin.must(200, "POST", "/v1/rules/simulate", json=sent) == answer
