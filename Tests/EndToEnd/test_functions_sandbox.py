"""Ways around a worker's bounds: memory that no process shows as its own, work after the end, the kernel's own files, and the server's memory."""
import json
import os
import re
import time
from pathlib import Path

import pytest

from roost_client import on
from roost_server import eventually
from test_functions import Lab, lab  # noqa: F401
from test_functions_archives import tar_of
from test_functions_hostile import ENDED, MEGABYTE, SOCKET, attack, descendants, js, py


def of_archive(lab, source, **more):
    """Runs a Python function that comes as an archive on one document: its invocation."""
    manifest = {"runtime": "python", "entry": "main.py", "timeout": "20s", "triggers": on(lab.source), "retry": {"attempts": 1, "backoff": "20ms"}, **more}
    form = {"manifest": ("function.json", json.dumps(manifest), "application/json"), "archive": ("a.tar.gz", tar_of({"main.py": source}), "application/gzip")}
    answer = lab.admin.put(f"/v1/functions/{lab.function}", files=form)
    assert answer.status_code in (200, 201), answer.text
    return lab.finished(lab.create(), seconds=60)[0]


# The kernel's own files

WRITABLE = """
import json
import os
def handler(event, context):
    found = []
    for folder, _, names in os.walk("/proc"):
        if folder.startswith("/proc/1/") and folder.count("/") > 2: continue
        for name in names:
            try:
                os.close(os.open(folder + "/" + name, os.O_WRONLY))
                found.append(folder + "/" + name)
            except OSError: pass
    print("WRITABLE", " ".join(found[:20]), "END")
"""


@pytest.mark.parametrize("kind", ["inline", "archive"])
def test_no_file_of_the_kernel_can_be_written(lab, kind):
    """A process of root's may write /proc/sys without any capability: /proc/sys/kernel/core_pattern alone would be the whole machine."""
    if kind == "archive":
        run = of_archive(lab, WRITABLE)
    else:
        lab.admin.put_function(lab.function, WRITABLE, runtime="python", triggers=on(lab.source), timeout="20s", retry={"attempts": 1, "backoff": "20ms"})
        run = lab.finished(lab.create(), seconds=60)[0]
    assert run["status"] == "succeeded", run
    assert [line["message"] for line in lab.logs() if "WRITABLE" in line["message"]] == ["WRITABLE  END"]


# Memory that no process shows as its own

MAPPED = "import mmap, os, time\n"
HIDDEN = {
    "shared": MAPPED + "for n in range(64):\n    m = mmap.mmap(-1, 16 << 20)\n    for i in range(0, len(m), 4096): m[i] = 1\n    m.madvise(mmap.MADV_DONTNEED)\n    globals()[f'm{n}'] = m",
    "of /dev/zero": MAPPED + "with open('/dev/zero', 'r+b') as file:\n    for n in range(64):\n        m = mmap.mmap(file.fileno(), 16 << 20)\n        for i in range(0, len(m), 4096): m[i] = 1\n        m.madvise(mmap.MADV_DONTNEED)\n        globals()[f'm{n}'] = m",
    "page tables": MAPPED + "m = mmap.mmap(-1, 1 << 40, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000, prot=mmap.PROT_READ)\nfor i in range(0, len(m), 1 << 21): m[i]",
    "files without content": "import os\nfor n in range(200_000): os.close(os.open(f'/tmp/{n}', os.O_CREAT))",
    "files in /dev/shm": "import os\nfor n in range(200_000): os.close(os.open(f'/dev/shm/{n}', os.O_CREAT))",
    "sockets": """
import os, socket, time
def grab():
    all = []
    try:
        while True: all += socket.socketpair()
    except OSError: pass
    for one in all:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        one.setblocking(False)
        try:
            while True: one.send(b'x' * 65536)
        except OSError: pass
    return all
for n in range(4):
    if os.fork() == 0:
        all = grab()
        time.sleep(60)
time.sleep(5)
""",
    "pages in pipes": """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
class Part(ctypes.Structure): _fields_ = [('base', ctypes.c_char_p), ('length', ctypes.c_size_t)]
part = Part(b'x' * 4096, 4096)
if libc.vmsplice(os.pipe()[1], ctypes.byref(part), 1, 0) < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
""",
}


