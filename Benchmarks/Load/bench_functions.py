"""Functions: from a request to the start of a warm function, cold starts, events a second through one function, and what a trigger costs the
writers; against a bare loop that drives the same kind of worker over the same protocol with nothing around it."""
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

from bench_server import ROOT, fresh_server, say, verdict, wrk

EVENTS = 20_000
PAUSES = 400
COLD_STARTS = 15
CROWD = 200
STARTED = {
    "javascript": "export default (event, { log }) => { log.info(String(performance.timeOrigin + performance.now())); };\n",
    "python": "import time\ndef handler(event, context):\n    print(time.time() * 1000)\n",
}
CREATE = ("return wrk.format('POST', '/v1/documents/' .. collection, {['Content-Type'] = 'application/json'}, "
          "string.format('{\"n\":%d,\"text\":\"%s\"}', n, string.rep('x', 200)))")
NOTHING = {"javascript": "export default () => {};\n", "python": "def handler(event, context):\n    pass\n"}


def deploy(server, name, source, collection, **manifest):
    """False if this build has no such runtime."""
    if manifest.get("runtime") == "javascript":
        manifest["entry"] = name + ".js"
    status, body = server.request("PUT", f"/v1/functions/{name}", {
        "source": source, "triggers": [{"type": "document", "events": ["created"], "collection": collection}], **manifest})
    if status >= 300:
        say(f"{manifest.get('runtime')}: {status} {str(body)[:300]}")
    return status < 300


