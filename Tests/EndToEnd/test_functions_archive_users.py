"""On a server that runs as root a worker with an archive has a user of its own, as every other worker has, and a bound on its processes that the system keeps."""
import io
import json
import os
import re
import tarfile
from pathlib import Path

import pytest

from roost_client import admin_login
from roost_server import eventually

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes other users")

WHO = {
    "python": ("main.py", "import resource\ndef handler(event, context):\n    return [open('/proc/self/status').read(), resource.getrlimit(resource.RLIMIT_NPROC)[1], open('/function/data.txt').read()]"),
    "javascript": ("main.ts", "export default async () => ['', 128, await Deno.readTextFile('/function/data.txt')];"),
    "command": ("main", "#!/usr/bin/python3\nimport json, resource\nprint(json.dumps(['', resource.getrlimit(resource.RLIMIT_NPROC)[1], open('/function/data.txt').read()]))"),
}
SLEEPER = "import time\ndef handler(event, context):\n    time.sleep(4)"
BOMB = "import os, time\ndef handler(event, context):\n    n = 0\n    while True:\n        try:\n            if os.fork() == 0: time.sleep(60)\n            n += 1\n        except OSError as e:\n            print('stopped after', n, e.errno, flush=True)\n            time.sleep(1)"


class Lab:
    def __init__(self, server, name):
        self.server, self.admin, self.path = server, admin_login(server), f"/v1/functions/{name}"

    def deploy(self, runtime, files, **more):
        manifest = {"runtime": runtime, "retry": {"attempts": 1}, "triggers": [{"type": "event", "name": "go"}], **more}
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            for name, content in files.items():
                info = tarfile.TarInfo(name)
                info.size, info.mode = len(content), 0o700 if name == "main" else 0o600
                tar.addfile(info, io.BytesIO(content.encode()))
        response = self.admin.put(self.path, files={"archive": ("a", archive.getvalue(), "application/octet-stream"), "manifest": (None, json.dumps(manifest), "application/json")})
        assert response.status_code in (200, 201), response.text

    def test(self):
        answer = self.admin.must(200, "POST", self.path + "/test", json={})
        assert answer["invocation"]["status"] == "succeeded", answer
        return answer["value"]

    def users(self):
        """Of all processes below the server, in its own view."""
        parents, users = {}, {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    status = (folder / "status").read_text()
                except OSError:
                    continue
                parents[int(folder.name)] = int(re.search(r"PPid:\s+(\d+)", status)[1])
                users[int(folder.name)] = int(re.search(r"Uid:\s+(\d+)", status)[1])
        def below(pid):
            while pid > 1 and pid != self.server.pid:
                pid = parents.get(pid, 0)
            return pid == self.server.pid
        return [users[pid] for pid in users if pid != self.server.pid and below(pid)]


@pytest.mark.parametrize("runtime", list(WHO))
def test_each_worker_has_a_user_of_its_own(server, runtime):
    lab = Lab(server, f"who{runtime}")
    name, source = WHO[runtime]
    lab.deploy(runtime, {name: source, "data.txt": "from the archive"})
    status, tasks, data = lab.test()
    assert data == "from the archive", "with files that were packed for their owner alone"
    assert tasks == 128
    users = lab.users()
    assert users and all(user >= 0x60000000 for user in users), users


def test_a_lambda_function_too(server):
    lab = Lab(server, "wholambda")
    code = """#!/usr/bin/python3
import json, os, resource, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/invocation/"
while True:
    with urllib.request.urlopen(api + "next") as event:
        event.read()
        id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    data = json.dumps([open(p + "/data.txt").read() for p in ("/var/task", "/function")] + [resource.getrlimit(resource.RLIMIT_NPROC)[1]]).encode()
    urllib.request.urlopen(urllib.request.Request(api + id + "/response", data=data, method="POST")).read()
"""
    archive = {"bootstrap": code, "data.txt": "here"}
    manifest = {"runtime": "lambda", "retry": {"attempts": 1}, "triggers": [{"type": "event", "name": "go"}], "handler": "x.y"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, content in archive.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o755
            tar.addfile(info, io.BytesIO(content.encode()))
    response = lab.admin.put(lab.path, files={"archive": ("a", out.getvalue(), "application/octet-stream"), "manifest": (None, json.dumps(manifest), "application/json")})
    assert response.status_code == 201, response.text
    assert lab.test() == ["here", "here", 128]


def test_two_workers_are_two_users_and_the_server_sees_no_mount(server):
    lab = Lab(server, "two")
    lab.deploy("python", {"main.py": SLEEPER}, concurrency=2, timeout="10s")
    for subject in "ab":
        lab.admin.must(202, "POST", "/v1/events", json={"name": "go", "subject": subject})
    eventually(lambda: lab.admin.must(200, "GET", lab.path)["instances"] == 2, what="two workers")
    users = lab.users()
    assert 0 not in users and len(set(users)) >= 2, users
    assert "/functions/" not in Path(f"/proc/{server.pid}/mounts").read_text()
    lab.admin.must(204, "DELETE", lab.path)


def test_a_fork_bomb_is_stopped_by_the_system(server):
    lab = Lab(server, "bomb")
    lab.deploy("python", {"main.py": BOMB}, timeout="3s", memory="1GB")
    lab.admin.must(202, "POST", "/v1/events", json={"name": "go"})
    run = eventually(lambda: lab.admin.every(lab.path + "/invocations"), what="the run")[0]
    assert run["status"] == "crashed" and "more than 64 processes" in run["error"], run
    lines = [line["message"] for line in lab.admin.every(lab.path + "/logs")]
    for line in lines:
        assert int(re.match(r"stopped after (\d+) 11", line)[1]) <= 128, lines
    assert lab.admin.get("/healthz").status_code == 200
    eventually(lambda: len(lab.users()) < 64, what="the end of its processes")


def test_without_the_right_to_mount_it_runs_as_the_server_does(start, tmp_path):
    server = start(tmp_path / "data", prefix=["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"])
    lab = Lab(server, "small")
    name, source = WHO["python"]
    lab.deploy("python", {name: source, "data.txt": "from the archive"})
    assert lab.test()[2] == "from the archive"
    assert 0 in lab.users()
    assert "share the server's user" in server.log_text()
