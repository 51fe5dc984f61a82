"""The real server as a child process, on a free port and its own data folder."""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("ROOST_BINARY", ROOT / ".build/debug/roost")).absolute()
ADMIN_EMAIL = "admin@example.org"
ADMIN_PASSWORD = "correct horse battery staple"
START_SECONDS_MAX = 30


def environment(**more):
    """A clean environment: what the tests' own shell has set must not change the server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ROOST_")}
    kept["PATH"] = f"{ROOT / '.tools/bin'}:{kept['PATH']}"
    kept.update(more)
    return kept


def eventually(condition, seconds=20, what="the condition"):
    """Polls until `condition` answers something true, and answers that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s; last answer: {value!r}")
        time.sleep(0.02)


class Server:
    def __init__(self, data, arguments=(), env=None, prefix=(), logs=None):
        self.data = Path(data)
        self.arguments = list(arguments)
        self.env = {"ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD} if env is None else env
        self.prefix = list(prefix)
        self.log_path = Path(logs or f"{self.data}.log")
        self.process = None
        self.url = None
        self.port = None

    def start(self):
        assert self.process is None, "the server runs already"
        self.log = open(self.log_path, "ab")
        self.stdout = bytearray()
        self.process = subprocess.Popen(
            [*self.prefix, str(BINARY), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log, env=environment(**self.env), start_new_session=True)
        self.url = None
        told = threading.Event()
        self.reader = threading.Thread(target=self._read_stdout, args=(self.process.stdout, told), daemon=True)
        self.reader.start()
        told.wait(START_SECONDS_MAX)
        if not self.url:
            self.kill()
            raise AssertionError(f"the server told no address; stdout: {bytes(self.stdout)!r}; log:\n{self.log_tail()}")
        self.port = int(re.search(r":(\d+)$", self.url).group(1))
        eventually(self._is_ready, START_SECONDS_MAX, "readiness")
        return self

    def _read_stdout(self, pipe, told):
        for line in pipe:
            self.stdout += line
            found = re.search(rb"https?://[^\s/]+", line)
            if found and not self.url:
                self.url = found.group().decode()
                told.set()
        told.set()

    def _is_ready(self):
        assert self.process.poll() is None, f"the server ended with {self.process.returncode}; log:\n{self.log_tail()}"
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    @property
    def pid(self):
        """The server's own process, below a wrapper such as faketime."""
        return self.process.pid

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def memory(self, key="VmRSS"):
        """Bytes of the server process alone: VmRSS now, VmHWM at its highest."""
        return int(re.search(rf"{key}:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text()).group(1)) * 1024

    def kill(self):
        """SIGKILL: no chance to tidy up."""
        return self._end(signal.SIGKILL, 10)

    def terminate(self, seconds=30):
        """SIGTERM, and the exit code."""
        return self._end(signal.SIGTERM, seconds)

    def _end(self, sign, seconds):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sign)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not end within {seconds} s of {sign.name}; log:\n{self.log_tail()}") from None
        finally:
            self.reader.join(5)
            self.log.close()
            self.process = None
        return code

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines=30):
        return "\n".join(self.log_text().splitlines()[-lines:])


@contextlib.contextmanager
def running(folder, **settings):
    """A server for a whole module of tests, which must neither end by itself nor refuse to end when it is asked to."""
    server = Server(folder / "data", **settings).start()
    yield server
    assert server.is_running, f"the server ended by itself; log:\n{server.log_tail()}"
    assert server.terminate() == 0, f"SIGTERM did not end it with 0; log:\n{server.log_tail()}"
    shutil.rmtree(folder, ignore_errors=True)


def command(*arguments, input=None, env=None, cwd=None, seconds=60):
    """Runs `roost …` to its end."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)], input=input, text=True, capture_output=True, timeout=seconds, cwd=cwd,
        env=environment(**(env or {})), stdin=None if input is not None else subprocess.DEVNULL)
