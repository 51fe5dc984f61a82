"""The examples of the guides, run as a reader would run them."""
import os
import re
import shutil
import subprocess

from roost_server import BINARY, ROOT, environment


def read(name):
    return (ROOT / f"docs/guides/{name}.md").read_text()


def blocks(text, kind="sh"):
    """The code blocks of one kind, in their order."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def run(script, server, folder, seconds=90):
    """Runs a script of the guides against a server, in a folder and a home of its own; `roost` is the binary under test. Any command that fails ends it.
    Answers what it printed."""
    home = folder / "home"
    (home / "bin").mkdir(parents=True, exist_ok=True)
    if not (home / "bin/roost").exists():
        os.symlink(BINARY, home / "bin/roost")
    env = environment(HOME=str(home), XDG_CONFIG_HOME=str(home / ".config"), DATA=str(server.data))
    env["PATH"] = f"{home / 'bin'}:{env['PATH']}"
    script = script.replace("http://127.0.0.1:8090", server.url)
    done = subprocess.run([shutil.which("bash"), "-euo", "pipefail", "-c", script], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout
    return done.stdout


def run_guide(name, server, folder, seconds=90):
    """All shell blocks of a guide, one after the other. Answers what they printed."""
    return run("\n".join(blocks(read(name))), server, folder, seconds)
