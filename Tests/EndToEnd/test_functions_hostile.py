"""What bad functions do to the server and to others: nothing. Each has a record that names what it ran into."""
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from roost_client import Caller, admin_login, on
from roost_server import ADMIN_PASSWORD, BINARY, eventually
from test_functions import Lab, lab  # noqa: F401

MEGABYTE = 1 << 20
ENDED = ("failed", "crashed", "timeout", "memory_limit")


def descendants(pid):
    """Processes below the server, zombies not counted."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found, todo = set(), [pid]
    while todo:
        for child in parents.get(todo.pop(), []):
            found.add(child)
            todo.append(child)
    return found


def strays(marker):
    """Processes anywhere on the machine whose command line or name holds the marker."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker in (folder / "cmdline").read_bytes().decode(errors="replace") + (folder / "comm").read_text():
                found.append(folder.name)
        except OSError:
            continue
    return found


class Watch:
    """While it is open, a good function of the same server is given work again and again, and the server's memory is watched."""

    def __init__(self, lab, server):
        self.lab, self.server = lab, server
        self.slowest, self.memory, self.failure, self.done = 0, 0, None, threading.Event()

    def __enter__(self):
        self.good = self.lab.function + "good"
        self.lab.admin.put_collection(self.lab.source + "g")
        self.lab.admin.put_function(
            self.good, "export default async (event, { db }) => { await db.collection(%r).put(event.data.after.id, {}); };" % self.lab.target,
            triggers=on(self.lab.source + "g"))
        self.ping()
        self.before = self.server.memory()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def ping(self):
        began = time.monotonic()
        made = self.lab.admin.create(self.lab.source + "g")
        eventually(lambda: self.lab.admin.get(f"/v1/documents/{self.lab.target}/{made['id']}").status_code == 200, 20, "the good function's document")
        return time.monotonic() - began

    def run(self):
        while not self.done.is_set():
            try:
                self.slowest = max(self.slowest, self.ping())
                self.memory = max(self.memory, self.server.memory() - self.before)
            except (AssertionError, OSError) as error:
                self.failure = error
                return

    def __exit__(self, kind, *_):
        self.done.set()
        self.thread.join(30)
        self.lab.admin.delete(f"/v1/functions/{self.good}")
        if kind is None:
            assert self.failure is None, self.failure
            assert self.slowest < 5, f"the other function waited {self.slowest:.1f} s"
            assert self.memory < 60 * MEGABYTE, f"the server grew by {self.memory >> 20} MB"
            # Only spares and idle workers, of at most two processes each, are left.
            eventually(lambda: len(descendants(self.server.pid)) <= 12, 20, "the processes to be gone")


def attack(lab, server, runtime, source, timeout="2s", memory="128MB", count=1):
    """Deploys, lets it run on some events, and answers the records."""
    source = source.replace("DATA", str(server.data)).replace("PORT", str(server.port)).replace("PID", str(server.pid))
    with Watch(lab, server):
        lab.admin.put_function(lab.function, source, triggers=on(lab.source), runtime=runtime, timeout=timeout, memory=memory, retry={"attempts": 1, "backoff": "20ms"})
        documents = [lab.create(n=n) for n in range(count)]
        runs = [lab.finished(document, seconds=60)[0] for document in documents]
    lab.admin.delete(f"/v1/functions/{lab.function}")
    return runs if count > 1 else runs[0]


def js(body):
    return "export default async (event, context) => { %s };" % body


def py(body, top=""):
    return top + "\ndef handler(event, context):\n    " + body.strip().replace("\n", "\n    ") + "\n"


def sh(body):
    return "#!/bin/sh\n" + body + "\n"


LOOPS = {
    "javascript": js("while (true) {}"), "javascript timers": js("await new Promise(() => setInterval(() => {}, 1));"),
    "python": py("while True: pass"),
    "python that ignores SIGTERM": py("import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass"),
    "python in threads": py("import threading\ndef loop():\n    while True: pass\nfor _ in range(8): threading.Thread(target=loop).start()\nloop()"),
    "command": sh("while :; do :; done"), "command that ignores SIGTERM": sh("trap '' TERM INT HUP; while :; do sleep 1; done"),
}


