"""Callers of a server, and what its answers must look like."""
import itertools
import json
import re
import socket

import requests

from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD

UUID_V7 = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
PASSWORD = "a long enough password"
numbers = itertools.count(1)


class Caller(requests.Session):
    """One caller with a token, or without: the stranger. Paths are relative to the server."""

    def __init__(self, server, token=None):
        super().__init__()
        self.server = server
        self.trust_env = False
        self.token = token
        adapter = requests.adapters.HTTPAdapter(pool_connections=4, pool_maxsize=4)
        self.mount("http://", adapter)

    @property
    def token(self):
        return self._token

    @token.setter
    def token(self, value):
        self._token = value
        if value:
            self.headers["Authorization"] = f"Bearer {value}"
        else:
            self.headers.pop("Authorization", None)

    def request(self, method, path, **more):
        more.setdefault("timeout", 60)
        return super().request(method, path if "://" in path else self.server.url + path, **more)

    def must(self, status, method, path, **more):
        """Sends, and answers the body of an answer that has one of the expected statuses."""
        response = self.request(method, path, **more)
        wanted = (status,) if isinstance(status, int) else status
        assert response.status_code in wanted, f"{method} {path}: {response.status_code}, expected {wanted}: {response.text[:600]}"
        return response.json() if response.content and "json" in response.headers.get("Content-Type", "") else None

    def put_collection(self, name, **more):
        return self.must((200, 201), "PUT", f"/v1/collections/{name}", json=more)

    def put_bucket(self, name, **more):
        return self.must((200, 201), "PUT", f"/v1/buckets/{name}", json=more)

    def put_function(self, name, source, **more):
        return self.must((200, 201), "PUT", f"/v1/functions/{name}", json=function(source, **more))

    def create(self, collection, **fields):
        return self.must(201, "POST", f"/v1/documents/{collection}", json=fields)

    def read(self, collection, id):
        return self.must(200, "GET", f"/v1/documents/{collection}/{id}")

    def list(self, collection, **query):
        return self.must(200, "GET", f"/v1/documents/{collection}", params=query)

    def every(self, path, **query):
        """All items of a list, page by page."""
        items, cursor = [], None
        while True:
            page = self.must(200, "GET", path, params={**query, **({"cursor": cursor} if cursor else {})})
            items += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return items
            assert len(items) <= 200_000, f"{path} has no end"


class User(Caller):
    def __init__(self, server, login):
        super().__init__(server, login["accessToken"])
        self.login = login
        self.id = login["user"]["id"]
        self.email = login["user"]["email"]


def function(source, **more):
    return {"runtime": "javascript", "source": source, "timeout": "10s", "retry": {"attempts": 3, "backoff": "50ms"}, **more}


def on(collection, *events, **more):
    """The triggers of a function: these events of this collection."""
    return [{"type": "document", "events": list(events or ("created",)), "collection": collection, **more}]


def stranger(server):
    return Caller(server)


def admin_login(server, email=ADMIN_EMAIL, password=ADMIN_PASSWORD):
    answer = Caller(server).must(200, "POST", "/v1/admin/login", json={"email": email, "password": password})
    return Caller(server, answer["token"])


def register(server, mailbox="user", password=PASSWORD, **profile):
    email = f"{mailbox}-{next(numbers)}@example.org"
    answer = Caller(server).must((200, 201), "POST", "/v1/auth/register", json={"email": email, "password": password, **profile})
    return User(server, answer)


def assert_problem(response, status, code=None, says=None):
    """An error is a problem document (RFC 9457) with our code and the request's id, and tells nothing of the inside."""
    wanted = (status,) if isinstance(status, int) else tuple(status)
    context = f"{response.request.method} {response.request.url}: {response.status_code} {response.text[:600]}"
    assert response.status_code in wanted, f"expected {wanted}: {context}"
    return check_problem(response.status_code, response.headers, response.content, code, says, context)


def check_problem(status, headers, content, code=None, says=None, context=""):
    headers = {name.lower(): value for name, value in headers.items()}
    assert headers.get("content-type", "").split(";")[0] == "application/problem+json", f"{headers.get('content-type')}: {context}"
    body = json.loads(content)
    assert body["status"] == status, context
    assert isinstance(body["title"], str) and body["title"], context
    assert isinstance(body["type"], str), context
    assert re.fullmatch(r"[a-z][a-z0-9_]*", body["code"]), context
    assert body["requestId"] and body["requestId"] == headers.get("x-request-id"), context
    if code is not None:
        assert body["code"] in ((code,) if isinstance(code, str) else code), f"expected code {code}: {context}"
    for text in (says,) if isinstance(says, str) else says or ():
        assert text.lower() in json.dumps(body, ensure_ascii=False).lower(), f"expected to say {text!r}: {context}"
    for inside in ("sqlite", "select ", ".swift", "fatal", "/tmp/", "roost_data"):
        assert inside not in json.dumps({**body, "requestId": ""}).lower(), f"tells of the inside ({inside}): {context}"
    if status == 401:
        assert "www-authenticate" in headers, context
    if status in (429, 503):
        assert int(headers["retry-after"]) >= 0, context
    if status == 405:
        assert headers["allow"], context
    return body


class Raw:
    """A socket to the server, for what no HTTP library would send."""

    def __init__(self, server, seconds=15):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=seconds)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """Sends, and says whether the server took it all."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return bool(data)

    def answer(self, head_only=False):
        """The next answer as (status, headers, body); None where the server closed without one."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._fill():
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        status = int(first.split(" ")[1])
        headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        if head_only or status in (204, 304) or status < 200:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            return status, headers, self._chunked()
        length = int(headers.get("content-length", "-1"))
        while length < 0 or len(self.buffer) < length:
            if not self._fill():
                break
        body, self.buffer = (self.buffer, b"") if length < 0 else (self.buffer[:length], self.buffer[length:])
        return status, headers, body

    def _chunked(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                if not self._fill():
                    return body
            size, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(size, 16)
            while len(self.buffer) < size + 2:
                if not self._fill():
                    return body
            body, self.buffer = body + self.buffer[:size], self.buffer[size + 2:]
            if size == 0:
                return body

    def is_closed(self):
        """Whether the server closes this connection (within the socket's time-out)."""
        try:
            while self._fill():
                pass
            return True
        except TimeoutError:
            return False


def raw(server, data, seconds=15):
    """Sends bytes on a fresh connection and answers what comes back."""
    with Raw(server, seconds) as connection:
        connection.send(data)
        return connection.answer()
