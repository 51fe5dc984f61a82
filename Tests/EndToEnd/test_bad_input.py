"""Bad input, much of it by hand on a raw socket: each gets a clear error, and the server stays up and correct."""
import json
import random
import socket
import struct
import threading
import time

import pytest

from roost_client import Raw, assert_problem, check_problem, on, raw

MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def notes(admin):
    admin.put_collection("notes", rules={"read": "true", "create": "true", "update": "true"})
    return "/v1/documents/notes"


@pytest.fixture(autouse=True)
def unharmed(server, admin, notes):
    """After every test: the same process, ready, and what was stored is still there."""
    pid, memory = server.pid, server.memory()
    document = admin.create("notes", steady=True)
    yield
    assert server.is_running and server.pid == pid, server.log_tail()
    assert admin.get("/readyz").status_code == 200
    assert admin.read("notes", document["id"]) == document
    assert server.memory() - memory < 100 * MEGABYTE, "memory grew"


# JSON

NOT_JSON = [
    "{", "}", "[", "", " ", "nul", "{'a':1}", '{"a":1,}', '{"a":1}{', '{"a":1} x', '{"a":01}', '{"a":.5}', '{"a":1.}', '{"a":+1}', '{"a":NaN}', '{"a":Infinity}',
    '{"a":0x10}', '{a:1}', '{"a" 1}', '{"a":"\t"}', '{"a":"\\x"}', '{"a":"\\u12"}', '{"a":"\\ud800"}', '{"a":"\\udc00x"}', '{"a":1,"a":2}', '{"a":{"b":1,"b":1}}',
    '{"a":1,"\\u0061":2}', '{"a":tru}', '{"a":"unterminated', '// c\n{"a":1}', '{"a":1 /* c */}', "\ufeff{}", '{"a":' + "[" * 65 + "]" * 65 + "}",
    '{"a":' * 65 + "1" + "}" * 65, "[" * 200_000, '{"a":' * 100_000, b'{"a":"\xff"}', b'{"a":"\xc0\x80"}', b'{"a":"\xed\xa0\x80"}', b"\x00", b"\xff\xfe{\x00}\x00",
    b"\x1f\x8b\x08\x00",
]


@pytest.mark.parametrize("text", NOT_JSON, ids=lambda text: repr(text)[:30])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_malformed_json(nobody, admin, notes, text, method):
    path = notes if method == "POST" else f"{notes}/{admin.create('notes', a=1)['id']}"
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    began = time.monotonic()
    response = nobody.request(method, path, data=data, headers={"Content-Type": "application/json"})
    assert_problem(response, 400, ("invalid_json", "bad_request"))
    assert time.monotonic() - began < 3
    if method != "POST":
        assert nobody.get(path).json()["version"] == 1


@pytest.mark.parametrize("text", ["[]", "[{}]", '"x"', "1", "null", "true"])
@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
def test_a_document_that_is_no_object(nobody, admin, notes, text, method):
    path = notes if method == "POST" else f"{notes}/{admin.create('notes', a=1)['id']}"
    response = nobody.request(method, path, data=text, headers={"Content-Type": "application/json"})
    assert_problem(response, (400, 422), ("invalid_json", "validation_failed", "bad_request"))


WRONG_TYPES = [
    ("POST", "/v1/auth/register", {"email": 1, "password": "long enough"}, "/email"), ("POST", "/v1/auth/register", {"email": "a@example.org", "password": 12345678}, "/password"),
    ("POST", "/v1/auth/register", {"email": None, "password": "long enough"}, "/email"), ("POST", "/v1/auth/register", {}, "/email"),
    ("POST", "/v1/auth/register", {"email": "nonsense", "password": "long enough"}, "/email"), ("POST", "/v1/auth/register", {"email": "b@example.org", "password": "short"}, "/password"),
    ("POST", "/v1/auth/register", {"email": "c@example.org", "password": "x" * 5000}, "/password"),
    ("POST", "/v1/auth/login", {"email": [], "password": {}}, "/email"), ("POST", "/v1/auth/refresh", {"refreshToken": 5}, "/refreshToken"), ("POST", "/v1/auth/refresh", {}, "/refreshToken"),
    ("POST", "/v1/admin/login", {"email": 1, "password": 2}, "/email"), ("POST", "/v1/documents/notes", {"id": 5}, "/id"),
    ("PUT", "/v1/collections/wrong", {"rules": "true"}, "/rules"), ("PUT", "/v1/buckets/wrong", {"maxSize": "big"}, "/maxSize"), ("PUT", "/v1/buckets/wrong", {"types": "image/png"}, "/types"),
    ("PUT", "/v1/functions/wrong", {"source": 1}, "/source"), ("PUT", "/v1/functions/wrong", {}, "/source"), ("PUT", "/v1/functions/wrong", {"source": "x", "timeout": 10}, "/timeout"),
    ("PUT", "/v1/functions/wrong", {"source": "x", "timeout": "10 years"}, "/timeout"), ("PUT", "/v1/functions/wrong", {"source": "x", "concurrency": 0}, "/concurrency"),
    ("PUT", "/v1/functions/wrong", {"source": "x", "triggers": [{"type": "document", "events": ["exploded"], "collection": "notes"}]}, "/triggers/0/events/0"),
    ("PUT", "/v1/functions/wrong", {"source": "x", "triggers": [{"type": "document", "events": ["created"]}]}, "/triggers/0/collection"),
]


