"""The tour of the README works as it stands."""
import re
import subprocess

from roost_client import admin_login
from roost_server import BINARY, ROOT, environment, eventually


def blocks():
    """The shell blocks of the tour, without the one that starts the server."""
    tour = (ROOT / "README.md").read_text().split("## Five minutes")[1].split("\n## ")[0]
    found = re.findall(r"```sh\n(.*?)```", tour, re.DOTALL)
    assert "scripts/serve" in found[0] and len(found) >= 6
    return found[1:]


def test_the_tour(start, tmp_path):
    server = start(tmp_path / "roost_data", env={"ROOST_ADMIN_EMAIL": "me@example.org", "ROOST_ADMIN_PASSWORD": "a long password"})
    script = "\n".join([
        "set -euo pipefail", 'curl() { command curl --fail-with-body --silent --show-error "$@"; }', *blocks(),
    ]).replace("http://127.0.0.1:8090", server.url).replace("$PWD/.build/release", str(BINARY.parent)).replace("./roost_data", str(server.data)).replace("README.md", str(ROOT / "README.md"))
    run = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"code"' not in run.stdout, run.stdout
    assert "ada@example.org" in run.stdout and "# Roost" in run.stdout
    admin = admin_login(server, "me@example.org", "a long password")
    eventually(lambda: [item["title"] for item in admin.list("audit")["items"]] == ["Again"], what="what the function wrote")