@pytest.mark.parametrize("what", HIDDEN)
def test_memory_that_nobody_sees_is_bounded(lab, server, what):
    run = attack(lab, server, "python", py(HIDDEN[what]), timeout="15s")
    assert run["status"] in ENDED and run["status"] != "timeout", run
    assert run["durationMs"] < 8000, run


def test_connections_to_itself_hold_little(lab):
    """All connections of the machine share one sum: past it the server's own get no more."""
    source = py("""
import socket
listener = socket.create_server(('127.0.0.1', 7000))
one = socket.create_connection(('127.0.0.1', 7000))
other, sent = listener.accept()[0], 0
one.setblocking(False)
try:
    while True: sent += one.send(b'x' * 100_000)
except BlockingIOError: pass
print('SENT', sent)
""")
    lab.admin.put_function(lab.function, source, runtime="python", triggers=on(lab.source))
    assert lab.finished(lab.create())[0]["status"] == "succeeded"
    said = next(line["message"] for line in lab.logs())
    assert 10_000 < int(said.split()[1]) < 1_000_000, said


def test_a_large_file_of_zeros_is_still_there(lab, server):
    run = attack(lab, server, "python", py("with open('/dev/zero', 'rb') as file: assert file.read(1 << 20) == bytes(1 << 20)"))
    assert run["status"] == "succeeded", run


def test_threads_of_an_archive_are_bounded(lab):
    """Root's processes are never counted by the kernel."""
    run = of_archive(lab, "import threading, time\ndef handler(event, context):\n    threading.stack_size(32768)\n    while True: threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n", memory="512MB")
    assert run["status"] in ENDED and run["durationMs"] < 5000, run
    assert re.search("processes|thread", run["error"]), run


def test_the_bounds_of_the_kernel_are_set(lab):
    """Also by a root that may not change those of others, as in a container."""
    source = py("import resource\nprint('BOUNDS', *(resource.getrlimit(which)[1] for which in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)))")
    lab.admin.put_function(lab.function, source, runtime="python", triggers=on(lab.source))
    assert lab.finished(lab.create())[0]["status"] == "succeeded"
    assert [line["message"] for line in lab.logs()] == [f"BOUNDS {(1 << 30) + (128 << 20)} 128 256 0"]


# After its end

AFTER = {
    "python thread": ("python", py("threading.Thread(target=later, daemon=True).start()", top="import threading, time\ndef later():\n    time.sleep(1)\n    while True: pass\n")),
    "python forks": ("python", py("threading.Thread(target=later, daemon=True).start()", top="import os, threading, time\ndef later():\n    time.sleep(1)\n    for n in range(20):\n        if os.fork() == 0: a = bytearray(100 << 20)\n    time.sleep(60)\n")),
    "python memory": ("python", py("threading.Thread(target=later, daemon=True).start()", top="import threading, time\ndef later():\n    time.sleep(1)\n    globals()['a'] = bytearray(180 << 20)\n    time.sleep(60)\n")),
    "javascript worker": ("javascript", js("new Worker('data:text/javascript,while (true) {}', { type: 'module' });")),
}


@pytest.mark.parametrize("what", AFTER)
def test_a_worker_that_goes_on_after_its_function_has_returned_is_ended(lab, server, what):
    runtime, source = AFTER[what]
    eventually(lambda: time.sleep(0.2) or len(descendants(server.pid)) <= 12, 20)
    lab.admin.put_function(lab.function, source, runtime=runtime, triggers=on(lab.source))
    assert lab.finished(lab.create())[0]["status"] == "succeeded"


    time.sleep(1.2)
    begin, most = time.monotonic(), 0
    while time.monotonic() - begin < 4:
        most = max(most, sum(resident(pid) for pid in descendants(server.pid)))
        time.sleep(0.1)
    assert busy(server, 1) < 0.5, "something goes on"
    assert most < 1500 * MEGABYTE


