"""Live queries. First 10,000 open subscriptions: what each costs of the server's memory, and how long one change takes from its write to the
last of them. Then steady changes: 500 a second to 100 subscribers, of which none may be lost or come twice. Both ends share the machine: the
load itself takes part of the time."""
import http.client
import json
import re
import resource
import select
import socket
import statistics
import sys
import threading
import time

from bench_server import fresh_server, verdict

SUBSCRIPTIONS, CHANGES = 10_000, 7
SUBSCRIBERS, RATE, SECONDS = 100, 500, 20


class Crowd:
    """Many streams, read by one thread that counts what comes."""

    def __init__(self, server, count, filters=None):
        self.epoll = select.epoll()
        self.sockets = {}
        for number in range(count):
            connection = socket.create_connection(("127.0.0.1", server.port))
            target = "/v1/documents/posts" + (f"?filter=n%20!=%20-{number + 1}" if filters else "")
            connection.sendall(
                f"GET {target} HTTP/1.1\r\nHost: roost\r\nAccept: text/event-stream\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode())
            connection.setblocking(False)
            self.epoll.register(connection, select.EPOLLIN)
            self.sockets[connection.fileno()] = connection
            if number % 256 == 255:
                self.drain(0)

    def drain(self, seconds, take=None):
        """Reads what is there; `take` gets each stream's number and bytes."""
        got = self.epoll.poll(seconds, 4096)
        for number, _ in got:
            data = self.sockets[number].recv(1 << 18)
            if not data:
                sys.exit("bench: the server closed a stream")
            if take:
                take(number, data)
        return len(got)

    def close(self):
        for connection in self.sockets.values():
            connection.close()
        self.epoll.close()


def settle(crowd, server):
    """Until nothing comes any more and the memory stands still."""
    quiet, memory = 0, server.memory()
    while quiet < 10:
        quiet = quiet + 1 if crowd.drain(0.1) == 0 else 0
    return memory


def fan_out(server, different):
    empty = server.memory()
    began = time.monotonic()
    crowd = Crowd(server, SUBSCRIPTIONS, different)
    settle(crowd, server)
    opened = time.monotonic() - began - 1
    full = server.memory()
    times = []
    for number in range(CHANGES):
        left = set(crowd.sockets)
        mark = f'"round":{number}'.encode()

        def take(stream, data):
            if mark in data:
                left.discard(stream)

        posted = time.monotonic()
        # Another thread writes, so that reading begins at once.
        writer = threading.Thread(target=server.must, args=("POST", "/v1/documents/posts", {"n": number, "round": number}))
        writer.start()
        while left:
            crowd.drain(1, take)
            if time.monotonic() - posted > 60:
                sys.exit(f"bench: {len(left)} of {SUBSCRIPTIONS} never heard of the change")
        times.append(time.monotonic() - posted)
        writer.join()
    after = server.memory()
    crowd.close()
    each = (full - empty) * 1024 / SUBSCRIPTIONS
    what = "each with a filter of its own" if different else "all alike"
    print(f"| {SUBSCRIPTIONS:,} subscriptions, {what}: opened | {opened:.1f} s | |")
    print(f"| memory of the server: empty, with them, after {CHANGES} changes | {empty:.0f} MB, {full:.0f} MB, {after:.0f} MB | |")
    print(f"| memory each | {each:.1f} KiB | ≤ 15 kB: {verdict(each * 1.024, 15, more=False)} |")
    middle = statistics.median(times)
    print(f"| one change, written to the last of them | median {middle * 1000:.0f} ms, worst {max(times) * 1000:.0f} ms | ≤ 1 s: {verdict(middle, 1, more=False)} |", flush=True)


def steady(server):
    crowd = Crowd(server, SUBSCRIBERS)
    settle(crowd, server)
    writers = 8
    each = RATE * SECONDS // writers
    total = each * writers
    rest = {number: b"" for number in crowd.sockets}
    next_steps = {number: [0] * writers for number in crowd.sockets}
    counts = dict.fromkeys(crowd.sockets, 0)
    wrong = []
    sent_at = {}
    delays = []

    def take(stream, data):
        lines = (rest[stream] + data).split(b"\n")
        rest[stream] = lines.pop()
        for line in lines:
            found = re.search(rb'"writer":(\d+),"step":(\d+)', line)
            if found:
                writer, step = int(found.group(1)), int(found.group(2))
                # Each writer waits for its answers, so that its own changes have an order.
                if step != next_steps[stream][writer]:
                    wrong.append((stream, writer, step))
                next_steps[stream][writer] = step + 1
                counts[stream] += 1
                if step % 20 == 0:
                    delays.append(time.monotonic() - sent_at[writer, step])

    def write(writer):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        began = time.monotonic()
        for step in range(each):
            wait = began + step * writers / RATE - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            sent_at[writer, step] = time.monotonic()
            connection.request("POST", "/v1/documents/posts", json.dumps({"writer": writer, "step": step}),
                               {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"})
            response = connection.getresponse()
            response.read()
            if response.status != 201:
                sys.exit(f"bench: a create was answered with {response.status}")

    before = server.memory()
    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    while min(counts.values()) < total and time.monotonic() - began < SECONDS * 3 + 30:
        crowd.drain(0.5, take)
    took = time.monotonic() - began
    for thread in threads:
        thread.join()
    lost = sum(total - count for count in counts.values())
    delays.sort()
    kept = "pass" if not lost and not wrong and took < SECONDS * 1.1 else "**miss**"
    print(f"| {RATE} changes/s to {SUBSCRIBERS} subscribers for {SECONDS} s | {total * SUBSCRIBERS:,} events in {took:.1f} s, {lost} lost, {len(wrong)} out of order "
          f"| none lost: {kept} |")
    print(f"| from the write's beginning to the subscriber | median {delays[len(delays) // 2] * 1000:.1f} ms, 99 % {delays[len(delays) * 99 // 100] * 1000:.1f} ms | |")
    print(f"| memory before and after | {before:.0f} MB, {server.memory():.0f} MB | |")
    crowd.close()


def run(options):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < SUBSCRIPTIONS + 200:
        sys.exit(f"bench: only {hard} files may be open here; ulimit -n")
    print("\n### Live queries\n\n| what | figure | target |\n|---|---|---|")
    for part in (lambda server: fan_out(server, False), lambda server: fan_out(server, True), steady):
        with fresh_server(options, "--no-access-log") as server:
            server.must("PUT", "/v1/collections/posts", {"rules": {"read": "true"}})
            for _ in range(3):
                server.must("POST", "/v1/documents/posts", {"n": -1000000, "text": "a document of the snapshot"})
            part(server)
