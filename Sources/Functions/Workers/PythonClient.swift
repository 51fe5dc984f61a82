/// The part of `PythonBootstrap` that functions work with: the project's API, called over the worker's socket.
enum PythonClient {
  static let source = #"""
    # The project's API, called over the same socket.

    class RoostError(Exception):
        """The server refused a call: `status`, `code` (of the list in docs/api/errors.md), `details`."""

        def __init__(self, status, problem):
            problem = problem if isinstance(problem, dict) else {}
            super().__init__(problem.get("detail") or problem.get("title") or f"The server answered {status}.")
            self.status, self.code, self.details = status, problem.get("code"), problem.get("errors", [])


    class Answer:
        """What the API answered: `status`, `ok`, `headers`, `bytes`, `text()`, `json()`."""

        def __init__(self, frame):
            self.status, self.headers, self._frame = frame["status"], frame["headers"], frame
            self.ok = self.status < 400

        @property
        def bytes(self):
            frame = self._frame
            if "body64" in frame:
                return binascii.a2b_base64(frame["body64"])
            return (encode(frame["json"]) if "json" in frame else frame.get("body", "")).encode()

        def text(self):
            return self.bytes.decode("utf-8", "replace")

        def json(self):
            if "json" in self._frame:
                return self._frame["json"]
            data = self.bytes
            return json.loads(data) if data else None

        def __repr__(self):
            return f"<Answer {self.status}>"


    class File:
        """A file's content: `bytes`, `content_type`, `etag`, `text()`, `json()`."""

        def __init__(self, answer):
            self.bytes, self.content_type, self.etag = answer.bytes, answer.headers.get("content-type"), answer.headers.get("etag")

        def text(self):
            return self.bytes.decode("utf-8")

        def json(self):
            return json.loads(self.bytes)


    sequence = 0


    def call(method, target, headers, body):
        global sequence
        if not isinstance(target, str) or not target.startswith("/"):
            raise TypeError("A path of the API starts with '/'.")
        with calling:
            if not Output.isOpen:
                raise RuntimeError("No invocation is running: a thread outlived the one that it belonged to.")
            sequence += 1
            frame = {"type": "call", "n": sequence, "method": method, "target": target, "headers": headers}
            if isinstance(body, str):
                frame["body"] = body
            elif body is not None:
                frame["body64"] = binascii.b2a_base64(body, newline=False).decode()
            send(frame)
            while True:
                answer = receive()
                if answer.get("type") == "invoke":
                    later.append(answer)
                if answer.get("type") == "answer" and answer.get("n") == sequence:
                    return Answer(answer)


    def request(method, target, headers=None, body=None, missing=False):
        answer = call(method, target, headers or {}, body)
        if answer.ok:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            problem = None
        if missing and answer.status == 404 and (not isinstance(problem, dict) or problem.get("code") in (None, "not_found")):
            return None
        raise RoostError(answer.status, problem)


    UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~")


    def quoted(value):
        return "".join(chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in str(value).encode("utf-8", "replace"))


    def query(**values):
        parts = [f"{name}={quoted(','.join(map(str, value)) if isinstance(value, (list, tuple)) else value)}" for name, value in values.items() if value is not None]
        return "?" + "&".join(parts) if parts else ""


    def matching(version, content_type=None):
        headers = {"content-type": content_type} if content_type else {}
        if version is not None:
            headers["if-match"] = f'"{version}"'
        return headers


    JSON_TYPE = "application/json"


    class Collection:
        def __init__(self, name):
            self._name, self._base = name, "/v1/documents/" + quoted(name)

        def _at(self, id):
            return f"{self._base}/{quoted(id)}"

        def get(self, id):
            """The document, or None."""
            answer = request("GET", self._at(id), missing=True)
            return answer and answer.json()

        def list(self, filter=None, *, sort=None, limit=None, cursor=None, params=None):
            """One page: {"items": […], "nextCursor": …}."""
            if params is None:
                return request("GET", self._base + query(filter=filter, sort=sort, limit=limit, cursor=cursor)).json()
            values = {"filter": filter, "sort": sort, "limit": limit, "cursor": cursor, "params": params}
            body = encode({name: value for name, value in values.items() if value is not None})
            return request("POST", "/v1/query/" + quoted(self._name), matching(None, JSON_TYPE), body).json()

        def create(self, data):
            return request("POST", self._base, matching(None, JSON_TYPE), encode(data)).json()

        def put(self, id, data, *, if_version=None):
            return request("PUT", self._at(id), matching(if_version, JSON_TYPE), encode(data)).json()

        def patch(self, id, data, *, if_version=None):
            return request("PATCH", self._at(id), matching(if_version, "application/merge-patch+json"), encode(data)).json()

        def delete(self, id, *, if_version=None):
            """True if there was one."""
            return request("DELETE", self._at(id), matching(if_version), missing=True) is not None


    class Users:
        _base = "/v1/users"

        def _at(self, id):
            return f"{self._base}/{quoted(id)}"

        def get(self, id):
            """The user, or None."""
            answer = request("GET", self._at(id), missing=True)
            return answer and answer.json()

        def list(self, filter=None, *, sort=None, limit=None, cursor=None):
            """One page: {"items": […], "nextCursor": …}."""
            return request("GET", self._base + query(filter=filter, sort=sort, limit=limit, cursor=cursor)).json()

        def create(self, data):
            return request("POST", self._base, matching(None, JSON_TYPE), encode(data)).json()

        def patch(self, id, data):
            return request("PATCH", self._at(id), matching(None, JSON_TYPE), encode(data)).json()

        def delete(self, id):
            """True if there was one."""
            return request("DELETE", self._at(id), missing=True) is not None


    class Bucket:
        def __init__(self, name):
            self._base = "/v1/files/" + quoted(name)

        def _at(self, path):
            return self._base + "/" + "/".join(map(quoted, str(path).split("/")))

        def get(self, path):
            """A File, or None."""
            answer = request("GET", self._at(path), missing=True)
            return answer and File(answer)

        def put(self, path, data, *, content_type=None):
            isText = isinstance(data, str)
            headers = {"content-type": content_type or ("text/plain; charset=utf-8" if isText else "application/octet-stream")}
            return request("PUT", self._at(path), headers, data if isText else bytes(data)).json()

        def delete(self, path):
            return request("DELETE", self._at(path), missing=True) is not None

        def list(self, *, prefix=None, delimiter=None, limit=None, cursor=None):
            return request("GET", self._base + query(prefix=prefix, delimiter=delimiter, limit=limit, cursor=cursor)).json()


    class Database:
        def collection(self, name):
            return Collection(name)


    class Files:
        def bucket(self, name):
            return Bucket(name)


    class Events:
        def emit(self, name, data=None, *, subject=None):
            """For functions with an event trigger of that name; answers {"id": …}."""
            body = {"name": name, "data": data} if subject is None else {"name": name, "data": data, "subject": subject}
            return request("POST", "/v1/events", matching(None, JSON_TYPE), encode(body)).json()


    def api(method, path, *, headers=None, body=None):
        """Any other address of the API; answers an Answer, whatever its status."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, (str, bytes, bytearray, memoryview)):
            headers = {"content-type": JSON_TYPE, **headers}
            body = encode(body)
        return call(str(method).upper(), path, headers, body)
    """#
}
