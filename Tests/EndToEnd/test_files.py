"""Files: streams, ranges, conditions, types, names."""
import hashlib
import http.client
import json
import os
import random
import socket
import threading
import time
from urllib.parse import quote

import pytest

from roost_client import Caller, Raw, assert_problem, check_problem, raw, register
from roost_server import eventually

MEGABYTE = 1 << 20
CONTENT = bytes(range(256)) * 40  # 10,240 bytes


@pytest.fixture(scope="module")
def media(admin):
    admin.put_bucket("media", public=True, rules={"write": "true", "delete": "true"})
    return "/v1/files/media"


@pytest.fixture(scope="module")
def file(nobody, media):
    nobody.must((200, 201), "PUT", f"{media}/range.bin", data=CONTENT, headers={"Content-Type": "application/octet-stream"})
    return f"{media}/range.bin"


def tag(content):
    return f'"{hashlib.sha256(content).hexdigest()}"'


class Watch:
    """The highest resident memory of a server while something runs."""

    def __init__(self, server):
        self.server, self.peak, self.stop = server, 0, threading.Event()

    def __enter__(self):
        self.start = self.server.memory()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.stop.wait(0.02):
            self.peak = max(self.peak, self.server.memory())

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()

    @property
    def growth(self):
        return max(0, self.peak - self.start)


class Stream:
    """Repeatable bytes of any length that are never whole in our memory."""

    def __init__(self, length, seed=1):
        self.block, self.left = random.Random(seed).randbytes(MEGABYTE), length
        self.digest = hashlib.sha256()

    def __iter__(self):
        while self.left > 0:
            part = self.block[:min(self.left, len(self.block))]
            self.left -= len(part)
            self.digest.update(part)
            yield part


SIZE = 200 * MEGABYTE


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_200_megabytes_up_and_down_in_constant_memory(server, media, framing):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    stream = Stream(SIZE)
    path = f"{media}/big-{framing}.bin"
    with Watch(server) as watch:
        headers = {"Content-Type": "application/octet-stream", **({"Content-Length": str(SIZE)} if framing == "length" else {})}
        connection.request("PUT", path, body=iter(stream), headers=headers, encode_chunked=framing == "chunked")
        response = connection.getresponse()
        body = response.read()
        assert response.status == 201, body
        assert json.loads(body)["size"] == SIZE
        digest = stream.digest.hexdigest()
        assert response.headers["ETag"] == f'"{digest}"'
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.status == 200 and int(response.headers["Content-Length"]) == SIZE
        down, got = hashlib.sha256(), 0
        while part := response.read(MEGABYTE):
            down.update(part)
            got += len(part)
        assert got == SIZE and down.hexdigest() == digest
    assert watch.growth < 60 * MEGABYTE, f"memory grew by {watch.growth // MEGABYTE} MB"
    connection.request("GET", path, headers={"Range": f"bytes={SIZE - 5}-"})
    response = connection.getresponse()
    assert response.status == 206 and len(response.read()) == 5
    connection.request("DELETE", path)
    assert connection.getresponse().status == 204