@pytest.mark.parametrize("what", LOOPS)
def test_an_endless_loop(lab, server, what):
    run = attack(lab, server, what.split()[0], LOOPS[what], timeout="1s")
    assert run["status"] == "timeout" and "1000 ms" in run["error"], run
    assert 900 <= run["durationMs"] < 5000, run


HOGS = {
    "javascript heap": js("const all = []; while (true) all.push(new Array(10_000).fill(Math.random()));"),
    "javascript buffers": js("const all = []; while (true) all.push(new Uint8Array(10_000_000).fill(1));"),
    "javascript at once": js("new Uint8Array(2_000_000_000).fill(1);"),
    "python": py("a = []\nwhile True: a.append(bytearray(1 << 20))"),
    "python at once": py("bytearray(20 << 30)"),
    "python in children": py("import os, time\nfor n in range(20):\n    if os.fork() == 0:\n        a = bytearray(20 << 20)\n        while True: time.sleep(1)\ntime.sleep(30)"),
    "python in grandchildren that are nobody's": py("import os, time\nfor n in range(20):\n    if os.fork() == 0:\n        os.setsid()\n        if os.fork() == 0:\n            a = bytearray(20 << 20)\n            while True: time.sleep(1)\n        os._exit(0)\ntime.sleep(30)"),
    "command": sh("x=0123456789abcdef; while :; do x=$x$x; done"),
    "command in children": sh("for n in 1 2 3 4 5 6 7 8; do python3 -c 'import time; a = bytearray(30 << 20); time.sleep(30)' & done; wait"),
}


@pytest.mark.parametrize("what", HOGS)
def test_endless_allocation(lab, server, what):
    run = attack(lab, server, what.split()[0], HOGS[what], timeout="15s")
    assert run["status"] == "memory_limit" or run["status"] in ("crashed", "failed") and "memory" in run["error"].lower(), run


BOMBS = {
    "javascript": js("const all = []; for (let n = 0; n < 2000; n++) all.push(new Worker('data:text/javascript,while(true){}', { type: 'module' })); while (true) {}"),
    "python": py("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass"),
    "python threads": py("import threading, time\nwhile True:\n    try: threading.Thread(target=time.sleep, args=(60,)).start()\n    except RuntimeError: pass"),
    "python daemons": py("import os, time\nwhile True:\n    try:\n        if os.fork() == 0:\n            os.setsid()\n            if os.fork() == 0:\n                while True: time.sleep(60)\n            os._exit(0)\n    except OSError: pass"),
    "command": sh("bomb() { bomb | bomb & }; bomb; sleep 60"),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_fork_bomb(lab, server, what):
    run = attack(lab, server, what.split()[0], BOMBS[what], timeout="3s")
    assert run["status"] in ENDED, run
    assert re.search("processes|3000 ms|memory|exit code|unavailable", run["error"], re.I), run


FLOODS = {
    "javascript lines": js("while (true) console.log('x'.repeat(1000));"),
    "javascript one line": js("const part = new Uint8Array(1 << 20).fill(120); while (true) Deno.stdout.writeSync(part);"),
    "python lines": py("while True: print('x' * 1000)"),
    "python one line": py("import sys\nwhile True: sys.stdout.write('x' * (1 << 20))"),
    "python past itself": py("import os\nwhile True: os.write(1, b'x' * (1 << 20))"),
    "python stderr lines": py("import os\nwhile True: os.write(2, b'x\\n' * (1 << 19))"),
    "python in children": py("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'while True: print(1)'])"),
    "python log frames": py("import json, os, struct\nline = json.dumps({'type': 'log', 'level': 'info', 'message': 'x' * 1000}).encode()\nframe = struct.pack('>I', len(line)) + line\nwhile True:\n    for fd in range(3, 10):\n        try: os.write(fd, frame * 100)\n        except OSError: pass"),
    "command stdout": sh("yes"), "command stderr": sh("yes >&2"), "command one line": sh("tr '\\0' x </dev/zero"),
}


@pytest.mark.parametrize("what", FLOODS)
def test_output_without_end(lab, server, what):
    run = attack(lab, server, what.split()[0], FLOODS[what], timeout="3s")
    assert run["status"] in ENDED, run
    assert re.search("printed more|3000 ms|larger than|wrote more|answer", run["error"]), run
    assert sum(len(line["message"]) for line in lab.logs()) < 2 * MEGABYTE


GREEDY = {
    "javascript files": js("const all = []; for (let n = 0; n < 1e6; n++) all.push(await Deno.open('/dev/null'));"),
    "python files": py("all = [open('/dev/null') for n in range(10 ** 6)]"),
    "python sockets": py("import socket\nall = [socket.socketpair() for n in range(10 ** 6)]"),
    "python pipes": py("import os\nall = [os.pipe() for n in range(10 ** 6)]"),
    "python fills /tmp": py("for n in range(10 ** 6):\n    with open(f'/tmp/{n}', 'wb') as file: file.write(b'x' * (1 << 20))"),
    "python fills /dev/shm": py("for n in range(10 ** 6):\n    with open(f'/dev/shm/{n}', 'wb') as file: file.write(b'x' * (1 << 20))"),
    "python one large file": py("with open('/tmp/x', 'wb') as file:\n    while True: file.write(b'x' * (1 << 20))"),
    "python memfd": py("import os\nall = []\nfor n in range(200):\n    fd = os.memfd_create('x')\n    os.write(fd, b'x' * (10 << 20))\n    all.append(fd)"),
    "python writes the system": py("open('/usr/lib/x', 'w')"),
    "command fills /tmp": sh("set -e; for n in 1 2 3 4 5 6 7 8 9; do head -c 10000000 /dev/zero > /tmp/$n; done"),
}


@pytest.mark.parametrize("what", GREEDY)
def test_what_it_takes_too_much_of(lab, server, what):
    files = len(os.listdir(f"/proc/{server.pid}/fd"))
    run = attack(lab, server, what.split()[0], GREEDY[what], timeout="5s")
    assert run["status"] in ENDED, run
    assert re.search("Too many open files|EMFILE|No space left|File too large|not implemented|Read-only|NotCapable|read access|signal 25|exit code|5000 ms|memory", run["error"], re.I), run
    assert len(os.listdir(f"/proc/{server.pid}/fd")) < files + 20


@pytest.fixture
def service():
    """Another service of this machine, on loopback: counts who comes."""
    import socketserver

    class Count(socketserver.BaseRequestHandler):
        def handle(self):
            self.server.seen += 1

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Count) as listener:
        listener.seen = 0
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield listener
        listener.shutdown()


