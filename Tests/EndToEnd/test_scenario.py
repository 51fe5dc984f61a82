"""The main job, end to end: one story on one server, in order."""
import hashlib

import pytest

from roost_client import TIME, UUID_V7, Caller, admin_login, assert_problem, on, register
from roost_server import eventually

RULES = {
    "read": "published || author == auth.id",
    "create": "auth != null && incoming.author == auth.id",
    "update": "author == auth.id && incoming.author == author",
    "delete": "author == auth.id",
}
AUDIT = """
export default async function (event, { db, log }) {
  const post = event.data.after;
  log.info("heard of", post.id);
  await db.collection("audit").put(post.id, { title: post.title, event: event.id, type: event.type, subject: event.subject });
}
"""


@pytest.fixture(scope="module")
def story(server):
    """An admin makes a collection with rules, a bucket and a function with a trigger; two users register."""
    admin = admin_login(server)
    admin.put_collection("posts", rules=RULES, indexes=[{"fields": ["author", "-createdAt"]}])
    admin.put_collection("audit")
    admin.put_bucket("media", rules={"read": "true", "write": "auth != null", "delete": "auth != null"})
    admin.put_function("audit-posts", AUDIT, triggers=on("posts"))
    return admin, register(server, "ada"), register(server, "bob"), Caller(server)


def test_the_configuration_can_be_read_back(story):
    admin, *_ = story
    posts = admin.must(200, "GET", "/v1/collections/posts")
    assert posts["name"] == "posts" and posts["rules"] == RULES
    assert {"posts", "audit"} <= {item["name"] for item in admin.every("/v1/collections")}
    assert admin.must(200, "GET", "/v1/buckets/media")["name"] == "media"
    function = admin.must(200, "GET", "/v1/functions/audit-posts")
    assert function["name"] == "audit-posts" and function["triggers"][0]["collection"] == "posts"


def test_one_user_creates_reads_patches_lists_and_deletes_and_the_function_hears_of_it(story):
    admin, ada, bob, nobody = story
    created = ada.post("/v1/documents/posts", json={"title": "First", "author": ada.id, "published": False})
    assert created.status_code == 201, created.text
    post = created.json()
    path = f"/v1/documents/posts/{post['id']}"
    assert UUID_V7.match(post["id"]) and post["version"] == 1
    assert TIME.match(post["createdAt"]) and post["updatedAt"] == post["createdAt"]
    assert created.headers["Location"].endswith(path)
    assert created.headers["ETag"] == ada.get(path).headers["ETag"]
    assert ada.get(path).json() == post

    # The others: what they may not see does not exist for them, and nobody changes it.
    for other in (bob, nobody):
        assert_problem(other.get(path), 404, "not_found")
        assert other.list("posts")["items"] == []
        assert_problem(other.patch(path, json={"title": "Mine"}), (401, 403, 404))
        assert_problem(other.delete(path), (401, 403, 404))
    assert_problem(bob.post("/v1/documents/posts", json={"title": "Forged", "author": ada.id}), 403, "forbidden")
    assert_problem(nobody.post("/v1/documents/posts", json={"title": "Forged", "author": ada.id}), 401, "unauthenticated")
    assert ada.get(path).json() == post

    patched = ada.must(200, "PATCH", path, json={"published": True, "tags": ["a", "b"]})
    assert patched["version"] == 2 and patched["title"] == "First" and patched["tags"] == ["a", "b"]
    assert patched["createdAt"] == post["createdAt"] and patched["updatedAt"] >= post["updatedAt"]
    for other in (bob, nobody):
        assert other.get(path).json() == patched
        assert [item["id"] for item in other.list("posts")["items"]] == [post["id"]]
        assert_problem(other.patch(path, json={"title": "Mine"}), (401, 403))
        assert_problem(other.delete(path), (401, 403))
    assert ada.must(200, "GET", path) == patched

    audit = eventually(lambda: admin.list("audit")["items"], what="the function's document")
    assert [(item["id"], item["title"], item["subject"]) for item in audit] == [(post["id"], "First", f"posts/{post['id']}")]
    assert audit[0]["type"] == "roost.document.created"

    assert ada.delete(path).status_code == 204
    assert_problem(ada.get(path), 404, "not_found")
    assert ada.list("posts")["items"] == []


def test_each_created_document_runs_the_function(story):
    admin, ada, *_ = story
    before = {item["id"] for item in admin.every("/v1/documents/audit")}
    made = {ada.create("posts", title=f"Post {n}", author=ada.id, published=True)["id"] for n in range(30)}
    eventually(lambda: {item["id"] for item in admin.every("/v1/documents/audit", limit=10)} - before == made, 30, "30 documents of the function")

    # What a function did is seen before its run is written down.
    def recorded():
        mine = [item for item in admin.every("/v1/functions/audit-posts/invocations") if item["event"]["subject"].split("/")[1] in made]
        return mine if len(mine) >= 30 else None
    mine = eventually(recorded, what="30 records of runs")
    for item in mine:
        assert item["status"] == "succeeded" and item["function"] == "audit-posts" and item["attempt"] >= 1, item
        assert item["durationMs"] >= 0 and TIME.match(item["startedAt"]) and isinstance(item["cold"], bool), item
    lines = admin.every("/v1/functions/audit-posts/logs")
    assert any(post in line["message"] for line in lines for post in made), lines[:3]


def test_a_file_goes_up_and_comes_down(story):
    _, ada, bob, nobody = story
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
    digest = hashlib.sha256(content).hexdigest()
    path = f"/v1/files/media/{ada.id}/picture.png"
    put = ada.put(path, data=content, headers={"Content-Type": "image/png"})
    assert put.status_code == 201, put.text
    assert put.headers["ETag"] == f'"{digest}"'
    for caller in (ada, bob, nobody):
        got = caller.get(path)
        assert got.content == content and got.headers["Content-Type"] == "image/png" and got.headers["ETag"] == f'"{digest}"'
    assert_problem(nobody.put(path, data=b"mine"), 401, "unauthenticated")
    assert ada.delete(path).status_code == 204
    assert_problem(nobody.get(path), 404, "not_found")


@pytest.mark.parametrize("method, path", [
    ("PUT", "/v1/collections/mine"), ("GET", "/v1/collections"), ("DELETE", "/v1/collections/posts"),
    ("PUT", "/v1/buckets/mine"), ("DELETE", "/v1/buckets/media"),
    ("PUT", "/v1/functions/mine"), ("GET", "/v1/functions/audit-posts/logs"), ("DELETE", "/v1/functions/audit-posts"),
    ("GET", "/v1/users"),
])
def test_only_an_admin_configures(story, method, path):
    admin, ada, _, nobody = story
    body = {"json": {}} if method == "PUT" else {}
    assert_problem(ada.request(method, path, **body), 403, "forbidden")
    assert_problem(nobody.request(method, path, **body), 401, "unauthenticated")
    assert admin.get("/v1/collections/posts").status_code == 200