@pytest.mark.parametrize("method, path, body, pointer", WRONG_TYPES, ids=lambda value: str(value)[:40])
def test_a_wrong_type_is_named(admin, nobody, method, path, body, pointer):
    caller = admin if method == "PUT" else nobody
    problem = assert_problem(caller.request(method, path, json=body), 422, "validation_failed")
    assert pointer in [error["pointer"] for error in problem["errors"]], problem


@pytest.mark.parametrize("content_type", ["text/plain", "text/html", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png", "nonsense"])
def test_another_content_type_is_refused(nobody, notes, content_type):
    assert_problem(nobody.post(notes, data='{"a":1}', headers={"Content-Type": content_type}), 415, "unsupported_media_type")


def test_a_body_over_a_megabyte(nobody, notes):
    fits = json.dumps({"a": "x" * (MEGABYTE - 100)})
    assert nobody.post(notes, data=fits, headers={"Content-Type": "application/json"}).status_code == 201
    over = json.dumps({"a": "x" * MEGABYTE})
    assert_problem(nobody.post(notes, data=over, headers={"Content-Type": "application/json"}), 413, "payload_too_large")
    assert_problem(nobody.post(notes, data=iter([over.encode()]), headers={"Content-Type": "application/json"}), 413, "payload_too_large")


# Names

@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("id", [
    "..", ".", "%2e%2e", "%2E%2E%2F%2E%2E", "a%2fb", "a/b", "a%5cb", "a%00b", "%00", "%ff", "%zz", "%", "a%20b", "a b", "%C3%A9", "x" * 129, "x" * 3000, "a;b", "a'b", "a%22b",
    "%F0%9F%90%94", "a.b", "*", "%0d%0aX-Injected:%201",
])
def test_an_id_that_is_none(server, admin, notes, id, method):
    body = b"{}" if method in ("PUT", "PATCH") else b""
    head = f"{method} {notes}/{id} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    status, headers, content = raw(server, head.encode() + body)
    assert status in (400, 404, 405, 414), content
    check_problem(status, headers, content)
    assert "x-injected" not in headers


@pytest.mark.parametrize("id", ["", "..", "a/b", "a b", "é", "x" * 129, "a\u0000b", "a\nb", "a.b", "../../etc/passwd"])
def test_a_named_id_that_is_none(nobody, notes, id):
    assert_problem(nobody.post(notes, json={"id": id}), (400, 422), ("bad_request", "validation_failed"))


@pytest.mark.parametrize("name", ["unknown", "..", "%2e%2e", "a%2fb", "x" * 65, "1abc", "-a", "_a", "information_schema", "a'--", "a%00", "NOTES", "notes%20", "documents"])
@pytest.mark.parametrize("suffix", ["", "/some-id"])
def test_an_unknown_collection(server, ada, nobody, name, suffix):
    for caller in (ada, nobody):
        token = f"Authorization: Bearer {caller.token}\r\n" if caller.token else ""
        status, headers, content = raw(server, f"GET /v1/documents/{name}{suffix} HTTP/1.1\r\nHost: x\r\n{token}\r\n".encode())
        assert status in (400, 404)
        problem = check_problem(status, headers, content)
        if name == "unknown":
            assert (status, problem["code"]) == (404, "collection_not_found")


@pytest.mark.parametrize("kind", ["collections", "buckets", "functions"])
@pytest.mark.parametrize("name", ["..", "a.b", "1a", "_a", "x" * 65, "a%20b", "é", "a%2Fb"])
def test_a_name_that_is_none(server, admin, kind, name):
    body = json.dumps({"source": "export default () => 1"} if kind == "functions" else {}).encode()
    head = f"PUT /v1/{kind}/{name} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {admin.token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    status, headers, content = raw(server, head.encode() + body)
    assert status in (400, 404, 405, 422)
    check_problem(status, headers, content)


# Heads

def refused_head(server, data, statuses):
    """The server answers or closes; it does not take it all in."""
    with Raw(server, seconds=20) as connection:
        connection.send(data)
        answer = connection.answer()
        if answer is not None:
            assert answer[0] in statuses, answer
            check_problem(*answer)
        assert connection.is_closed()
        return answer


@pytest.mark.parametrize("size", [20_000, 100_000, 10 * MEGABYTE])
@pytest.mark.parametrize("shape", ["one field", "many fields", "target", "name", "no end", "leading lines"])
def test_a_head_that_is_too_large(server, shape, size):
    start = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    data = {
        "one field": start + b"X-Big: " + b"x" * size + b"\r\n\r\n",
        "many fields": start + b"".join(b"X-%d: y\r\n" % n for n in range(size // 10)) + b"\r\n",
        "target": b"GET /" + b"x" * size + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        "name": start + b"x" * size + b": 1\r\n\r\n",
        "no end": b"G" * size,
        "leading lines": b"\r\n" * (size // 2) + start + b"\r\n",
    }[shape]
    if shape == "leading lines":
        with Raw(server, seconds=20) as connection:  # skipped or refused, both are right (RFC 9112, 2.2)
            connection.send(data)
            answer = connection.answer()
            assert answer is None or answer[0] in (200, 400, 431)
    else:
        answer = refused_head(server, data, (400, 414, 431, 405, 501))
        if size == 20_000:
            assert answer is not None and answer[0] in (400, 414, 431), "a client that is a little over gets to read why"


BAD_HEADS = [
    (b"GET /healthz HTTP/1.1\r\n\r\n", (400,), "no Host"),
    (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", (400,), "two Hosts"),
    (b"GET /healthz HTTP/9.9\r\nHost: x\r\n\r\n", (400, 505), "version"),
    (b"GET /healthz\r\n\r\n", (400, 505), "no version"),
    (b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n", (200, 400), "two spaces"),
    (b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", (400,), "space before colon"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", (400,), "folded line"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", (400,), "NUL"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", (400,), "no colon"),
    (b"GET /healthz HTTP/1.1\r\nHost: x\r\n: empty\r\n\r\n", (400,), "no name"),
    (b"GET /he\x00althz HTTP/1.1\r\nHost: x\r\n\r\n", (400, 404), "NUL in target"),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 501, 505), "HTTP/2 preface"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 500, (400,), "TLS"),
    (b"\x00" * 100 + b"\r\n\r\n", (400,), "zeros"),
    (b"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", (400, 405, 501), "unknown method"),
    (b"CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n", (400, 404, 405, 501), "CONNECT"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n{}", (400,), "length abc"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n{}", (400,), "length -1"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: +2\r\n\r\n{}", (400,), "length +2"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 0x2\r\n\r\n{}", (400,), "length 0x2"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", (400, 413), "length 10^23"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", (400,), "two lengths"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2, 3\r\n\r\n{}", (400,), "length list"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", (400,), "length and chunked"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n{}", (400, 501), "encoding gzip"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked, identity\r\n\r\n{}", (400, 501), "chunked not last"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", (400,), "chunk size zz"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}\r\n0\r\n\r\n", (400, 413), "chunk size 2^72"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", (400,), "chunk too long"),
    (b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: the-unexpected\r\nContent-Length: 2\r\n\r\n{}", (201, 400, 417), "expectation"),
]


@pytest.mark.parametrize("data, statuses, name", BAD_HEADS, ids=[name for _, _, name in BAD_HEADS])
def test_a_head_that_is_wrong(server, data, statuses, name):
    with Raw(server) as connection:
        connection.send(data)
        answer = connection.answer()
        if answer is None:
            assert name in ("TLS", "zeros", "HTTP/2 preface", "no version"), "closed without an answer"
            return
        assert answer[0] in statuses, answer
        if answer[0] >= 400:
            check_problem(*answer)
        if answer[0] == 400:
            assert connection.is_closed(), "after a wrong head nobody knows where the next request begins"


def test_a_smuggled_request_is_not_carried_out(server, admin, notes):
    before = len(admin.every(notes))
    inner = b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    for head in (b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
                 b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", b"Content-Length: 0\r\nContent-Length: 5\r\n"):
        with Raw(server) as connection:
            connection.send(b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + head + b"\r\n0\r\n\r\n" + inner)
            while (answer := connection.answer()) is not None:
                assert answer[0] >= 400
    assert len(admin.every(notes)) == before


# Bodies

def test_a_body_that_is_shorter_than_said(server, admin, notes):
    before = len(admin.every(notes))
    head = b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    for half_closed in (False, True):
        with Raw(server) as connection:
            connection.send(head + b'{"a":1}')
            if half_closed:
                connection.socket.shutdown(socket.SHUT_WR)
                answer = connection.answer()
                assert answer is None or answer[0] == 400
    with Raw(server) as connection:  # and with a hard reset
        connection.send(head + b'{"a":1}')
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert len(admin.every(notes)) == before


def test_a_body_that_is_longer_than_said(server, notes):
    with Raw(server) as connection:
        connection.send(b'POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}' + b'{"b":2}\r\n\r\n')
        status, _, body = connection.answer()
        assert status == 201 and json.loads(body)["a"] == 1
        answer = connection.answer()  # what is too much is no request
        assert answer is None or answer[0] == 400
        assert connection.is_closed()


def test_a_chunked_body_that_ends_early(server, admin, notes):
    before = len(admin.every(notes))
    with Raw(server) as connection:
        connection.send(b"POST /v1/documents/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n" + b'{"a":1}\r\n')
    assert len(admin.every(notes)) == before


# Tokens

@pytest.mark.parametrize("value", [
    "Bearer", "Bearer ", "Bearer nonsense", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic YTpi", "nonsense", "Bearer rk_nonsense", "Bearer " + "x" * 9000,
    "Bearer \xff\xfe", "Bearer a b", "Bearer null", "Bearer undefined", "Bearer ....", "Bearer ../../x", "Bearer ' OR 1=1",
])
def test_a_bad_token_is_401_and_never_anonymous(server, notes, value):
    answer = raw(server, b"GET /v1/documents/notes HTTP/1.1\r\nHost: x\r\nAuthorization: " + value.encode("latin-1") + b"\r\n\r\n")
    assert answer[0] in ((401, 431) if len(value) > 8000 else (401,)), answer
    check_problem(*answer)


# Functions (more in test_functions.py)

@pytest.mark.parametrize("source, says", [
    ("export default async function (event {", None), ("export default function () { return 1", None), ("this is no JavaScript", None),
    ("export const x = 1;", "default"), ("export default 42;", "function"), ("", "source"), ("throw new Error('at load')", "at load"), ("while (true) {}", None),
    ("import x from './nowhere.js'; export default () => x", None), ("export default await new Promise(() => {})", None),
])
def test_a_function_that_cannot_load_is_refused(admin, source, says):
    problem = assert_problem(admin.put("/v1/functions/bad", json={"runtime": "javascript", "source": source, "triggers": on("notes")}), 422, ("deploy_refused", "validation_failed"), says=says)
    assert problem["detail"] or problem["errors"]
    assert_problem(admin.get("/v1/functions/bad"), 404, ("function_not_found", "not_found"))


@pytest.mark.parametrize("change, code", [
    ({"triggers": on("nowhere")}, ("deploy_refused", "validation_failed", "collection_not_found")), ({"triggers": on("notes", where="a ==")}, "expression_invalid"),
    ({"runtime": "cobol"}, "validation_failed"), ({"triggers": [{"type": "moon"}]}, "validation_failed"), ({"memory": "1TB"}, "validation_failed"), ({"retry": {"attempts": 0}}, "validation_failed"), ({"env": {"A": 1}}, "validation_failed"),
    ({"unknown": 1}, "validation_failed"),
])
def test_a_wrong_manifest_is_refused(admin, notes, change, code):
    response = admin.put("/v1/functions/bad", json={"runtime": "javascript", "source": "export default () => 1", "triggers": on("notes"), **change})
    assert_problem(response, 422, code)


# Noise

def test_random_bytes_do_no_harm(server, nobody):
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    good = b"POST /v1/documents/notes?x=1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + b'{"a":[1,true]}'[:13]

    def noise():
        if rng.random() < 0.3:
            return rng.randbytes(rng.randrange(1, 3000))
        data = bytearray(good * rng.randrange(1, 4))
        for _ in range(rng.randrange(1, 8)):
            at = rng.randrange(len(data))
            choice = rng.random()
            if choice < 0.4:
                data[at] = rng.randrange(256)
            elif choice < 0.7:
                del data[at:at + rng.randrange(1, 20)]
            else:
                data[at:at] = rng.choice([b"\r\n", b"\x00", b"%", b"\xff" * 5, b" ", b":", b"0\r\n\r\n", rng.randbytes(20)])
            if not data:
                break
        return bytes(data)

    inputs = [noise() for _ in range(400)]

    def send(part):
        for data in part:
            with Raw(server, seconds=5) as connection:
                connection.send(data)
                connection.socket.shutdown(socket.SHUT_WR)
                try:
                    while (answer := connection.answer()) is not None:
                        assert 100 <= answer[0] < 600 and answer[0] != 500, (data, answer)
                except (TimeoutError, OSError):
                    pass

    threads = [threading.Thread(target=send, args=(inputs[at::4],)) for at in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert nobody.get("/healthz").status_code == 200


def test_nothing_of_all_this_was_an_internal_error(server):
    """Last in this file: bad input is the caller's fault, so no answer may have been a 500."""
    internal = [line for line in server.log_text().splitlines() if '"status":500' in line or "status=500" in line]
    assert internal == []
