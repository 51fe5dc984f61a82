"""Ten times as many documents in and out in one go, an index built over them, and what those who write meanwhile feel of it."""
import http.client
import json
import statistics
import tempfile
import threading
import time

from bench_http import message
from bench_server import fresh_server, say


class Writer(threading.Thread):
    """Creates documents one by one, and keeps how long each took."""

    def __init__(self, server):
        super().__init__()
        self.server, self.times, self.goes = server, [], True

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=600)
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.server.token}"}
        while self.goes:
            began = time.monotonic()
            connection.request("POST", "/v1/documents/others", '{"n":1}', headers)
            connection.getresponse().read()
            self.times.append((time.monotonic() - began) * 1000)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.goes = False
        self.join()
        self.times.sort()

    @property
    def text(self):
        return f"p50 {statistics.median(self.times):.1f} ms, p99 {self.times[len(self.times) * 99 // 100]:.1f} ms, most {self.times[-1]:.0f} ms"


def row(what, seconds, count, writer, server):
    print(f"| {what} | {seconds:.1f} s | {count / seconds:,.0f}/s | {writer.text} | {server.memory('VmHWM'):.0f} MB |", flush=True)


def send(server, path, file, kind):
    with open(file, "rb") as body:
        answer = server.must("POST", path, body, headers={"Content-Type": kind})
    if answer["failed"]:
        say(f"{path}: {answer['failed']} lines failed: {answer['errors'][:1]}")


def take(server, path):
    """Reads an answer of any size."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
    response = connection.getresponse()
    while response.read(1 << 20):
        pass


def built(server, collection):
    while any(index["state"] == "building" for index in server.must("GET", f"/v1/collections/{collection}")["indexes"]):
        time.sleep(0.1)


def run(options):
    count = options.documents * 10
    with fresh_server(options, "--no-access-log") as server, tempfile.NamedTemporaryFile("w", dir=options.data) as lines, \
            tempfile.NamedTemporaryFile("w", dir=options.data) as table:
        for n in range(count):
            document = {"id": f"d{n}", **message(n)}
            lines.write(json.dumps(document, separators=(",", ":")) + "\n")
            table.write(",".join(document if n == 0 else []) + ("\r\n" if n == 0 else "") + ",".join(map(str, document.values())) + "\r\n")
        lines.flush()
        table.flush()
        for name in ("others", "lines", "table"):
            server.must("PUT", f"/v1/collections/{name}", {})
        print(f"\n### {count:,} documents in one go, with one who writes meanwhile\n\n| what | time | rate | the other's creates | memory, highest |\n|---|---:|---:|---|---:|")
        with Writer(server) as writer:
            time.sleep(2)
        print(f"| nothing | | | {writer.text} | {server.memory('VmHWM'):.0f} MB |")
        for what, work in [
            ("import, NDJSON", lambda: send(server, "/v1/import/lines", lines.name, "application/x-ndjson")),
            ("the same again, `mode=skip`", lambda: send(server, "/v1/import/lines?mode=skip", lines.name, "application/x-ndjson")),
            ("import, CSV", lambda: send(server, "/v1/import/table", table.name, "text/csv")),
            ("export, NDJSON", lambda: take(server, "/v1/export/lines")),
            ("export, CSV", lambda: take(server, "/v1/export/lines?format=csv")),
            ("an index of two fields is built", lambda: (server.must("PUT", "/v1/collections/lines", {"indexes": [{"fields": ["room", "-n"]}]}), built(server, "lines"))),
            ("a unique index is built", lambda: (server.must("PUT", "/v1/collections/table", {"indexes": [{"fields": ["title"], "unique": True}]}), built(server, "table"))),
            ("a text index is built", lambda: (server.must("PUT", "/v1/collections/table", {"indexes": [{"fields": ["title"], "type": "text"}]}), built(server, "table"))),
        ]:
            with Writer(server) as writer:
                began = time.monotonic()
                work()
                seconds = time.monotonic() - began
            row(what, seconds, count, writer, server)