def resident(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096
    except OSError:
        return 0


def busy(server, seconds):
    """Processors used by what the server has started."""
    def ticks():
        total = {}
        for pid in descendants(server.pid):
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total[pid] = int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total

    before = ticks()
    time.sleep(seconds)
    return sum(count - before.get(pid, 0) for pid, count in ticks().items()) / os.sysconf("SC_CLK_TCK") / seconds


# The server's memory

WIRE = SOCKET + """
import sys
def put(fd, data):
    while data: data = data[os.write(fd, data):]
"""


def test_bodies_of_calls_are_read_when_there_is_room(lab, server):
    slow = lab.function + "slow"
    lab.admin.put_function(slow, "export default () => new Promise((resolve) => setTimeout(resolve, 20_000))", concurrency=1, timeout="5s", triggers=[{"type": "http", "access": "true"}])
    body = py("fd = wire()\nfor n in range(1000, 1030):\n    put(fd, frame(b'{\"type\":\"call\",\"n\":%d,\"method\":\"POST\",\"target\":\"/v1/call/SLOW\",\"headers\":{},\"body\":\"%s\"}' % (n, b'x' * (4 << 20))))", top=WIRE)
    lab.admin.put_function(lab.function, body.replace("SLOW", slow), runtime="python", concurrency=10, timeout="4s", triggers=on(lab.source), retry={"attempts": 1, "backoff": "20ms"})
    before, most = server.memory(), 0
    documents = [lab.create() for _ in range(10)]
    until = time.monotonic() + 5
    while time.monotonic() < until:
        most = max(most, server.memory() - before)
        time.sleep(0.05)
    for document in documents:
        assert lab.finished(document, seconds=60)
    lab.admin.delete(f"/v1/functions/{lab.function}")
    lab.admin.delete(f"/v1/functions/{slow}")
    assert most < 500 * MEGABYTE, f"the server grew by {most >> 20} MB"


def test_many_large_calls_at_once_still_arrive(lab, server):
    """What is held back goes on."""
    lab.admin.put_bucket("large")
    source = "export default async (event, { files }) => { await Promise.all(Array.from({ length: 20 }, (_, n) => files.bucket('large').put(`${n}`, 'x'.repeat(3_000_000)))); };"
    lab.admin.put_function(lab.function, source, memory="512MB", triggers=on(lab.source), timeout="30s", retry={"attempts": 1, "backoff": "20ms"})
    run = lab.finished(lab.create(), seconds=60)[0]
    assert run["status"] == "succeeded", run
    assert len(lab.admin.every("/v1/files/large")) == 20


# Half characters

HALVES = {
    "printed": ("console.log('a\\ud800b', '\\udfff'); return 'ok'", 200, "ok"),
    "answered": ("return 'a\\ud800b'", 200, "a\ufffdb"),
    "in an object": ("return { a: '\\udfff' }", 200, None),
    "thrown": ("throw new Error('a\\ud800b')", 502, None),
    "thrown as it is": ("throw 'a\\ud800b'", 502, None),
    "in a header": ("return new Response('x', { headers: { a: encodeURIComponent('b') } })", 200, "x"),
    "stored": ("return String((await context.db.collection('nowhere').create({ a: '\\ud800' }).catch((error) => error)).name)", 200, "RoostError"),
}


@pytest.mark.parametrize("what", HALVES)
def test_half_characters_are_no_breach_of_the_protocol(lab, what):
    body, status, text = HALVES[what]
    lab.admin.put_function(lab.function, f"export default async (request, context) => {{ {body} }}", triggers=[{"type": "http", "access": "true"}])
    answer = lab.admin.post(f"/v1/call/{lab.function}")
    assert answer.status_code == status, answer.text
    if text is not None:
        assert answer.content.decode() == text
    runs = eventually(lab.invocations)
    assert runs[0]["status"] == ("succeeded" if status == 200 else "failed"), runs
    assert "protocol" not in (runs[0]["error"] or "")


@pytest.mark.parametrize("value", ["'x'.repeat(30_000_000)", "{ a: 'x'.repeat(9_000_000) }"])
def test_an_answer_that_is_too_large_is_told(lab, value):
    lab.admin.put_function(lab.function, f"export default () => ({value})", triggers=[{"type": "http", "access": "true"}], memory="512MB")
    assert lab.admin.post(f"/v1/call/{lab.function}").status_code == 502
    run = eventually(lab.invocations)[0]
    assert run["status"] == "failed" and "8388608 bytes" in run["error"], run
