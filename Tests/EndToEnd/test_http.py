"""HTTP itself: connections, conditional and compressed answers, CORS, request ids, the log."""
import gzip
import json
import re
import time
from pathlib import Path

import pytest

from roost_client import Raw, assert_problem, check_problem, raw
from roost_server import eventually


@pytest.fixture(scope="module")
def notes(admin):
    admin.put_collection("notes", rules={"read": "true", "create": "true"})
    return "/v1/documents/notes"


def request(method, path, body=b"", **headers):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health(nobody, path):
    assert nobody.get(path).status_code == 200
    head = nobody.head(path)
    assert head.status_code == 200 and head.content == b""


def test_one_connection_carries_many_requests(server, notes):
    with Raw(server) as connection:
        for n in range(100):
            connection.send(request("POST", notes, b'{"n":%d}' % n, Content_Type="application/json"))
            status, headers, body = connection.answer()
            assert status == 201 and json.loads(body)["n"] == n
            connection.send(request("GET", f"{notes}/{json.loads(body)['id']}"))
            assert json.loads(connection.answer()[2])["n"] == n


def test_pipelined_requests_are_answered_in_their_order(server, admin, notes):
    ids = [admin.create("notes", n=n)["id"] for n in range(40)]
    wanted = []
    with Raw(server) as connection:
        batch = b""
        for n, id in enumerate(ids):
            # Quick reads, slow scans, writes and errors mixed: the order of the answers is the order of the requests.
            batch += request("GET", f"{notes}/{id}") + request("GET", f"{notes}?filter=n%20%3E%2030&limit=5") + request("GET", f"/v1/nowhere/{n}")
            batch += request("POST", notes, b'{"m":%d}' % n, Content_Type="application/json")
            wanted += [(200, n), (200, None), (404, None), (201, n)]
        connection.send(batch)
        for status, n in wanted:
            got, _, body = connection.answer()
            assert got == status
            if n is not None:
                document = json.loads(body)
                assert document.get("n", document.get("m")) == n


def test_a_request_may_come_byte_by_byte(server, notes):
    with Raw(server) as connection:
        for byte in request("POST", notes, b'{"slow":true}', Content_Type="application/json"):
            connection.send(bytes([byte]))
        assert connection.answer()[0] == 201


def test_connection_close_is_honoured(server):
    with Raw(server) as connection:
        connection.send(request("GET", "/healthz", Connection="close"))
        assert connection.answer()[0] == 200
        assert connection.is_closed()


def test_http_1_0_closes(server):
    with Raw(server) as connection:
        connection.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.answer()[0] == 200
        assert connection.is_closed()


def test_chunked_bodies(server, notes):
    with Raw(server) as connection:
        body = b'{"chunked":"' + b"x" * 5000 + b'"}'
        parts = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(body[at:at + 999]), body[at:at + 999]) for at in range(0, len(body), 999)) + b"0\r\nTrailer: x\r\n\r\n"
        connection.send(request("POST", notes, Content_Type="application/json", Transfer_Encoding="chunked") + parts)
        assert connection.answer()[0] == 201
        connection.send(request("GET", "/healthz"))
        assert connection.answer()[0] == 200


def test_expect_continue(server, notes):
    with Raw(server) as connection:
        body = b'{"waited":true}'
        connection.send(request("POST", notes, Content_Type="application/json", Expect="100-continue", Content_Length=len(body)))
        assert connection.answer()[0] == 100
        connection.send(body)
        assert connection.answer()[0] == 201


@pytest.mark.parametrize("headers, path, status", [
    ({"Content_Length": 50_000_000}, "/v1/documents/notes", 413),
    ({"Content_Length": 10, "Authorization": "Bearer nonsense"}, "/v1/documents/notes", 401),
    ({"Content_Length": 10}, "/v1/documents/nowhere", 404),
])
def test_expect_continue_is_not_given_to_what_is_refused_anyway(server, notes, headers, path, status):
    with Raw(server) as connection:
        connection.send(request("POST", path, Content_Type="application/json", Expect="100-continue", **headers))
        answer = connection.answer()
        if status == 404 and answer[0] == 100:  # it may read the body before it looks for the collection
            connection.send(b'{"a":1   }')
            answer = connection.answer()
        assert answer[0] == status
        check_problem(answer[0], answer[1], answer[2])


# Request ids

def test_each_answer_has_a_request_id(nobody, notes):
    ids = [nobody.get(notes).headers["X-Request-Id"] for _ in range(5)] + [nobody.get("/nowhere").headers["X-Request-Id"]]
    assert len(set(ids)) == 6 and all(re.fullmatch(r"[\x21-\x7e]{8,200}", id) for id in ids)


def test_a_callers_request_id_is_taken_over(server, nobody, notes):
    response = nobody.get("/v1/documents/nowhere", headers={"X-Request-Id": "my-request-4711"})
    assert assert_problem(response, 404)["requestId"] == "my-request-4711"
    eventually(lambda: "my-request-4711" in server.log_text(), 5, "the request's line in the log")


