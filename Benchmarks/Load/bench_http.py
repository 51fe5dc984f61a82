"""Point reads, an indexed page of 20 and durable creates over 100,000 documents, against a static answer of the same HTTP server,
at 16 and 64 connections; then memory and the start on the folder that is now full."""
import http.client
import shutil
import socket
import statistics
import tempfile
import time
from pathlib import Path

from bench_server import TEXT, Server, middle, say, verdict, wrk

CONNECTIONS = (16, 64)
WORK = [("static answer", "static.lua", "/healthz"), ("get by id", "get.lua", "/"), ("page of 20", "page.lua", "/"), ("create", "create.lua", "/")]
TARGETS = {("get by id", 16): 0.6, ("get by id", 64): 0.6, ("create", 64): 0.35}


def message(n):
    return {"room": f"r{n % 100}", "n": n, "author": f"writer {n % 997}", "title": f"Message number {n}", "text": TEXT}


def measure(options, server, script, path, connections):
    return [wrk(server, script, connections, options.seconds, path) for _ in range(options.rounds)]


def table(options, server, title, bare=None):
    print(f"\n### {title}\n\n| what | connections | requests/s | p50 ms | p99 ms | CPU µs | memory MB | of the static answer | target |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---|")
    for connections in CONNECTIONS:
        limit = None
        for name, script, path in WORK:
            loads = measure(options, server, script, path, connections)
            rate = middle(loads, "rate")
            limit = limit or rate
            target = TARGETS.get((name, connections))
            judged = f"≥ {target}: {verdict(rate / limit, target)}" if target else ""
            if name == "static answer" and bare:
                ratio = rate / bare[connections]
                judged = f"≥ 0.8 of a bare NIOHTTP1 handler ({bare[connections]:,.0f}/s): {ratio:.2f}, {verdict(ratio, 0.8)}"
            print(f"| {name} | {connections} | {rate:,.0f} | {middle(loads, 'p50'):.2f} | {middle(loads, 'p99'):.2f} | {middle(loads, 'processor'):.0f} "
                  f"| {middle(loads, 'memory'):.0f} | {rate / limit:.2f} | {judged} |", flush=True)


def bare_handler(options, log):
    """A bare NIOHTTP1 handler, if that program was built: what the static answer itself is measured against."""
    program = options.binary.parent / "http-limit"
    if not program.exists():
        return None
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server([program, "bare", port], log)
    server.port = port
    for _ in range(400):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            break
        except OSError:
            time.sleep(0.01)
    rates = {connections: middle(measure(options, server, "static.lua", "/healthz", connections), "rate") for connections in CONNECTIONS}
    server.process.kill()
    server.process.wait()
    return rates


def run(options):
    folder = Path(tempfile.mkdtemp(prefix="roost-bench-", dir=options.data))
    command = [options.binary, "serve", "--data", folder / "data", "--listen", "127.0.0.1:0"]
    try:
        with open(folder / "server.log", "wb") as log:
            server = Server(command, log)
            first = server.wait()
            idle = server.memory()
            server.sign_in()
            say(f"loading {options.documents:,} documents")
            server.must("PUT", "/v1/collections/messages", {"rules": {"read": "true", "create": "true"}, "indexes": [{"fields": ["room", "-n"]}]})
            loaded = server.fill("messages", options.documents, message)
            bare = bare_handler(options, log)
            say("measuring, with the access log")
            table(options, server, "With the access log (the default)", bare)
            peak = server.memory("VmHWM")
            server.stop()
            say("measuring, without the access log")
            server = Server([*command, "--no-access-log"], log)
            server.wait()
            table(options, server, "Without the access log", bare)
            peak = max(peak, server.memory("VmHWM"))
            server.stop()
            starts = []
            for _ in range(5):
                server = Server(command, log)
                starts.append(server.wait() * 1000)
                time.sleep(0.5)
                idle = max(idle, server.memory())
                server.stop()
            start = statistics.median(starts)
            print("\n### Memory and start\n\n| what | measured | target |\n|---|---:|---|")
            print(f"| memory, idle | {idle:.0f} MB | < 40 MB: {verdict(idle, 40, more=False)} |")
            print(f"| memory, at its highest under load | {peak:.0f} MB | < 150 MB: {verdict(peak, 150, more=False)} |")
            print(f"| ready on the full folder | {start:.0f} ms | < 150 ms: {verdict(start, 150, more=False)} |")
            print(f"| ready on a fresh folder, with the first admin | {first * 1000:.0f} ms | |")
            print(f"| loading in batches of 500 | {loaded:,.0f} documents/s | |")
            if not bare:
                print("\n(No http-limit program beside the server: the static answer is not compared with a bare NIOHTTP1 handler.)")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
