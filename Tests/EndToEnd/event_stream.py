"""A client of server-sent events on a raw socket, which reads them as the WHATWG's HTML standard says and no other way."""
import json
import socket
from collections import namedtuple
from urllib.parse import urlencode

Event = namedtuple("Event", "type data id")


class Ended(Exception):
    """The server ended the stream, in order or not."""


class EventStream:
    def __init__(self, caller, path, last_event_id=None, headers=None, seconds=20, receive_buffer=None, version="1.1", **query):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(seconds)
        self.socket.connect(("127.0.0.1", caller.server.port))
        target = path + ("?" + urlencode(query) if query else "")
        lines = [f"GET {target} HTTP/{version}", "Host: roost", "Accept: text/event-stream"]
        if caller.token:
            lines.append(f"Authorization: Bearer {caller.token}")
        if last_event_id is not None:
            lines.append(f"Last-Event-ID: {last_event_id}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.buffer = b""
        self.text = b""
        self.last_event_id = last_event_id
        self.retry = None
        self.comments = 0
        self.is_over = False
        self._fields = []
        self._read_head()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # HTTP

    def _fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Ended("the connection closed")
        self.buffer += data

    def _read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        self.is_chunked = self.headers.get("transfer-encoding") == "chunked"
        if self.status != 200:
            length = int(self.headers.get("content-length", 0))
            while len(self.buffer) < length:
                self._fill()
            self.body = self.buffer[:length]

    def problem(self):
        assert self.status >= 400, self.status
        return json.loads(self.body)

    def _more_text(self):
        if self.is_over:
            raise Ended("the answer is over")
        if not self.is_chunked:
            if not self.buffer:
                self._fill()
            self.text, self.buffer = self.text + self.buffer, b""
            return
        while b"\r\n" not in self.buffer:
            self._fill()
        size, rest = self.buffer.split(b"\r\n", 1)
        size = int(size, 16)
        while len(rest) < size + 2:
            self._fill()
            rest = self.buffer.split(b"\r\n", 1)[1]
        assert rest[size:size + 2] == b"\r\n"
        self.text, self.buffer = self.text + rest[:size], rest[size + 2:]
        self.is_over = size == 0

    # Server-sent events

    def next(self):
        """The next event. Raises Ended at the stream's end, TimeoutError when nothing comes."""
        assert self.status == 200, f"{self.status}: {self.body!r}"
        while True:
            while b"\n" not in self.text:
                self._more_text()
            line, self.text = self.text.split(b"\n", 1)
            assert b"\r" not in line
            if line:
                if line.startswith(b":"):
                    self.comments += 1
                else:
                    name, _, value = line.decode().partition(":")
                    self._fields.append((name, value[1:] if value.startswith(" ") else value))
                continue
            fields, self._fields = self._fields, []
            for name, value in fields:
                if name == "id":
                    self.last_event_id = value
                if name == "retry":
                    self.retry = int(value)
            data = [value for name, value in fields if name == "data"]
            if data:
                kind = [value for name, value in fields if name == "event"]
                return Event(kind[-1] if kind else "message", json.loads("\n".join(data)), self.last_event_id)

    def take(self, count):
        return [self.next() for _ in range(count)]

    def until(self, kind):
        """Everything up to the first event of this type, and that one."""
        events = []
        while True:
            events.append(self.next())
            if events[-1].type == kind:
                return events
            assert events[-1].type != "end", events[-1]

    def snapshot(self):
        """The documents up to `ready`, by id."""
        *added, ready = self.until("ready")
        return {event.data["id"]: event.data for event in added if event.type == "added"}

    def ended(self):
        """Everything that still comes."""
        events = []
        try:
            while True:
                events.append(self.next())
        except (Ended, ConnectionError):
            return events