def sized(source, runtime):
    """The source, made 5 KB long by comments."""
    mark = "//" if runtime == "javascript" else "#"
    return source + f"{mark} {'x' * 76}\n" * ((5 * 1024 - len(source)) // 80)


def starts(server, name, count):
    """The moments at which each document's function started, by the document's id."""
    for _ in range(600):
        found, cursor, subjects = {}, "", {}
        while True:
            page = server.must("GET", f"/v1/functions/{name}/invocations?limit=500{cursor}")
            subjects.update((item["id"], item["event"]["subject"].split("/")[1]) for item in page["items"])
            if not page.get("nextCursor"):
                break
            cursor = f"&cursor={page['nextCursor']}"
        if len(subjects) >= count:
            break
        time.sleep(0.05)
    cursor = ""
    while True:
        page = server.must("GET", f"/v1/functions/{name}/logs?limit=500{cursor}")
        found.update((subjects[item["invocation"]], float(item["message"])) for item in page["items"])
        if not page.get("nextCursor"):
            return found
        cursor = f"&cursor={page['nextCursor']}"


def create(server, collection, number):
    """Milliseconds at which the request was sent and its answer had come."""
    sent = time.time() * 1000
    server.must("PUT", f"/v1/documents/{collection}/d{number}", {"n": number, "text": "x" * 200})
    return sent, time.time() * 1000


def percentiles(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


def latency(server, runtime, among=""):
    collection = f"warm_{runtime}"
    server.must("PUT", f"/v1/collections/{collection}", {})
    if not deploy(server, collection, STARTED[runtime], collection, runtime=runtime, concurrency=1):
        return
    create(server, collection, "first")
    starts(server, collection, 1)
    sent = {}
    for number in range(PAUSES):
        sent[f"d{number}"] = create(server, collection, number)
        time.sleep(0.01)
    begun = starts(server, collection, PAUSES + 1)
    for name, which, targets in (("request sent", 0, (2, 10)), ("answer read", 1, (None, None))):
        p50, p99 = percentiles([begun[name] - moments[which] for name, moments in sent.items()])
        judged = f"p50 ≤ 2: {verdict(p50, 2, False)}, p99 ≤ 10: {verdict(p99, 10, False)}" if targets[0] else ""
        print(f"| {runtime}: {name} to warm start{among} | {p50:.2f} | {p99:.2f} | {judged} |", flush=True)


def bare_start(runtime):
    """Milliseconds from starting the interpreter, with nothing around it, to its first byte: no cold start can be shorter."""
    deno = [str(ROOT / ".tools/bin/deno"), "run", "--quiet", "--no-config", "data:application/javascript,Deno.stdout.writeSync(new Uint8Array(1))"]
    command = deno if runtime == "javascript" else ["python3", "-I", "-S", "-B", "-c", "import os; os.write(1, b'.')"]
    times = []
    for _ in range(COLD_STARTS):
        began = time.monotonic()
        with subprocess.Popen(command, stdout=subprocess.PIPE, env={"DENO_DIR": "/tmp/deno", "PATH": os.environ["PATH"]}) as child:
            child.stdout.read(1)
            times.append((time.monotonic() - began) * 1000)
    return percentiles(times)[0]


def cold(server, runtime, spare):
    collection = f"cold_{runtime}_{'spare' if spare else 'none'}"
    server.must("PUT", f"/v1/collections/{collection}", {})
    times = []
    for number in range(COLD_STARTS):
        # A spare is kept for functions of the usual memory; a new version has no worker yet.
        if not deploy(server, collection, sized(STARTED[runtime], runtime), collection, runtime=runtime, memory="128MB" if spare else "160MB"):
            return
        time.sleep(0.3)
        sent, _ = create(server, collection, number)
        times.append(starts(server, collection, number + 1)[f"d{number}"] - sent)
    p50, p99 = percentiles(times)
    target = 8 if spare else 25
    judged = f"p50 ≤ {target}: {verdict(p50, target, False)}" if runtime == "javascript" else ""
    if not spare:
        bare = bare_start(runtime)
        judged += f" {p50 / bare:.1f} times the interpreter's own start ({bare:.1f} ms)"
    print(f"| {runtime}: request sent to cold start, {'with the warm spare' if spare else 'without spare'} | {p50:.1f} | {p99:.1f} | {judged} |", flush=True)


def interpreter_of(server, runtime):
    """How the server starts the interpreters of its workers: the command line of one that is up, without its sandbox."""
    program = {"javascript": "deno", "python": "python3"}[runtime]
    parents = parents_of_all()
    for pid in descendants(server.process.pid, parents):
        try:
            line = (Path("/proc") / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1]
        except OSError:
            continue
        if line and Path(os.fsdecode(line[0])).name.startswith(program):
            return [str(ROOT / ".tools/bin/deno") if runtime == "javascript" else os.fsdecode(line[0]), *map(os.fsdecode, line[1:])]
    sys.exit(f"bench: no {program} is up")


def bare_loop(server, runtime, seconds, workers=2):
    """Events a second through workers that a loop drives over their protocol: no server, no sandbox, no log, no records."""
    command = interpreter_of(server, runtime)
    event = {"specversion": "1.0", "id": "1", "source": "/p/default", "type": "roost.document.created", "subject": "c/d1", "time": "2026-01-01T00:00:00.000Z",
             "datacontenttype": "application/json", "data": {"before": None, "after": {"id": "d1", "n": 1, "text": "x" * 200}, "auth": None}}
    frame = lambda value: (lambda body: struct.pack(">I", len(body)) + body)(json.dumps(value).encode())  # noqa: E731
    children = []
    for _ in range(workers):
        ours, theirs = socket.socketpair()
        children.append((subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL, env={"DENO_DIR": "/tmp/deno", "PATH": os.environ["PATH"]}), ours))
        theirs.close()

    def drive(stream):
        def answer():
            (length,) = struct.unpack(">I", stream.read(4))
            return json.loads(stream.read(length))
        answer()
        stream.write(frame({"type": "load", "name": "f", "source": NOTHING[runtime], "env": {}, "limits": {"lines": 1000, "bytes": 262144}}))
        answer()
        message, count, until = frame({"type": "invoke", "id": 1, "attempt": 1, "event": event}), 0, time.monotonic() + seconds
        while time.monotonic() < until:
            for _ in range(50):
                stream.write(message)
                stream.read(struct.unpack(">I", stream.read(4))[0])
            count += 50
        return count / seconds

    # One driving process for each worker: Python's own lock would be the limit otherwise.
    totals = []
    for child, ours in children:
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.write(writing, str(drive(ours.makefile("rwb", buffering=0))).encode())
            os._exit(0)
        os.close(writing)
        totals.append(reading)
    rate = sum(float(os.read(reading, 100)) for reading in totals)
    for child, ours in children:
        child.kill()
        child.wait()
        ours.close()
    for _ in totals:
        os.wait()
    return rate


def throughput(server, runtime, seconds):
    collection = f"many_{runtime}"
    server.must("PUT", f"/v1/collections/{collection}", {})
    if not deploy(server, collection, NOTHING[runtime], collection, runtime=runtime, concurrency=2):
        return
    began = time.monotonic()
    server.fill(collection, EVENTS, lambda n: {"n": n, "text": "x" * 200})
    while True:
        newest = {item["event"]["subject"] for item in server.must("GET", f"/v1/functions/{collection}/invocations?limit=20")["items"]}
        if f"{collection}/d{EVENTS - 1}" in newest:
            break
        time.sleep(0.02)
    rate = EVENTS / (time.monotonic() - began)
    bare = bare_loop(server, runtime, seconds)
    print(f"| {runtime}: events/s through one function at concurrency 2, from the first write to the last record | {rate:,.0f} | {rate / bare:.2f} of a bare loop "
          f"({bare:,.0f}/s) | ≥ 5,000: {verdict(rate, 5000)} |", flush=True)


def writers(server, options):
    server.must("PUT", "/v1/collections/plain", {"rules": {"create": "true"}})
    server.must("PUT", "/v1/collections/watched", {"rules": {"create": "true"}})
    deploy(server, "watcher", NOTHING["javascript"], "watched", runtime="javascript")
    # In a burst the writers come first; what lasts longer than events may be late shows what both get.
    for name, seconds, rounds, target in (("", options.seconds, options.rounds, 0.8), (", for 20 s", 20, 1, None)):
        ratios, plain, watched, delivered = [], [], [], []
        for _ in range(rounds):
            plain.append(wrk(server, CREATE, 64, seconds, variables={"collection": "plain"}).rate)
            before = runs(server)
            watched.append(wrk(server, CREATE, 64, seconds, variables={"collection": "watched"}).rate)
            delivered.append((runs(server) - before) / seconds)
            ratios.append(watched[-1] / plain[-1])
            settle(server)
        ratio = statistics.median(ratios)
        print(f"| creates/s at 64 connections with a trigger whose function does nothing{name}; {statistics.median(delivered):,.0f} events/s delivered meanwhile "
              f"| {statistics.median(watched):,.0f} | {ratio:.2f} of those without ({statistics.median(plain):,.0f}/s) "
              f"| {f'≥ {target}: {verdict(ratio, target)}' if target else ''} |", flush=True)


def crowd(server, options):
    """What it costs that there are many functions which have nothing to do with what is written."""
    server.must("PUT", "/v1/collections/crowded", {})
    server.must("PUT", "/v1/collections/free", {"rules": {"create": "true"}})
    alone = wrk(server, CREATE, 64, options.seconds, variables={"collection": "free"}).rate
    for number in range(CROWD):
        deploy(server, f"idle{number}", NOTHING["javascript"], "crowded", runtime="javascript")
    among = wrk(server, CREATE, 64, options.seconds, variables={"collection": "free"}).rate
    print(f"| creates/s at 64 connections beside {CROWD} functions on another collection | {among:,.0f} | {among / alone:.2f} of those without ({alone:,.0f}/s) | |")
    print("\n| what, in ms | p50 | p99 | target |\n|---|---:|---:|---|")
    latency(server, "javascript", f", beside {CROWD} functions")


def runs(server):
    """How often the watcher has run and been recorded."""
    return sum(item["invocations"]["total"] for item in server.must("GET", "/v1/usage?by=function&function=watcher")["items"])


def calls(server, seconds):
    """A function that somebody waits for, against a read of one document over the same connections."""
    server.must("PUT", "/v1/collections/read", {"rules": {"read": "true"}})
    server.must("PUT", "/v1/documents/read/one", {"text": "hello"})
    server.must("PUT", "/v1/functions/hello", {"source": "export default () => 'hello'", "triggers": [{"type": "http", "access": "true"}], "concurrency": 2})
    wrk(server, "return wrk.format('GET', '/v1/call/hello')", 2, 1)
    for connections in (1, 16):
        read = wrk(server, "return wrk.format('GET', '/v1/documents/read/one')", connections, seconds)
        call = wrk(server, "return wrk.format('GET', '/v1/call/hello')", connections, seconds)
        print(f"| calls of a function over HTTP, {connections} connections | {call.rate:,.0f}/s, p50 {call.p50:.2f} ms, p99 {call.p99:.2f} ms "
              f"| {call.rate / read.rate:.2f} of GET of a document ({read.rate:,.0f}/s, p50 {read.p50:.2f} ms) | |", flush=True)


def settle(server):
    """Until the events that wait have been delivered: the next round begins even."""
    last = None
    while True:
        newest = server.must("GET", "/v1/functions/watcher/invocations?limit=1")["items"]
        if newest and newest[0]["id"] == last:
            return
        last = newest[0]["id"] if newest else None
        time.sleep(1)


def parents_of_all():
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    return parents


def descendants(root, parents):
    """A process's children and theirs."""
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def run(options):
    print("\n### Functions\n\n| what, in ms | p50 | p99 | target |\n|---|---:|---:|---|")
    with fresh_server(options) as server:
        before = len(descendants(server.process.pid, parents_of_all()))
        for runtime in STARTED:
            latency(server, runtime)
        for runtime in STARTED:
            for spare in (True, False):
                cold(server, runtime, spare)
    print("\n| what | rate | ratio | target |\n|---|---:|---:|---|")
    with fresh_server(options) as server:
        for runtime in STARTED:
            throughput(server, runtime, options.seconds)
    with fresh_server(options) as server:
        calls(server, options.seconds)
    with fresh_server(options) as server:
        writers(server, options)
    with fresh_server(options) as server:
        crowd(server, options)
    say(f"processes of a server without functions: {before}")
