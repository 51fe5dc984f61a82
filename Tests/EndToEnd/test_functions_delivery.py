"""Every change reaches its function, in order for each document, however often the server is killed."""
import http.client
import json
import random
import threading
import time

from roost_client import admin_login, on
from roost_server import eventually

CHANGES, DOCUMENTS, WRITERS, KILLS = 10_000, 200, 8, 10

# Fails now and then, so that retries are part of it. What it writes has an id that grows with time.
SEE = """
export default async (event, { db }) => {
  if (Math.random() < 0.02) throw new Error("not now");
  await db.collection("seen").create({ event: Number(event.id), document: event.data.after.id, n: event.data.after.n });
};
"""


class Writer(threading.Thread):
    """Puts 1, 2, 3, … into its own documents, each until it is acknowledged, through whatever happens to the server."""

    def __init__(self, lab, number):
        super().__init__(daemon=True)
        self.lab, self.number, self.error = lab, number, None

    def run(self):
        try:
            for n in range(1, CHANGES // DOCUMENTS + 1):
                for document in range(self.number, DOCUMENTS, WRITERS):
                    self.put(f"d{document}", n)
        except Exception as error:  # noqa: BLE001: shown by the test
            self.error = error

    def put(self, document, n):
        deadline = time.monotonic() + 60
        while True:
            try:
                connection = self.connection(deadline)
                connection.request("PUT", f"/v1/documents/things/{document}", json.dumps({"n": n}), self.lab.headers)
                response = connection.getresponse()
                body = response.read()
                if response.status in (200, 201):
                    break
                assert response.status == 503, (response.status, body[:300])
            except (OSError, http.client.HTTPException):
                pass
            self.open = None
            assert time.monotonic() < deadline, f"{document} was not acknowledged within a minute"
            time.sleep(0.01)
        with self.lab.lock:
            self.lab.acknowledged += 1

    open = None

    def connection(self, deadline):
        if self.open is None or self.port != self.lab.server.port:
            self.port = self.lab.server.port
            self.open = http.client.HTTPConnection("127.0.0.1", self.port, timeout=max(0.1, deadline - time.monotonic()))
        return self.open


class Lab:
    def __init__(self, server, token):
        self.server, self.lock, self.acknowledged = server, threading.Lock(), 0
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def test_ten_thousand_changes_over_ten_kills_are_delivered_each_and_in_order(start, tmp_path):
    seed = random.getrandbits(32)
    print(f"seed {seed}")
    rng = random.Random(seed)
    data = tmp_path / "data"
    server = start(data)
    admin = admin_login(server)
    admin.put_collection("things")
    admin.put_collection("seen")
    admin.put_function("see", SEE, triggers=on("things", "written"), concurrency=4, retry={"attempts": 50, "backoff": "20ms"})
    lab = Lab(server, admin.token)
    writers = [Writer(lab, number) for number in range(WRITERS)]
    [writer.start() for writer in writers]
    for moment in sorted(rng.sample(range(CHANGES // 50, CHANGES), KILLS)):
        eventually(lambda moment=moment: lab.acknowledged >= moment or not any(writer.is_alive() for writer in writers), 120, f"{moment} changes")
        server.kill()
        # Some of the kills hit a server that has just come up again.
        server.start()
        if rng.random() < 0.3:
            time.sleep(rng.uniform(0, 0.3))
            server.kill()
            server.start()
    [writer.join(120) for writer in writers]
    assert [writer.error for writer in writers if writer.error] == []
    assert lab.acknowledged == CHANGES

    admin.server = server
    last = int(admin.must(200, "GET", "/v1/documents/things/d0")["version"])
    assert last >= CHANGES // DOCUMENTS

    def delivered():
        return len({(item["document"], item["n"]) for item in admin.every("/v1/documents/seen", limit=1000)}) >= CHANGES
    eventually(delivered, 180, "every change to be delivered")

    first, wrong = {}, []
    for item in sorted(admin.every("/v1/documents/seen", limit=1000), key=lambda item: item["id"]):
        events = first.setdefault(item["document"], [])
        if item["event"] in events:
            continue
        if events and item["event"] < events[-1]:
            wrong.append((item["document"], events[-1], item["event"]))
        events.append(item["event"])
    assert wrong == [], f"delivered after a later one of the same document: {wrong[:5]}"
    assert len(first) == DOCUMENTS
    assert admin.every("/v1/functions/see/dead-letters") == []
    total = sum(map(len, first.values()))
    repeats = len(admin.every("/v1/documents/seen", limit=1000)) - total
    print(f"{total} events, {repeats} delivered again")
