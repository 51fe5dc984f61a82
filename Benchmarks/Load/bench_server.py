"""A release server on a fresh folder, and the load that measures it."""
import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMAIL, PASSWORD = "bench@example.org", "a password for the benchmark"
TEXT = "lorem ipsum " * 12
# The server may use every core: its writer is a thread beside the loop, and the load leaves room for it.
LOAD_CORE = "1" if (os.cpu_count() or 1) > 1 and shutil.which("taskset") else None


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def pinned(core, *command):
    return ["taskset", "--cpu-list", core, *map(str, command)] if core else list(map(str, command))


def verdict(value, target, more=True):
    return "pass" if (value >= target if more else value <= target) else "**miss**"


class Server:
    """One process. Requests go over one connection, kept open."""

    def __init__(self, command, log):
        self.began = time.monotonic()
        self.connection = None
        self.token = None
        self.process = subprocess.Popen(
            list(map(str, command)), stdout=subprocess.PIPE, stderr=log, stdin=subprocess.DEVNULL,
            env={**os.environ, "ROOST_ADMIN_EMAIL": EMAIL, "ROOST_ADMIN_PASSWORD": PASSWORD, "PATH": f"{ROOT}/.tools/bin:{os.environ['PATH']}"})

    def wait(self, port=None):
        """Until it answers; the seconds that took since its start."""
        while port is None:
            line = self.process.stdout.readline()
            if not line:
                sys.exit("bench: the server did not start; see its log")
            found = re.search(rb"http://[^\s/]*:(\d+)", line)
            port = int(found.group(1)) if found else None
        self.port = port
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        while True:
            try:
                if self.request("GET", "/readyz")[0] < 500:
                    return time.monotonic() - self.began
            except OSError:
                self.connection = None
                time.sleep(0.0005)

    def request(self, method, path, body=None, headers=None):
        """Status and body, as JSON where it is."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self.token}"} if self.token else {}), **(headers or {})}
        self.connection.request(method, path, json.dumps(body) if isinstance(body, (dict, list)) else body, headers)
        response = self.connection.getresponse()
        data = response.read()
        return response.status, json.loads(data) if "json" in (response.getheader("Content-Type") or "") and data[:1] in b"{[" else data

    def must(self, *arguments, **more):
        status, body = self.request(*arguments, **more)
        if status >= 300:
            sys.exit(f"bench: {arguments[:2]}: {status} {str(body)[:500]}")
        return body

    def sign_in(self):
        self.token = self.must("POST", "/v1/admin/login", {"email": EMAIL, "password": PASSWORD})["token"]

    def fill(self, collection, documents, document):
        """Creates `document(n)` for n up to `documents`, in batches; the documents a second."""
        began = time.monotonic()
        for start in range(0, documents, 500):
            self.must("POST", "/v1/batch", {"writes": [
                {"op": "create", "collection": collection, "id": f"d{n}", "data": document(n)} for n in range(start, min(start + 500, documents))]})
        return documents / (time.monotonic() - began)

    def memory(self, key="VmRSS"):
        """Megabytes."""
        return int(re.search(rf"{key}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text()).group(1)) / 1024

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        code = self.process.wait(60)
        if code not in (0, -15):
            sys.exit(f"bench: the server ended with {code}")


@contextlib.contextmanager
def fresh_server(options, *arguments):
    """A server on a folder of its own, signed in, stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="roost-bench-", dir=options.data))
    try:
        with open(folder / "server.log", "wb") as log:
            server = Server([options.binary, "serve", "--data", folder / "data", "--listen", "127.0.0.1:0", *arguments], log)
            server.wait()
            server.sign_in()
            yield server
            server.stop()
    finally:
        if server.process.poll() is None:
            server.process.kill()
        shutil.rmtree(folder, ignore_errors=True)


class Load:
    """What wrk measured in one run."""

    def __init__(self, text, server, processor_seconds):
        found = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", text)
        if not found:
            sys.exit(f"bench: wrk said nothing: {text}")
        count, microseconds, p50, p99, self.failed = map(int, found.groups())
        self.rate, self.p50, self.p99 = count / microseconds * 1e6, p50 / 1000, p99 / 1000
        # Of all the server's threads, for one request: it holds better than the rate on a machine that others use as well.
        self.processor = processor_seconds / max(1, count) * 1e6
        self.memory = server.memory()


def wrk(server, script, connections, seconds, path="/", variables=None):
    """Runs a script of Benchmarks/Load, or one given as the Lua text of `request`."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if not script.endswith(".lua"):
            values = "".join(f"{name} = {json.dumps(value)}\n" for name, value in (variables or {}).items())
            file.write(f"dofile('common.lua')\n{values}\nfunction request()\n n = n + 1\n {script}\nend\n")
            file.flush()
            script = file.name
        before = server.processor_seconds()
        run = subprocess.run(
            pinned(LOAD_CORE, "wrk", "--threads", 1, "--connections", connections, "--duration", f"{seconds}s", "--latency", "--script", script,
                   f"http://127.0.0.1:{server.port}{path}"), cwd=ROOT / "Benchmarks/Load", capture_output=True, text=True)
        load = Load(run.stdout + run.stderr, server, server.processor_seconds() - before)
    if load.failed:
        say(f"{script[:200]}: {load.failed} requests failed")
    return load


def middle(loads, attribute):
    return statistics.median(getattr(load, attribute) for load in loads)