REACH = {
    "javascript": "const tries = [['fetch', () => fetch('http://127.0.0.1:PORT/healthz')], ['meta', () => fetch('http://169.254.169.254/')], ['tcp', () => Deno.connect({ hostname: '127.0.0.1', port: OTHER })],"
                  " ['shadow', () => Deno.readTextFile('/etc/shadow')], ['data', () => Deno.readDir('DATA')[Symbol.asyncIterator]().next()], ['key', () => Deno.readFile('DATA/master.key')], ['proc', () => Deno.readTextFile('/proc/1/environ')],"
                  " ['kill', () => Deno.kill(PID, 'SIGKILL')], ['parent', () => Deno.kill(Deno.ppid, 'SIGKILL')], ['run', () => new Deno.Command('id').output()]]; const got = [];"
                  " for (const [name, act] of tries) { try { await act(); got.push(name); } catch {} } console.log('GOT', got.join(' '), 'END');",
    "python": """
import os, signal, socket, urllib.request
def connect(host, port, family=socket.AF_INET):
    with socket.socket(family) as s:
        s.settimeout(1)
        s.connect((host, port))
tries = {
    'server': lambda: connect('127.0.0.1', PORT), 'other': lambda: connect('127.0.0.1', OTHER), 'meta': lambda: connect('169.254.169.254', 80), 'six': lambda: connect('::1', PORT, socket.AF_INET6),
    'outside': lambda: connect('1.1.1.1', 53), 'dns': lambda: socket.getaddrinfo('example.com', 80), 'abstract': lambda: [connect_unix(name) for name in open('/proc/net/unix').read().split() if name.startswith('@')][0],
    'shadow': lambda: open('/etc/shadow').read(), 'passwd': lambda: open('/etc/passwd').read(), 'data': lambda: os.listdir('DATA'), 'key': lambda: open('DATA/master.key', 'rb').read(),
    'root': lambda: os.listdir('/root'), 'home': lambda: os.listdir('/home'), 'serverroot': lambda: os.listdir('/proc/PID/root'), 'environ': lambda: open('/proc/PID/environ').read(),
    'disk': lambda: [open('/dev/' + name, 'rb') for name in os.listdir('/dev') if name.startswith(('sd', 'vd', 'nvme', 'mem', 'kmsg'))][0],
    'setuid': lambda: os.setuid(0), 'mount': lambda: libc_call('mount', b'none', b'/tmp', b'tmpfs', 0, None), 'unshare': lambda: libc_call('unshare', 0x10000000), 'ptrace': lambda: libc_call('ptrace', 16, os.getpid() + 1, 0, 0),
    'sysrq': lambda: open('/proc/sysrq-trigger', 'w').write('x'), 'sysctl': lambda: open('/proc/sys/kernel/core_pattern', 'w').write('x'), 'chroot': lambda: os.chroot('/tmp'), 'cgroup': lambda: os.listdir('/sys/fs/cgroup'),
    'write': lambda: open('/usr/x', 'w'), 'kill server': lambda: os.kill(PID, 9), 'raw': lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
}
def connect_unix(name):
    with socket.socket(socket.AF_UNIX) as s:
        s.connect('\\0' + name[1:])
    return 1
def libc_call(name, *arguments):
    import ctypes
    if ctypes.CDLL(None, use_errno=True)[name](*arguments) != 0:
        raise OSError(ctypes.get_errno())
got = []
for name, act in tries.items():
    try:
        act()
        got.append(name)
    except Exception:
        pass
print('GOT', ' '.join(got), 'END')
""",
    "command": "got=; try() { name=$1; shift; if \"$@\" >/dev/null 2>&1; then got=\"$got $name\"; fi; }\n"
               "try shadow cat /etc/shadow\ntry passwd cat /etc/passwd\ntry data ls DATA\ntry key cat DATA/master.key\ntry root ls /root\ntry server timeout 2 bash -c 'echo > /dev/tcp/127.0.0.1/PORT'\n"
               "try other timeout 2 bash -c 'echo > /dev/tcp/127.0.0.1/OTHER'\ntry meta timeout 2 bash -c 'echo > /dev/tcp/169.254.169.254/80'\ntry kill kill -9 PID\ntry mount mount -t tmpfs x /tmp\ntry su su root -c id\n"
               "try unshare unshare -r id\ntry write touch /usr/x\ntry environ cat /proc/PID/environ\necho \"GOT $got END\" >&2",
}