def test_readers_that_do_not_read_cost_no_memory(server, nobody, media):
    nobody.must(201, "PUT", f"{media}/slow.bin", data=iter(Stream(50 * MEGABYTE)), headers={"Content-Type": "application/octet-stream"})
    readers = []
    with Watch(server) as watch:
        for _ in range(30):
            reader = socket.create_connection(("127.0.0.1", server.port))
            reader.sendall(f"GET {media}/slow.bin HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            readers.append(reader)
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            assert nobody.get("/healthz").status_code == 200
    for reader in readers:
        reader.close()
    assert watch.growth < 80 * MEGABYTE, f"memory grew by {watch.growth // MEGABYTE} MB"


def test_many_streams_at_once(server, media):
    failures = []

    def run(n):
        caller = Caller(server)
        content = random.Random(n).randbytes(3 * MEGABYTE + n)
        put = caller.put(f"{media}/many/{n}.bin", data=content)
        got = caller.get(f"{media}/many/{n}.bin")
        if put.status_code != 201 or got.content != content or got.headers["ETag"] != tag(content):
            failures.append((n, put.status_code, got.status_code))

    with Watch(server) as watch:
        threads = [threading.Thread(target=run, args=(n,)) for n in range(24)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
    assert failures == [] and watch.growth < 100 * MEGABYTE


# Ranges (RFC 9110, 14)

@pytest.mark.parametrize("header, start, end", [
    ("bytes=0-9", 0, 10), ("bytes=0-0", 0, 1), ("bytes=100-199", 100, 200), ("bytes=10230-", 10230, 10240), ("bytes=-5", 10235, 10240), ("bytes=-99999", 0, 10240),
    ("bytes=10000-99999", 10000, 10240), ("bytes=0-", 0, 10240), ("bytes=10239-10239", 10239, 10240), ("bytes=0-99999999999999999999", 0, 10240),
])
def test_a_range(nobody, file, header, start, end):
    response = nobody.get(file, headers={"Range": header})
    assert response.status_code == 206
    assert response.content == CONTENT[start:end]
    assert response.headers["Content-Range"] == f"bytes {start}-{end - 1}/10240"
    assert response.headers["ETag"] == tag(CONTENT)


@pytest.mark.parametrize("header", ["bytes=10240-", "bytes=99999-100000", "bytes=-0", "bytes=99999999999999999999-"])
def test_a_range_past_the_end(nobody, file, header):
    response = nobody.get(file, headers={"Range": header})
    assert_problem(response, 416, "range_not_satisfiable")
    assert response.headers["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize("header", ["bytes=9-5", "bytes=a-b", "bytes=", "bytes", "lines=1-2", "bytes=1-2-3", "bytes=--5", "bytes=0x0-5", "", "bytes=1-2;3-4", "bytes =0-1 x"])
def test_a_range_that_is_none_is_ignored_or_refused(nobody, file, header):
    response = nobody.get(file, headers={"Range": header})
    if response.status_code == 416:
        assert_problem(response, 416, "range_not_satisfiable")
    else:
        assert response.status_code == 200 and response.content == CONTENT


def test_several_ranges_are_answered_soundly(nobody, file):
    response = nobody.get(file, headers={"Range": "bytes=0-1,5-6,10000-"})
    assert response.status_code in (200, 206, 416)
    if response.status_code == 200:
        assert response.content == CONTENT
    many = nobody.get(file, headers={"Range": "bytes=" + ",".join("0-" for _ in range(1000))})
    assert many.status_code in (200, 206, 400, 416, 431) and len(many.content) < 50_000, "no amplification"


@pytest.mark.parametrize("condition, status", [(tag(CONTENT), 206), ('"other"', 200), ("W/" + tag(CONTENT), 200), ("Wed, 21 Oct 2015 07:28:00 GMT", 200)])
def test_if_range(nobody, file, condition, status):
    response = nobody.get(file, headers={"Range": "bytes=0-9", "If-Range": condition})
    assert response.status_code == status and len(response.content) == (10 if status == 206 else len(CONTENT))


def test_an_interrupted_download_can_be_resumed(server, nobody, file):
    with Raw(server) as connection:
        connection.send(f"GET {file} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        got = b""
        while b"\r\n\r\n" not in got or len(got.split(b"\r\n\r\n", 1)[1]) < 1000:
            got += connection.socket.recv(500)
    part = got.split(b"\r\n\r\n", 1)[1]
    rest = nobody.get(file, headers={"Range": f"bytes={len(part)}-", "If-Range": tag(CONTENT)})
    assert rest.status_code in (206, 416) and part + (rest.content if rest.status_code == 206 else b"") == CONTENT


# Conditions

@pytest.mark.parametrize("headers, status", [
    ({"If-None-Match": tag(CONTENT)}, 304), ({"If-None-Match": "*"}, 304), ({"If-None-Match": 'W/' + tag(CONTENT)}, 304), ({"If-None-Match": '"x", ' + tag(CONTENT)}, 304),
    ({"If-None-Match": '"x"'}, 200), ({"If-Match": tag(CONTENT)}, 200), ({"If-Match": '"x"'}, 412), ({"If-Match": "*"}, 200),
    ({"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, (304, 200)), ({"If-Modified-Since": "Thu, 01 Jan 1970 00:00:01 GMT"}, 200), ({"If-Modified-Since": "nonsense"}, 200),
    ({"If-None-Match": tag(CONTENT), "Range": "bytes=0-1"}, 304),
])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_conditional_read(nobody, file, method, headers, status):
    response = nobody.request(method, file, headers=headers)
    assert response.status_code in ((status,) if isinstance(status, int) else status)
    if response.status_code == 304:
        assert response.content == b"" and response.headers["ETag"] == tag(CONTENT)


def test_a_conditional_write(nobody, media):
    path = f"{media}/conditional.txt"
    assert nobody.put(path, data=b"one", headers={"If-None-Match": "*"}).status_code == 201
    assert_problem(nobody.put(path, data=b"two", headers={"If-None-Match": "*"}), 412, "precondition_failed")
    assert_problem(nobody.put(path, data=b"two", headers={"If-Match": '"x"'}), 412, "precondition_failed")
    assert nobody.get(path).content == b"one"
    assert nobody.put(path, data=b"two", headers={"If-Match": tag(b"one")}).status_code == 200
    assert_problem(nobody.delete(path, headers={"If-Match": tag(b"one")}), 412, "precondition_failed")
    assert nobody.get(path).content == b"two"
    assert nobody.delete(path, headers={"If-Match": tag(b"two")}).status_code == 204
    assert_problem(nobody.get(path), 404, "not_found")


def test_of_many_writers_one_content_is_there_at_the_end(server, nobody, media):
    contents = [bytes([n]) * (200_000 + n) for n in range(16)]
    threads = [threading.Thread(target=lambda c=c: Caller(server).put(f"{media}/race.bin", data=c)) for c in contents]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    got = nobody.get(f"{media}/race.bin")
    assert got.content in contents and got.headers["ETag"] == tag(got.content)


def test_a_reader_keeps_the_content_it_began_with(server, nobody, media):
    old, new = b"a" * (8 * MEGABYTE), b"b" * 1000
    path = f"{media}/replaced.bin"
    nobody.put(path, data=old)
    with Raw(server, seconds=30) as connection:
        # Small, so that the server cannot send it all at once; not smaller than a segment, or each would wait for a timer.
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 17)
        connection.send(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        first = connection.socket.recv(1000)
        assert nobody.put(path, data=new).status_code == 200
        assert nobody.get(path).content == new
        connection.buffer = first
        assert connection.answer()[2] == old


# Head, types, dispositions

def test_head_tells_all_but_the_content(nobody, file):
    head, get = nobody.head(file), nobody.get(file)
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Accept-Ranges"):
        assert head.headers[name] == get.headers[name], name
    assert head.headers["Accept-Ranges"] == "bytes" and head.headers["Content-Length"] == "10240"


def test_an_empty_file(nobody, media):
    assert nobody.put(f"{media}/empty", data=b"", headers={"Content-Length": "0"}).status_code == 201
    got = nobody.get(f"{media}/empty")
    assert got.status_code == 200 and got.content == b"" and got.headers["ETag"] == tag(b"")
    assert_problem(nobody.get(f"{media}/empty", headers={"Range": "bytes=0-0"}), 416)


def is_harmless(response):
    """What a browser would run arrives so that it does not run in this origin."""
    policy = response.headers.get("Content-Security-Policy", "")
    return response.headers.get("Content-Disposition", "").startswith("attachment") and "sandbox" in policy


@pytest.mark.parametrize("name, content_type, runs", [
    ("a.html", "text/html", True), ("a.htm", "text/html; charset=utf-8", True), ("a.HTML", "TEXT/HTML", True), ("a.svg", "image/svg+xml", True), ("a.xhtml", "application/xhtml+xml", True),
    ("a.xml", "text/xml", True), ("b.xml", "application/xml", True), ("a.js", "text/javascript", True), ("b.js", "application/javascript", True), ("a.mjs", "text/javascript", True),
    ("c.xml", "application/rss+xml", True), ("a.mht", "multipart/related", True), ("a.swf", "application/x-shockwave-flash", True), ("sniff.png", "nonsense", True),
    ("a.png", "image/png", False), ("a.jpg", "image/jpeg", False), ("a.gif", "image/gif", False), ("a.webp", "image/webp", False), ("a.txt", "text/plain", False),
    ("a.mp4", "video/mp4", False), ("a.mp3", "audio/mpeg", False), ("a.json", "application/json", None), ("a.pdf", "application/pdf", None), ("a.bin", "application/octet-stream", None),
])
def test_what_a_browser_would_run_is_not_run(nobody, media, name, content_type, runs):
    path = f"{media}/types/{name}"
    stored = nobody.put(path, data=b"<script>alert(1)</script>", headers={"Content-Type": content_type})
    if stored.status_code in (400, 415, 422):
        assert content_type == "nonsense"
        return
    got = nobody.get(path)
    assert got.status_code == 200 and got.headers["X-Content-Type-Options"] == "nosniff"
    if runs:
        assert is_harmless(got), dict(got.headers)
    elif runs is False:
        assert not got.headers.get("Content-Disposition", "inline").startswith("attachment")
        assert got.headers["Content-Type"].split(";")[0] == content_type


def test_a_file_without_a_type_is_known_by_its_name_or_as_bytes(server, nobody, media):
    def put(name):
        head = f"PUT {media}/untyped/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
        assert raw(server, head.encode())[0] == 201
        return nobody.get(f"{media}/untyped/{name}")

    assert put("a").headers["Content-Type"] == "application/octet-stream"
    assert put("a.png").headers["Content-Type"] in ("image/png", "application/octet-stream")
    page = put("a.html")
    assert page.headers["Content-Type"] == "application/octet-stream" or is_harmless(page)


@pytest.mark.parametrize("value", ["text/html\r\nX-Injected: 1", "image/png\x00", "image/png" + "x" * 5000, "a" * 300 + "/b", "image", "/", "image/png, text/html", "ima ge/png"])
def test_an_odd_content_type_does_no_harm(server, nobody, media, value):
    answer = raw(server, f"PUT {media}/odd.bin HTTP/1.1\r\nHost: x\r\nContent-Type: ".encode() + value.encode() + b"\r\nContent-Length: 2\r\n\r\nhi")
    assert answer is None or answer[0] in (200, 201, 400, 415, 422)
    got = nobody.get(f"{media}/odd.bin")
    assert "X-Injected" not in got.headers and got.status_code in (200, 404)
    if got.status_code == 200 and got.headers["Content-Type"] != "image/png":
        assert len(got.headers["Content-Type"]) < 300


def test_download(nobody, file):
    response = nobody.get(f"{file}?download=1")
    assert response.headers["Content-Disposition"].startswith("attachment") and "range.bin" in response.headers["Content-Disposition"]


# Names

ODD_NAMES = [
    "a b.txt", "ü/ñ/日本語.txt", "100%.txt", "a+b&c=d.txt", "question?.txt", "hash#.txt", "semi;colon.txt", "quote\"'.txt", "🐔.txt", "x" * 255, "/".join("d" * 20 for _ in range(40)), "...", ".hidden",
    "a..b", "CON", "~", "-rf", "$(id)", "`id`", "a,b", "[x]{y}|z", "e\u0301.txt", "é.txt", "<b>.txt", "%2e%2e", "a:b", "*",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=lambda name: name[:20])
def test_an_odd_name_is_a_name(nobody, media, name):
    path = f"{media}/odd/{quote(name)}"
    content = name.encode()
    assert nobody.put(path, data=content).status_code in (200, 201)
    got = nobody.get(f"{path}?download=1")
    assert got.status_code == 200 and got.content == content
    items = nobody.every(media, prefix=f"odd/{name}")
    assert [item["path"] for item in items if item["path"] == f"odd/{name}"] == [f"odd/{name}"]
    assert nobody.delete(path).status_code == 204
    assert nobody.get(path).status_code == 404


BAD_NAMES = [
    "..", "../x", "../../../../etc/passwd", "a/../b", "a/../../b", "./a", "a/./b", "a/..", "%2e%2e/x", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2f%2e%2e", "a%2f..%2fb", "a//b", "/a", "a/", "%2fetc/passwd",
    "a%00.png", "%00", "a%0ab", "a%0d%0aX-Injected:%201", "a%5cb", "..%5c..%5cx", "%ff%fe", "%c0%ae%c0%ae/x", "%ed%a0%80", "%zz", "%", "%e", "x" * 256, "/".join("d" * 200 for _ in range(6)), "a%7f",
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: name[:24])
@pytest.mark.parametrize("method", ["PUT", "GET", "DELETE"])
def test_a_bad_name_is_refused(server, media, name, method):
    before = sorted(path.name for path in server.data.parent.iterdir())
    body = b"pwned" if method == "PUT" else b""
    status, headers, content = raw(server, f"{method} {media}/{name} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    assert status in (400, 404, 405), content
    check_problem(status, headers, content)
    assert "x-injected" not in headers and b"root:" not in content
    assert sorted(path.name for path in server.data.parent.iterdir()) == before


# Lists

@pytest.fixture(scope="module")
def tree(admin, nobody):
    admin.put_bucket("tree", rules={"read": "true", "write": "true", "delete": "true"})
    names = ["a.txt", "b.txt", "docs/1.txt", "docs/2.txt", "docs/old/1.txt", "docs/old/2.txt", "docs%/x", "docs_/x", "img/a.png", "z/deep/er/file", "Ä/ö"]
    for name in names:
        nobody.must(201, "PUT", f"/v1/files/tree/{quote(name)}", data=name.encode(), headers={"Content-Type": "text/plain"})
    return names


@pytest.mark.parametrize("prefix, delimiter, items, prefixes", [
    ("", "", None, []), ("", "/", ["a.txt", "b.txt"], ["docs%/", "docs/", "docs_/", "img/", "z/", "Ä/"]), ("docs/", "/", ["docs/1.txt", "docs/2.txt"], ["docs/old/"]),
    ("docs/", "", ["docs/1.txt", "docs/2.txt", "docs/old/1.txt", "docs/old/2.txt"], []), ("docs", "/", [], ["docs%/", "docs/", "docs_/"]), ("docs%", "", ["docs%/x"], []),
    ("docs_", "", ["docs_/x"], []), ("nothing", "/", [], []), ("z/", "/", [], ["z/deep/"]), ("Ä", "", ["Ä/ö"], []), ("a.txt", "/", ["a.txt"], []), ("A", "", [], []),
])
@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_a_list(nobody, tree, prefix, delimiter, items, prefixes, limit):
    got_items, got_prefixes, cursor, pages = [], [], None, 0
    while True:
        query = {"prefix": prefix, "limit": limit, **({"delimiter": delimiter} if delimiter else {}), **({"cursor": cursor} if cursor else {})}
        page = nobody.must(200, "GET", "/v1/files/tree", params=query)
        got_items += page["items"]
        got_prefixes += page.get("prefixes", [])
        cursor, pages = page["nextCursor"], pages + 1
        if cursor is None:
            break
        assert pages < 50
    assert [item["path"] for item in got_items] == (sorted(tree, key=str.encode) if items is None else items)
    assert got_prefixes == prefixes
    for item in got_items:
        content = item["path"].encode()
        assert item["size"] == len(content) and item["sha256"] == hashlib.sha256(content).hexdigest() and item["contentType"] == "text/plain"


# Rules and limits of a bucket

def test_the_rules_of_a_bucket(server, admin, ada, bob, nobody):
    admin.put_bucket("private", rules={"read": "owner == auth.id", "write": 'auth != null && path.startsWith(auth.id + "/")', "delete": "owner == auth.id"})
    path = f"/v1/files/private/{ada.id}/x.txt"
    assert ada.put(path, data=b"mine").status_code == 201
    assert ada.get(path).content == b"mine"
    for other, write in ((bob, 403), (nobody, 401)):
        for method in ("GET", "HEAD"):
            assert other.request(method, path).status_code == 404
        assert other.request("GET", path, headers={"Range": "bytes=0-0"}).status_code == 404
        assert other.request("GET", path, headers={"If-None-Match": tag(b"mine")}).status_code == 404
        assert_problem(other.put(path, data=b"theirs"), (write, 404))
        assert_problem(other.delete(path), 404)
        listing = other.get("/v1/files/private")
        assert listing.status_code in (401, 403, 404) or listing.json()["items"] == []
    assert_problem(ada.put(f"/v1/files/private/{bob.id}/x.txt", data=b"x"), 403, "forbidden")
    assert bob.put(f"/v1/files/private/{bob.id}/x.txt", data=b"bob's").status_code == 201
    assert [item["path"] for item in ada.every("/v1/files/private")] == [f"{ada.id}/x.txt"]
    assert len(admin.every("/v1/files/private")) == 2
    assert ada.delete(path).status_code == 204


def test_an_upload_that_is_not_allowed_is_refused_before_it_is_sent(server, admin):
    admin.put_bucket("locked")
    with Raw(server) as connection:
        connection.send(b"PUT /v1/files/locked/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\nExpect: 100-continue\r\n\r\n")
        answer = connection.answer()
        assert answer[0] == 401
        check_problem(*answer)


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_file_over_the_buckets_size(admin, nobody, framing):
    admin.put_bucket("small", maxSize=1000, rules={"read": "true", "write": "true"})
    send = lambda content: nobody.put("/v1/files/small/x", data=iter([content[:500], content[500:]]) if framing == "chunked" else content)
    assert_problem(send(b"x" * 1001), 413, "payload_too_large")
    assert_problem(nobody.get("/v1/files/small/x"), 404)
    assert send(b"x" * 1000).status_code == 201
    assert_problem(send(b"y" * 5_000_000), 413, "payload_too_large")
    assert nobody.get("/v1/files/small/x").content == b"x" * 1000
    admin.delete("/v1/files/small/x")


@pytest.mark.parametrize("content_type, status", [("image/png", 201), ("image/jpeg", 201), ("IMAGE/PNG", 201), ("text/plain", 201), ("text/html", 415), ("application/pdf", 415), ("imagex/png", 415)])
def test_the_types_of_a_bucket(admin, nobody, content_type, status):
    admin.put_bucket("pictures", types=["image/*", "text/plain"], rules={"read": "true", "write": "true"})
    admin.delete("/v1/files/pictures/x")
    response = nobody.put("/v1/files/pictures/x", data=b"x", headers={"Content-Type": content_type})
    assert response.status_code == status, response.text
    if status == 415:
        assert_problem(response, 415, "unsupported_media_type")


def test_an_unknown_bucket(nobody, admin):
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        response = nobody.request(method, "/v1/files/nowhere/x", **({"data": b"x"} if method == "PUT" else {}))
        assert response.status_code == 404
        if method != "HEAD":
            assert_problem(response, 404, "bucket_not_found")


def test_an_upload_that_breaks_off_leaves_nothing_and_keeps_the_old(server, nobody, media):
    path = f"{media}/broken.bin"
    nobody.put(path, data=b"old")
    disk = lambda: sum(file.stat().st_size for file in server.data.rglob("*") if file.is_file() and "files" in str(file.relative_to(server.data)))
    before = disk()
    for framing in (b"Content-Length: 5000000", b"Transfer-Encoding: chunked"):
        for _ in range(5):
            with Raw(server) as connection:
                connection.send(b"PUT " + path.encode() + b" HTTP/1.1\r\nHost: x\r\n" + framing + b"\r\n\r\n" + (b"f4240\r\n" if b"chunked" in framing else b"") + b"n" * MEGABYTE)
    assert nobody.get(path).content == b"old"
    eventually(lambda: disk() <= before, 10, "the room of the broken uploads")


def test_a_deleted_files_room_comes_back(server, nobody, media):
    size = lambda: sum(file.stat().st_blocks * 512 for file in server.data.rglob("*") if file.is_file())
    before = size()
    for n in range(3):
        nobody.must(201, "PUT", f"{media}/room-{n}.bin", data=os.urandom(10 * MEGABYTE))
    assert size() > before + 25 * MEGABYTE
    for n in range(3):
        nobody.delete(f"{media}/room-{n}.bin")
    eventually(lambda: size() < before + 10 * MEGABYTE, 20, "the room of the deleted files")


def test_buckets_are_configured_read_and_deleted(admin, nobody):
    assert admin.put("/v1/buckets/temp", json={"rules": {"read": "true"}}).status_code == 201
    assert admin.put("/v1/buckets/temp", json={"rules": {"read": "true", "write": "true"}}).status_code == 200
    assert nobody.put("/v1/files/temp/x", data=b"x").status_code == 201
    assert "temp" in {bucket["name"] for bucket in admin.every("/v1/buckets")}
    assert admin.delete("/v1/buckets/temp").status_code in (204, 409)
    admin.delete("/v1/files/temp/x")
    assert admin.delete("/v1/buckets/temp").status_code in (204, 404)
    assert_problem(nobody.get("/v1/files/temp/x"), 404)
    assert_problem(admin.put("/v1/buckets/temp", json={"rules": {"read": "path =="}}), 422, "expression_invalid", says="line 1")
