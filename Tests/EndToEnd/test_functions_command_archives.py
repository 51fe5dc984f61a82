"""Commands as archives: a program with its folder, one process an event."""
import io
import json
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from roost_client import assert_problem
from roost_server import command

SCRIPT = """#!/bin/sh
. ./lib/greet.sh
echo "in $(pwd) by $0 with $KEY" >&2
touch here 2>/dev/null && echo "wrote to its folder" >&2
touch /event/x 2>/dev/null; touch /tmp/scratch || exit 9
printf '{"greeting": "%s", "event": %s}' "$(greet)" "$(cat)"
"""
FILES = {"bin/run me.sh": SCRIPT, "lib/greet.sh": "greet() { cat data.txt; }\n", "data.txt": "from the archive"}


def tar(files, executables=()):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            data = content if isinstance(content, bytes) else content.encode()
            info.size, info.mode = len(data), 0o755 if name in executables else 0o644
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(files, executables=()):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, (0o100755 if name in executables else 0o100644) << 16
            archive.writestr(info, content)
    return out.getvalue()


@pytest.fixture
def lab(admin, own_name):
    lab = Lab(admin, own_name)
    yield lab
    admin.delete(lab.path)


class Lab:
    def __init__(self, admin, name):
        self.admin, self.name, self.path = admin, name, f"/v1/functions/{name}"

    def form(self, archive, **manifest):
        manifest = {"runtime": "command", "retry": {"attempts": 1}, "triggers": [{"type": "event", "name": f"e{self.name}"}], **manifest}
        return self.admin.put(self.path, files={"archive": ("a", archive, "application/octet-stream"), "manifest": (None, json.dumps(manifest), "application/json")})

    def deploy(self, archive, **manifest):
        response = self.form(archive, **manifest)
        assert response.status_code in (200, 201), response.text
        return response.json()

    def test(self, **body):
        return self.admin.must(200, "POST", self.path + "/test", json=body)


@pytest.mark.parametrize("pack", [tar, zipped])
def test_a_program_runs_in_its_folder(lab, pack):
    deployed = lab.deploy(pack(FILES, ["bin/run me.sh"]), entry="bin/run me.sh", env={"KEY": "it's me"})
    assert deployed["entry"] == "bin/run me.sh" and deployed["archive"]["size"] > 100
    for _ in range(2):
        answer = lab.test()
        assert answer["invocation"]["status"] == "succeeded", answer
        assert answer["value"]["greeting"] == "from the archive" and answer["value"]["event"]["specversion"] == "1.0", answer
        assert [line["message"] for line in answer["logs"]] == ["in /function by /function/bin/run me.sh with it's me"]
    # The manifest comes back with the checksum alone.
    again = lab.admin.must(200, "PUT", lab.path, json={**{key: deployed[key] for key in ("runtime", "entry", "triggers", "archive")}, "timeout": "3s"})
    assert again["timeout"] == "3s" and lab.test()["value"]["greeting"] == "from the archive"


@pytest.mark.parametrize("name, files", [
    ("main", {"main": "#!/usr/bin/env python3\nimport here, json; print(json.dumps(here.NAME))", "here.py": "NAME = 'beside'"}),
    ("main.sh", {"main.sh": "echo '\"beside\"'"}),
    ("main", {"main": "#!/usr/bin/env -S perl -w\nprint '\"beside\"';", "main.sh": "exit 1"}),
])
def test_usual_names_need_no_entry(lab, name, files):
    assert lab.deploy(tar(files, files))["entry"] == name
    assert lab.test()["value"] == "beside"


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler here")
def test_a_compiled_program_runs(lab, tmp_path):
    (tmp_path / "main.c").write_text('#include <stdio.h>\nint main(void) { char b[99]; FILE *f = fopen("data.txt", "r"); fgets(b, 99, f); printf("\\"%s\\"", b); return 0; }')
    subprocess.run(["cc", "-o", tmp_path / "main", tmp_path / "main.c"], check=True)
    lab.deploy(tar({"main": (tmp_path / "main").read_bytes(), "data.txt": "compiled"}, ["main"]))
    assert lab.test()["value"] == "compiled"


def test_what_cannot_run_is_refused_and_the_old_version_goes_on(lab):
    lab.deploy(tar({"main": "#!/bin/sh\necho 1\n"}, ["main"]))
    refused = lambda files, executables, says, **manifest: assert_problem(lab.form(tar(files, executables), **manifest), 422, "deploy_refused", says=says)
    refused({"other": "#!/bin/sh\n"}, ["other"], "main.sh")
    refused({"main": "#!/bin/sh\n"}, ["main"], "bin/x", entry="bin/x")
    refused({"main": "#!/bin/sh\n"}, [], "not executable")
    refused({"a/b": "#!/bin/sh\n", "a/c": ""}, [], "not executable", entry="a/b")
    refused({"main": "#!/bin/sh\nif then fi\n"}, ["main"], "Syntax error")
    refused({"main": "#!/usr/bin/env python3\ndef\n"}, ["main"], "SyntaxError")
    refused({"main": "#!/usr/bin/nonesuch -x\n"}, ["main"], "/usr/bin/nonesuch")
    refused({"main": "#!/usr/bin/env -S A=b nonesuch -x\n"}, ["main"], "nonesuch")
    refused({"main": "#! \n"}, ["main"], "names no interpreter")
    refused({"a=b": "#!/bin/sh\n"}, ["a=b"], "'='", entry="a=b")
    refused({"it's; exit 0 $(id)": "#!/bin/sh\n"}, [], "not executable", entry="it's; exit 0 $(id)")
    assert lab.test()["value"] == 1


def test_a_program_gets_out_no_more_than_a_script_does(lab):
    lab.deploy(tar({"main": f"""#!/bin/sh
for place in /etc/shadow {lab.admin.server.data} /home /root /proc/1/environ; do cat $place >/dev/null 2>&1 && echo "read $place" >&2; ls $place/* >/dev/null 2>&1 && echo "listed $place" >&2; done
chmod 777 /function/main 2>/dev/null && echo "changed the program" >&2
exit 3
"""}, ["main"]))
    answer = lab.test()
    assert answer["invocation"]["status"] == "failed" and "exit status 3" in answer["invocation"]["error"]
    assert [line["message"] for line in answer["logs"] if "environ" not in line["message"]] == [], answer["logs"]


def test_the_command_line_packs_it(lab, tmp_path):
    folder = tmp_path / lab.name
    folder.mkdir()
    (folder / "main").write_text("#!/bin/sh\necho '\"packed\"'\n")
    (folder / "main").chmod(0o755)
    (folder / "function.json").write_text(json.dumps({"runtime": "command", "triggers": [{"type": "event", "name": "x"}]}))
    done = command("functions", "deploy", folder, "--json", env={"ROOST_SERVER": lab.admin.server.url, "ROOST_KEY": lab.admin.token})
    assert done.returncode == 0, done.stderr
    assert lab.test()["value"] == "packed"