@pytest.mark.parametrize("runtime", REACH)
def test_nothing_of_the_machine_is_within_reach(lab, server, service, runtime):
    body = REACH[runtime].replace("OTHER", str(service.server_address[1]))
    source = {"javascript": js, "python": py, "command": sh}[runtime](body)
    run = attack(lab, server, runtime, source, timeout="20s")
    assert run["status"] == "succeeded", run
    said = next(line["message"] for line in lab_logs(lab) if "GOT" in line["message"])
    assert said.split() == ["GOT", "END"], said
    assert service.seen == 0


def lab_logs(lab):
    return lab.last_logs


@pytest.fixture(autouse=True)
def keep_logs(lab, monkeypatch):
    """Deleting a function takes its logs along: they are read first."""
    delete = lab.admin.delete

    def reading_first(path, *arguments, **more):
        if path == f"/v1/functions/{lab.function}":
            answer = lab.admin.get(f"{path}/logs", params={"limit": 1000})
            if answer.status_code == 200:
                lab.last_logs = answer.json()["items"]
        return delete(path, *arguments, **more)

    monkeypatch.setattr(lab.admin, "delete", reading_first)
    monkeypatch.setattr(lab, "logs", lambda: lab.last_logs)


KILLERS = {
    "python everybody": py("import os\nos.kill(-1, 9)"), "python the first": py("import os\nos.kill(1, 9)\nos.kill(os.getppid(), 9)\nos.killpg(0, 9)"),
    "python its parent": py("import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\nos.kill(0, 9)"),
    "python stops itself": py("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\nimport time\ntime.sleep(60)"),
    "command everybody": sh("kill -9 -1; sleep 60"), "command its parent": sh("kill -9 $PPID; kill -9 1; sleep 60"),
    "javascript": js("try { Deno.kill(1, 'SIGKILL'); } catch {} try { Deno.kill(-1, 'SIGKILL'); } catch {} Deno.exit(9);"),
}


