"""However many write, and whenever somebody comes, goes and comes back: what they were told is what is there."""
import itertools
import os
import random
import threading
import time

import pytest

from event_stream import EventStream
from roost_client import register, stranger

names = (f"property{number}" for number in itertools.count(1))
SEEDS = [int(os.environ["ROOST_SEED"])] if "ROOST_SEED" in os.environ else [1, 2, None]
FILTERS = [None, "n > 5", "n % 3 == 0", 'room == "r1"', 'room == "r1" && n < 7', "has(document.extra)"]
MATCHES = [
    lambda d: True, lambda d: d["n"] > 5, lambda d: d["n"] % 3 == 0, lambda d: d["room"] == "r1", lambda d: d["room"] == "r1" and d["n"] < 7,
    lambda d: "extra" in d]


class Writer(threading.Thread):
    """Creates, changes and deletes documents of its own."""

    def __init__(self, admin, path, number, chance, writes):
        super().__init__()
        self.admin, self.path, self.number, self.chance, self.writes = admin, path, number, chance, writes
        self.failure = None

    def run(self):
        try:
            mine, next = [], 0
            for _ in range(self.writes):
                action = self.chance.random()
                fields = {"n": self.chance.randrange(10), "room": self.chance.choice(["r1", "r2", "r3"]), "owner": self.chance.choice(["ada", "bob"])}
                if self.chance.random() < 0.3:
                    fields["extra"] = "x" * self.chance.choice([1, 10, 3000])
                if not mine or action < 0.35:
                    id = f"w{self.number}-{next}"
                    next += 1
                    self.admin.must(201, "POST", self.path, json={"id": id, **fields})
                    mine.append(id)
                elif action < 0.8:
                    self.admin.must(200, "PUT", f"{self.path}/{self.chance.choice(mine)}", json=fields)
                else:
                    self.admin.must(204, "DELETE", f"{self.path}/{mine.pop(self.chance.randrange(len(mine)))}")
        except BaseException as failure:
            self.failure = failure


class Reader(threading.Thread):
    """Follows a filter, goes away now and then and comes back, and keeps what it was told. Nothing may be told twice or left out."""

    def __init__(self, caller, path, which, chance, is_over, may_see=lambda d: True):
        super().__init__()
        self.caller, self.path, self.which, self.chance, self.is_over = caller, path, which, chance, is_over
        self.may_see = may_see
        self.state, self.events, self.connections = {}, 0, 0
        self.failure = None

    def run(self):
        try:
            last = None
            while self.follow(last) is False:
                last = self.last
        except BaseException as failure:
            self.failure = failure

    def follow(self, last):
        query = {"filter": FILTERS[self.which]} if FILTERS[self.which] else {}
        self.connections += 1
        patience = self.chance.choice([3, 20, 60, 10_000])
        with EventStream(self.caller, self.path, last_event_id=last, **query) as stream:
            if last is None:
                self.state = {}
            while True:
                event = stream.next()
                self.last = stream.last_event_id
                if event.type == "ready":
                    continue
                assert event.type in ("added", "modified", "removed"), event
                id = event.data["id"]
                if id == "the-end":
                    return True
                self.events += 1
                if event.type == "removed":
                    assert id in self.state, f"removed without being there: {event}"
                    del self.state[id]
                    continue
                assert (id in self.state) == (event.type == "modified"), f"{event} with {self.state.get(id)}"
                if event.type == "modified":
                    assert event.data["version"] == self.state[id]["version"] + 1, f"{event} after {self.state[id]}"
                assert MATCHES[self.which](event.data) and self.may_see(event.data), event
                self.state[id] = event.data
                # Only a place that the server named is one to come back to.
                if event.id is not None and self.events % patience == 0 and self.last is not None:
                    return False


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.timeout(180)
def test_what_was_told_is_what_is_there(admin, seed):
    # Drawn here: the processes that share the tests have to find the same ones.
    seed = random.randrange(1 << 32) if seed is None else seed
    print("seed", seed)
    chance = random.Random(seed)
    name = next(names)
    path = f"/v1/documents/{name}"
    admin.put_collection(name, rules={"read": 'room != "r3" || (auth != null && auth.email.startsWith(owner))'})
    for n in range(30):
        admin.must(201, "POST", path, json={"id": f"old{n}", "n": n % 10, "room": "r1", "owner": "ada"})
    ada, nobody = register(admin.server, "ada"), stranger(admin.server)
    writers = [Writer(admin, path, number, random.Random(chance.random()), 150) for number in range(4)]
    readers = []
    is_over = threading.Event()
    for writer in writers:
        writer.start()
    for number in range(18):
        caller, may_see = [
            (admin, lambda d: True), (nobody, lambda d: d["room"] != "r3"), (ada, lambda d: d["room"] != "r3" or d["owner"] == "ada")][number % 3]
        reader = Reader(caller, path, (number // 3) % len(FILTERS), random.Random(chance.random()), is_over, may_see)
        readers.append(reader)
        reader.start()
        time.sleep(chance.random() * 0.1)
    for writer in writers:
        writer.join(120)
        assert writer.failure is None, f"seed {seed}: {writer.failure!r}"
    admin.must(201, "POST", path, json={"id": "the-end", "n": 6, "room": "r1", "owner": "ada", "extra": ""})
    # The end is seen by each filter once.
    for n in (0, 3, 6, 9):
        admin.must(200, "PATCH", path + "/the-end", json={"n": n})
    for reader in readers:
        reader.join(60)
        assert not reader.is_alive(), f"seed {seed}: a reader waits for ever after {reader.events} events"
        assert reader.failure is None, f"seed {seed}: {reader.failure!r}"
    there = [document for document in admin.every(path, limit=1000) if document["id"] != "the-end"]
    for reader in readers:
        wanted = {document["id"]: document for document in there if MATCHES[reader.which](document) and reader.may_see(document)}
        assert reader.state == wanted, f"seed {seed}, filter {FILTERS[reader.which]}: {set(reader.state) ^ set(wanted)}"
    assert sum(reader.connections for reader in readers) > len(readers)


def test_a_snapshot_holds_what_its_caller_has_written(admin):
    """Many come at once, and share a reading of the snapshot only if it began after they came."""
    name = next(names)
    path = f"/v1/documents/{name}"
    admin.put_collection(name, rules={"read": "true", "create": "true"})
    failures = []

    def client(number):
        try:
            caller = stranger(admin.server)
            for n in range(15):
                id = f"c{number}-{n}"
                caller.must(201, "POST", path, json={"id": id})
                with EventStream(caller, path) as stream:
                    assert id in stream.snapshot(), id
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)
    assert failures == []