@pytest.mark.parametrize("id", ["x" * 5000, "a b\tc", 'quote"\\', "<script>", "é", ""])
def test_an_odd_request_id_does_no_harm(server, id):
    answer = raw(server, b"GET /v1/nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: " + id.encode() + b"\r\n\r\n")
    assert answer[0] in (400, 404, 431)
    body = check_problem(*answer)
    assert len(body["requestId"]) <= 200 and re.fullmatch(r"[\x20-\x7e]+", body["requestId"])


def test_the_access_log_has_a_line_for_each_request_and_no_secrets(server, nobody, ada, notes):
    nobody.get(f"{notes}?filter=secret_value_in_the_query%20==%201", headers={"X-Request-Id": "logged-1"})
    ada.get("/v1/auth/me", headers={"X-Request-Id": "logged-2"})
    log = eventually(lambda: "logged-2" in server.log_text() and server.log_text(), 5, "the lines in the log")
    line = next(line for line in log.splitlines() if "logged-1" in line)
    assert "/v1/documents/notes" in line and "200" in line and "GET" in line
    assert "secret_value_in_the_query" not in log
    assert ada.token not in log and ada.login["refreshToken"] not in log


# Methods

def test_a_method_that_is_not_there_says_which_are(nobody, notes):
    response = nobody.delete(notes)
    assert_problem(response, 405, "method_not_allowed")
    assert {"GET", "POST"} <= {method.strip() for method in response.headers["Allow"].split(",")}


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/documents/notes", "/v1/documents", "/v1/documents/", "/v1/nothing", "/V1/documents/notes"])
def test_an_unknown_path_is_404(nobody, path):
    response = nobody.get(path, allow_redirects=False)
    if path == "/" and response.status_code < 400:
        return  # the root may show where the dashboard is
    assert_problem(response, 404, "not_found")


def test_head_has_no_body_but_keeps_the_connection(server, notes):
    with Raw(server) as connection:
        connection.send(request("HEAD", notes) + request("HEAD", "/v1/nowhere") + request("GET", "/healthz"))
        assert connection.answer(head_only=True)[0] == 200
        assert connection.answer(head_only=True)[0] == 404
        assert connection.answer()[0] == 200


# CORS

ORIGIN = {"Origin": "https://app.example"}


@pytest.mark.parametrize("method, path", [("POST", "/v1/documents/notes"), ("PATCH", "/v1/documents/notes/x"), ("PUT", "/v1/files/b/a/b.png"), ("POST", "/v1/auth/login")])
def test_a_preflight_is_answered_without_a_token(nobody, method, path):
    response = nobody.options(path, headers={
        **ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "authorization,content-type,if-match"})
    assert response.status_code in (200, 204)
    allowed = {name.strip().lower() for name in response.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "if-match"} <= allowed
    assert method in response.headers["Access-Control-Allow-Methods"]
    assert response.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN["Origin"])
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("method, path", [("GET", "/v1/documents/notes"), ("GET", "/v1/nowhere"), ("GET", "/v1/auth/me"), ("POST", "/v1/documents/notes")])
def test_every_answer_may_be_read_by_a_page_elsewhere_without_credentials(nobody, notes, method, path):
    response = nobody.request(method, path, headers=ORIGIN)
    assert response.headers["Access-Control-Allow-Origin"] in ("*", ORIGIN["Origin"])
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "etag" in response.headers["Access-Control-Expose-Headers"].lower()


# Compression

def test_large_json_is_compressed_for_who_takes_it(server, admin, notes):
    for n in range(50):
        admin.create("notes", text="again and again " * 20, n=n)
    with Raw(server) as connection:
        connection.send(request("GET", f"{notes}?limit=50"))
        _, plain_headers, plain = connection.answer()
        connection.send(request("GET", f"{notes}?limit=50", Accept_Encoding="gzip, br"))
        status, headers, packed = connection.answer()
        assert status == 200 and "content-encoding" not in plain_headers and headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed) == plain and len(packed) < len(plain) / 4
        assert "accept-encoding" in headers["vary"].lower() and "accept-encoding" in plain_headers["vary"].lower()
        for refused in ("identity", "gzip;q=0", "br"):
            connection.send(request("GET", f"{notes}?limit=50", Accept_Encoding=refused))
            assert "content-encoding" not in connection.answer()[1]
        connection.send(request("GET", "/healthz", Accept_Encoding="gzip"))
        assert "content-encoding" not in connection.answer()[1], "what is small stays as it is"


# Slow and idle peers

def test_hundreds_of_idle_and_half_open_connections_do_not_stop_the_others(server, nobody):
    connections = []
    try:
        for n in range(500):
            connection = Raw(server)
            if n % 2:
                connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            connections.append(connection)
        began = time.monotonic()
        for _ in range(20):
            assert nobody.get("/healthz").status_code == 200
        assert time.monotonic() - began < 5
    finally:
        for connection in connections:
            connection.socket.close()


def test_a_slow_head_is_given_up(server):
    with Raw(server, seconds=40) as connection:
        connection.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        answer = connection.answer()
        assert answer is None or answer[0] == 408
        assert connection.is_closed()


def test_the_server_makes_room_for_its_connections(server):
    """A process often starts with room for 1,024 open files, though it may have more."""
    soft, hard = re.search(r"Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)", Path(f"/proc/{server.pid}/limits").read_text()).groups()
    wanted = 65_536 if hard == "unlimited" else min(65_536, int(hard))
    assert soft == "unlimited" or int(soft) >= wanted