@pytest.mark.parametrize("what", KILLERS)
def test_one_that_kills(lab, server, what):
    run = attack(lab, server, what.split()[0], KILLERS[what], timeout="1s")
    assert run["status"] in ("crashed", "timeout", "failed", "succeeded"), run
    assert server.is_running and Caller(server).get("/healthz").status_code == 200


# Frames by hand, past the bootstrap. The socket is the only one among the descriptors.
SOCKET = """
import json, os, stat, struct, time
def wire():
    return next(fd for fd in range(3, 64) if exists(fd))
def exists(fd):
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False
def frame(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return struct.pack('>I', len(data)) + data
"""

LIARS = {
    "garbage": "os.write(wire(), b'\\0\\0\\0\\x05hello')\ntime.sleep(30)",
    "random bytes": "os.write(wire(), os.urandom(4096))\ntime.sleep(30)",
    "a huge length": "os.write(wire(), b'\\xff\\xff\\xff\\xff')\ntime.sleep(30)",
    "a length and nothing more": "os.write(wire(), struct.pack('>I', 8 << 20))\ntime.sleep(30)",
    "a length and the rest byte by byte": "os.write(wire(), struct.pack('>I', 8 << 20))\nwhile True: os.write(wire(), b' ')",
    "twice": "os.write(wire(), frame({'type': 'result', 'id': 1}) * 2)\ntime.sleep(30)",
    "for others": "for n in range(1, 500): os.write(wire(), frame({'type': 'result', 'id': n}))\ntime.sleep(30)",
    "for nobody": "os.write(wire(), frame({'type': 'result', 'id': -1}))\ntime.sleep(30)",
    "loaded again": "os.write(wire(), frame({'type': 'loaded'}))\ntime.sleep(30)",
    "ready again": "os.write(wire(), frame({'type': 'ready', 'runtime': 'x'}))\ntime.sleep(30)",
    "wrong types": "os.write(wire(), frame({'type': 'error', 'id': 'x', 'message': {}}))\ntime.sleep(30)",
    "deeply nested": "os.write(wire(), frame(b'[' * 1000000))\ntime.sleep(30)",
    "a wild call": "os.write(wire(), frame({'type': 'call', 'n': 1, 'method': 'GET', 'target': '/v1/' + 'x' * 60000, 'headers': {}}))\ntime.sleep(30)",
    "header injection": "os.write(wire(), frame({'type': 'call', 'n': 1, 'method': 'GET', 'target': '/v1/x HTTP/1.1\\r\\nx: y', 'headers': {}}))\ntime.sleep(30)",
    "calls and never reads": "while True: os.write(wire(), frame({'type': 'call', 'n': 1, 'method': 'GET', 'target': '/v1/openapi.json', 'headers': {}}))",
    "closes its socket and goes on": "fd = wire()\nos.close(fd)\nwhile True: time.sleep(1)",
    "shuts its socket and goes on": "import socket\nsocket.socket(fileno=wire()).shutdown(2)\nwhile True: time.sleep(1)",
    "closes everything": "os.closerange(0, 100)\nwhile True: time.sleep(1)",
}


@pytest.mark.parametrize("what", LIARS)
def test_one_that_lies(lab, server, what):
    run = attack(lab, server, "python", py(LIARS[what], top=SOCKET), timeout="2s")
    assert run["status"] in ENDED or what in ("twice", "for others"), run
    if run["status"] != "succeeded":
        assert re.search("protocol|2000 ms|ended|printed", run["error"]), run


def test_one_that_never_reads_its_input(lab, server):
    # It says itself that it has finished, so that it is given the next event.
    source = py("import sys\nos.write(wire(), frame({'type': 'result', 'id': sys._getframe(2).f_locals['number']}))\ntime.sleep(60)", top=SOCKET)
    runs = attack(lab, server, "python", source, timeout="1s", count=20)
    assert {run["status"] for run in runs} == {"timeout", "succeeded"}, runs


def test_a_daemon_does_not_outlive_its_invocation_by_much(lab, server):
    marker = f"daemon{os.getpid()}x{time.monotonic_ns()}"
    source = py(f"import os, sys\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        os.execv(sys.executable, [sys.executable, '-c', 'import time; time.sleep(60)', {marker!r}])\n    os._exit(0)\nos.wait()")
    run = attack(lab, server, "python", source)
    assert run["status"] == "succeeded", run
    eventually(lambda: strays(marker) == [], 5, "the daemon's end")


def test_a_command_leaves_nothing_behind(lab, server):
    marker = f"9{time.monotonic_ns()}"
    run = attack(lab, server, "command", sh(f"(setsid sleep {marker} </dev/null >/dev/null 2>&1 &) ; (trap '' TERM HUP; sleep {marker}) & echo done"), timeout="10s")
    assert run["status"] == "succeeded" and run["durationMs"] < 5000, run
    eventually(lambda: strays(marker) == [], 5, "the daemon's end")


def test_what_a_worker_sees_of_the_servers_secrets(lab, server):
    run = attack(lab, server, "python", py("import os\nprint('ENV', sorted(os.environ), os.getuid(), os.listdir('/'))"))
    said = next(line["message"] for line in lab.logs() if "ENV" in line["message"])
    assert run["status"] == "succeeded" and ADMIN_PASSWORD not in said and "ROOST_ADMIN" not in said, said
    assert "'root'" not in said and "'home'" not in said and "'work'" not in said, said


def test_two_functions_cannot_see_one_another(lab, server):
    """Processes, files and signals end at the sandbox."""
    first = py("import os, time\nopen('/tmp/mine', 'w').write('secret')\ntime.sleep(3)")
    lab.admin.put_function(lab.function + "one", first, triggers=on(lab.source), runtime="python", retry={"attempts": 1, "backoff": "20ms"})
    run = attack(lab, server, "python", py("import os, time\ntime.sleep(0.5)\nprint('SEES', os.listdir('/tmp'), [n for n in os.listdir('/proc') if n.isdigit()])"), timeout="5s")
    said = next(line["message"] for line in lab.logs() if "SEES" in line["message"])
    lab.admin.delete(f"/v1/functions/{lab.function}one")
    assert run["status"] == "succeeded" and said == "SEES [] ['1']", said


def test_the_sandbox_is_there_on_this_machine(admin, server):
    if subprocess.run(["bwrap", "--unshare-user", "--ro-bind", "/", "/", "true"], capture_output=True).returncode == 0:
        eventually(lambda: admin.get("/readyz").json()["sandbox"] == "full", what="the full sandbox")


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user already")
def test_an_ordinary_users_server_is_as_safe(start, service):
    """Without root no worker has a user of its own: the namespaces have to do."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    try:
        shutil.copy(BINARY, folder / "roost")
        shutil.chown(folder, 54321, 54321)
        server = start(folder / "data", prefix=["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups", "sh", "-c", f'shift; exec {folder}/roost "$@"', "sh"])
        lab = Lab(admin_login(server), "u")
        lab.admin.put_collection(lab.source)
        lab.admin.put_collection(lab.target)
        for what in ("python", "python daemons", "command"):
            assert attack(lab, server, what.split()[0], BOMBS[what], timeout="3s")["status"] in ENDED
        for what in ("python in children", "command in children"):
            assert attack(lab, server, what.split()[0], HOGS[what], timeout="15s")["status"] == "memory_limit"
        for what in ("python everybody", "command its parent"):
            attack(lab, server, what.split()[0], KILLERS[what], timeout="1s")
            assert server.is_running
        body = REACH["python"].replace("OTHER", str(service.server_address[1]))
        lab.admin.put_function(lab.function, py(body).replace("DATA", str(server.data)).replace("PORT", str(server.port)).replace("PID", str(server.pid)),
                               triggers=on(lab.source), runtime="python", timeout="20s", retry={"attempts": 1, "backoff": "20ms"})
        assert lab.finished(lab.create())[0]["status"] == "succeeded"
        said = next(line["message"] for line in lab.admin.every(f"/v1/functions/{lab.function}/logs") if "GOT" in line["message"])
        assert said.split() == ["GOT", "END"], said
        assert service.seen == 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)
