"""Functions deployed as archives: what a folder can do, and what hostile archives may not."""
import gzip
import io
import json
import os
import stat
import struct
import tarfile
import zipfile

import pytest

from roost_client import admin_login, assert_problem, on
from roost_server import command, eventually

MAIN = """
import { greet } from "./lib/greet.ts";
export default async (event, { db }) => { await db.collection("OUT").put(event.data.after.id, { greeting: greet(event.data.after.name), data: await Deno.readTextFile(new URL("./data.txt", import.meta.url)) }); };
"""
GREET = "export const greet = (name: string): string => `hello ${name}`;"


def tar_of(files, **more):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", **more) as archive:
        for name, content in files.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            data = b"" if isinstance(content, tarfile.TarInfo) else content if isinstance(content, bytes) else content.encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def lab(admin, place):
    return Lab(admin, place)


class Lab:
    def __init__(self, admin, name):
        self.admin, self.source, self.target, self.path = admin, f"in{name}", f"out{name}", f"/v1/functions/f{name}"
        self.files = {"main.ts": MAIN.replace("OUT", self.target), "lib/greet.ts": GREET, "data.txt": "from the archive"}
        self.manifest = {"triggers": on(self.source), "retry": {"attempts": 1}}

    def form(self, archive, manifest=None, **more):
        files = {"archive": ("function.bin", archive, "application/octet-stream"), "manifest": (None, json.dumps(manifest or self.manifest), "application/json")}
        return self.admin.put(self.path, files=files, **more)

    def deploy(self, archive, manifest=None):
        response = self.form(archive, manifest)
        assert response.status_code in (200, 201), response.text
        return response.json()

    def runs(self, name="Ada"):
        document = self.admin.create(self.source, name=name)
        def answer():
            found = self.admin.get(f"/v1/documents/{self.target}/{document['id']}")
            if found.status_code == 200:
                return found.json()
            failed = [item for item in self.admin.every(f"{self.path}/invocations") if item["status"] != "succeeded"]
            assert not failed, failed
        return eventually(answer)

    def folders(self):
        root = self.admin.server.data / "projects/default/functions"
        return {name for name in os.listdir(root) if name != "incoming"}, os.listdir(root / "incoming")


@pytest.mark.parametrize("pack", [tar_of, zip_of, lambda files: zip_of(files, zipfile.ZIP_STORED), lambda files: tar_of(files, format=tarfile.GNU_FORMAT), lambda files: tar_of(files, format=tarfile.USTAR_FORMAT)])
def test_a_folder_runs(lab, pack):
    deployed = lab.deploy(pack(lab.files))
    assert deployed["entry"] == "main.ts" and len(deployed["archive"]["checksum"]) == 64
    found = lab.runs()
    assert found["greeting"] == "hello Ada" and found["data"] == "from the archive"
    version = lab.admin.must(200, "GET", f"{lab.path}/versions")["items"][0]
    assert version["kind"] == "archive" and version["checksum"] == deployed["archive"]["checksum"] and version["size"] == deployed["archive"]["size"]
    assert "source" not in lab.admin.must(200, "GET", lab.path)


@pytest.mark.parametrize("type, pack", [("application/zip", zip_of), ("application/gzip", tar_of)])
def test_a_bare_archive_brings_its_manifest(lab, type, pack):
    archive = pack({**lab.files, "function.json": json.dumps(lab.manifest)})
    response = lab.admin.put(lab.path, data=archive, headers={"Content-Type": type})
    assert response.status_code == 201, response.text
    assert lab.runs()["greeting"] == "hello Ada"
    assert_problem(lab.admin.put(lab.path, data=pack(lab.files), headers={"Content-Type": type}), 422, "validation_failed", says="function.json")
    assert_problem(lab.admin.put(lab.path, data=pack({**lab.files, "function.json": "{"}), headers={"Content-Type": type}), 400, "invalid_json")


def test_versions_share_archives_and_unused_ones_go(lab):
    lab.deploy(tar_of(lab.files))
    first = lab.runs()
    one = lab.admin.must(200, "GET", lab.path)["archive"]["checksum"]
    lab.deploy(tar_of(lab.files))
    two = lab.deploy(tar_of({**lab.files, "data.txt": "other"}))["archive"]["checksum"]
    assert lab.runs()["data"] == "other"
    assert lab.admin.must(200, "POST", f"{lab.path}/rollback", json={"version": 1})["archive"]["checksum"] == one
    assert lab.runs()["data"] == first["data"]
    names, incoming = lab.folders()
    assert {name[:64] for name in names} >= {one, two} and incoming == []
    # Other settings for the same archive.
    manifest = {**lab.manifest, "timeout": "3s", "archive": one}
    assert lab.admin.must(200, "PUT", lab.path, json=manifest)["timeout"] == "3s"
    assert lab.runs()["data"] == first["data"]
    assert_problem(lab.admin.put(lab.path, json={**manifest, "archive": "0" * 64}), 404, "not_found")
    assert_problem(lab.admin.put(lab.path, json={**manifest, "archive": {"checksum": "../../../etc"}}), 404, "not_found")
    assert_problem(lab.admin.put(lab.path, json={**manifest, "source": "export default 1"}), 422, "validation_failed")
    lab.admin.must(204, "DELETE", f"{lab.path}/versions/3")
    assert two not in {name[:64] for name in lab.folders()[0]}
    lab.admin.must(204, "DELETE", lab.path)
    assert one not in {name[:64] for name in lab.folders()[0]}


def test_what_does_not_load_is_refused_and_leaves_nothing(lab):
    lab.deploy(tar_of(lab.files))
    before = lab.folders()
    bad = [
        ({"main.ts": "export default ;"}, "deploy_refused"), ({"other.ts": "export default () => 1"}, "deploy_refused"),
        ({"main.ts": 'import "./missing.ts"; export default () => 1;'}, "deploy_refused"), ({"main.ts": "export const a = 1;"}, "deploy_refused"),
    ]
    for files, code in bad:
        assert_problem(lab.form(tar_of(files)), 422, code)
    assert_problem(lab.form(tar_of(lab.files), {**lab.manifest, "entry": "nowhere.ts"}), 422, "deploy_refused")
    assert_problem(lab.form(tar_of(lab.files), {**lab.manifest, "entry": "../main.ts"}), 422, "deploy_refused")
    assert_problem(lab.form(tar_of(lab.files), {**lab.manifest, "triggers": on("nowhere")}), 422, "validation_failed")
    assert_problem(lab.form(tar_of(lab.files), {**lab.manifest, "timeout": "1 year"}), 422, "validation_failed")
    assert lab.folders() == before
    assert lab.runs()["greeting"] == "hello Ada"


def test_a_function_sees_its_folder_and_nothing_else(lab):
    lab.files["main.ts"] = """
        const tried = {};
        const attempt = async (name, work) => { try { tried[name] = String(await work()); } catch (error) { tried[name] = error.name; } };
        export default async (event, { db }) => {
          await attempt("own", () => Deno.readTextFile("/function/data.txt"));
          await attempt("write", () => Deno.writeTextFile("/function/data.txt", "x"));
          await attempt("passwd", () => Deno.readTextFile("/etc/passwd"));
          await attempt("parent", () => Deno.readTextFile("/function/../etc/hostname"));
          await attempt("proc", () => Deno.readTextFile("/proc/self/environ"));
          await attempt("import", () => import("file:///etc/passwd"));
          await attempt("net", () => fetch("http://127.0.0.1:1/"));
          await db.collection("OUT").put(event.data.after.id, { tried });
        };""".replace("OUT", lab.target)
    lab.deploy(tar_of(lab.files))
    tried = lab.runs()["tried"]
    assert tried.pop("own") == "from the archive"
    for name, what in tried.items():
        assert what in ("NotCapable", "PermissionDenied", "TypeError", "NotFound", "Error"), (name, what)


def test_node_modules_and_import_maps_work_from_the_folder(lab):
    lab.deploy(tar_of({
        "main.js": f'import left from "left"; export default async (event, {{ db }}) => {{ await db.collection("{lab.target}").put(event.data.after.id, {{ greeting: left(event.data.after.name) }}); }};',
        "package.json": '{"type": "module", "dependencies": {"left": "1.0.0"}}', "node_modules/left/package.json": '{"name": "left", "version": "1.0.0", "main": "index.js"}',
        "node_modules/left/index.js": 'module.exports = (x) => "left " + x;',
    }))
    assert lab.runs()["greeting"] == "left Ada"
    lab.deploy(tar_of({
        "main.ts": f'import {{ greet }} from "greet"; export default async (event, {{ db }}) => {{ await db.collection("{lab.target}").put(event.data.after.id, {{ greeting: greet(event.data.after.name) }}); }};',
        "deno.json": '{"imports": {"greet": "./lib/greet.ts"}}', "lib/greet.ts": GREET,
    }))
    assert lab.runs()["greeting"] == "hello Ada"


# Hostile archives

def entry(name, type=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = type, link
    return info


HOSTILE_TARS = {
    "symlink": {"main.ts": "x", "a": entry("a", tarfile.SYMTYPE, "/etc/passwd")},
    "hard link": {"main.ts": "x", "a": entry("a", tarfile.LNKTYPE, "main.ts")},
    "device": {"main.ts": "x", "a": entry("a", tarfile.CHRTYPE)},
    "pipe": {"main.ts": "x", "a": entry("a", tarfile.FIFOTYPE)},
    "absolute": {"/etc/cron.d/x": "x"},
    "slip": {"../../../../var/x": "x"},
    "slip inside": {"a/../../x": "x"},
    "backslash": {"a\\..\\x": "x"},
    "control": {"a\nb": "x"},
    "long name": {"a" * 300: "x"},
    "long path": {"/".join(["abcdefgh"] * 80)[1:]: "x"},
    "deep": {"a/" * 40 + "x": "x"},
    "file as folder": {"a": "x", "a/b": "x"},
    "no files": {"a": entry("a", tarfile.DIRTYPE)},
}


@pytest.mark.parametrize("kind", HOSTILE_TARS)
def test_hostile_tars_are_refused(lab, kind):
    before = lab.folders()
    assert_problem(lab.form(tar_of(HOSTILE_TARS[kind])), 422, "deploy_refused", says="archive")
    assert lab.folders() == before


def zip_symlink():
    info = zipfile.ZipInfo("a")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return {"main.ts": "x", info: "/etc/passwd"}


def raw_zip(**more):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in more.items():
            archive.writestr(name, content)
    return out.getvalue()


def overlapping():
    """Two names for one entry's bytes: the trick of the smallest bombs."""
    good = bytearray(zip_of({"aa.ts": "x" * 100, "bb.ts": "y"}))
    end = good.rfind(b"PK\x05\x06")
    start = struct.unpack_from("<I", good, end + 16)[0]
    second = good.find(b"PK\x01\x02", start + 4)
    struct.pack_into("<I", good, second + 42, 0)
    return bytes(good)


HOSTILE_ZIPS = {
    "slip": lambda: zip_of({"../x": "x"}), "absolute": lambda: zip_of({"/x": "x"}), "drive": lambda: zip_of({"C:/x": "x"}), "symlink": lambda: zip_of(zip_symlink()),
    "cut": lambda: zip_of({"main.ts": "x" * 1000})[:-10], "prefixed": lambda: b"MZ" + zip_of({"main.ts": "x"}), "garbage": lambda: os.urandom(5000), "empty": lambda: b"",
    "empty zip": lambda: zip_of({}), "overlapping": overlapping, "bomb": lambda: zip_of({"main.ts": b"\0" * (300 << 20)}), "gzip of garbage": lambda: gzip.compress(os.urandom(5000)),
    "gzip bomb": lambda: zlib_bomb(), "many": lambda: zip_of({f"{number}": "" for number in range(10_001)}), "bzip2": lambda: zip_of({"main.ts": "x"}, zipfile.ZIP_BZIP2),
}


def zlib_bomb():
    tar = io.BytesIO()
    with gzip.GzipFile(fileobj=tar, mode="wb", compresslevel=9) as out:
        info = tarfile.TarInfo("main.ts")
        info.size = 300 << 20
        out.write(info.tobuf())
        for _ in range(300):
            out.write(b"\0" * (1 << 20))
    return tar.getvalue()


@pytest.mark.parametrize("kind", HOSTILE_ZIPS)
def test_hostile_zips_are_refused(lab, kind):
    before = lab.folders()
    archive = HOSTILE_ZIPS[kind]()
    assert_problem(lab.form(archive), 422, "deploy_refused", says="archive")
    assert lab.folders() == before
    assert lab.admin.server.memory("VmRSS") < 1 << 30


def test_a_name_twice_is_refused(lab):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for content in (b"one", b"two"):
            info = tarfile.TarInfo("main.ts")
            info.size = 3
            archive.addfile(info, io.BytesIO(content))
    assert_problem(lab.form(out.getvalue()), 422, "deploy_refused", says="twice")


def test_forms_that_are_none(lab):
    put = lambda body, type: lab.admin.put(lab.path, data=body, headers={"Content-Type": type})
    assert_problem(put(b"x", "multipart/form-data"), 400, "bad_request", says="boundary")
    for body in (b"", b"x", b"--b\r\n", b"--b--", b"--b\r\nContent-Disposition: form-data; name=\"archive\"\r\n\r\nabc", b"--b\r\n\r\n\r\n--b--", b"--b\r\nname: x\r\n\r\nabc\r\n--b--\r\n"):
        assert_problem(put(body, "multipart/form-data; boundary=b"), 400, "bad_request")
    assert_problem(lab.admin.put(lab.path, files={"archive": b"x", "other": b"y"}), 400, "bad_request", says="other")
    assert_problem(lab.admin.put(lab.path, files={"manifest": b"{}"}), 400, "bad_request", says="archive")
    assert_problem(put(b"x", "text/plain"), 415, "unsupported_media_type")
    assert_problem(put(b"\0" * ((64 << 20) + 1), "application/zip"), 413, "payload_too_large")


def test_archives_are_for_admins(lab, ada, nobody):
    for caller, status in ((ada, 403), (nobody, 401)):
        assert_problem(caller.put(lab.path, files={"archive": tar_of(lab.files), "manifest": json.dumps(lab.manifest)}), status)


def test_what_a_kill_left_behind_goes_at_the_start(start):
    server = start()
    admin = admin_login(server)
    admin.put_collection("things")
    archive = {"archive": tar_of({"main.ts": "export default () => 1"}), "manifest": json.dumps({"triggers": on("things")})}
    kept = admin.must(201, "PUT", "/v1/functions/f", files=archive)["archive"]["checksum"]
    root = server.data / "projects/default/functions"
    server.kill()
    (root / "incoming/half").mkdir()
    (root / "incoming/half/file").write_text("x")
    (root / ("0" * 64 + "-javascript")).mkdir()
    start(server.data)
    assert os.listdir(root / "incoming") == [] and {name[:64] for name in os.listdir(root) if name != "incoming"} == {kept}


# Dependencies

def wheel(name, version, source):
    """A wheel as small as one can be."""
    out = io.BytesIO()
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": source, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(out, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"]))
    return out.getvalue()


PYTHON = """
import {module}
from lib import helper

def handler(event, context):
    roost.db.collection("OUT").put(event["data"]["after"]["id"], {{"greeting": helper.greet({module}.{name})}})
"""


def python_lab(lab):
    lab.manifest = {"runtime": "python", **lab.manifest}
    return lab


def python_files(lab, module="tinywheel", name="NAME", **more):
    source = PYTHON.format(module=module, name=name).replace("OUT", lab.target)
    return {"main.py": "import roost\n" + source, "lib/__init__.py": "", "lib/helper.py": "def greet(name):\n    return 'hello ' + str(name)\n", **more}


def test_a_wheel_in_the_archive_is_installed(lab):
    python_lab(lab)
    files = python_files(lab, **{"wheels/tinywheel-1.2-py3-none-any.whl": wheel("tinywheel", "1.2", "NAME = 'wheel'"), "requirements.txt": "# ours\n./wheels/tinywheel-1.2-py3-none-any.whl\n"})
    archive = tar_of(files)
    deployed = lab.deploy(archive)
    assert "tinywheel" in deployed["install"]["log"]
    assert lab.runs()["greeting"] == "hello wheel"
    # Installed once for this archive.
    assert "install" not in lab.deploy(archive)
    names, incoming = lab.folders()
    assert incoming == [] and any(name.endswith("-python") for name in names)
    root = lab.admin.server.data / "projects/default/functions"
    assert not any((root / name / ".roost-install").exists() for name in names)


def test_what_cannot_be_installed_is_refused_and_the_old_version_goes_on(lab):
    python_lab(lab)
    lab.deploy(tar_of(python_files(lab, tinywheel="", **{"tinywheel.py": "NAME = 'mine'"})))
    assert lab.runs()["greeting"] == "hello mine"
    before = lab.folders()
    for requirements, says in {
        "./nowhere-1.0-py3-none-any.whl": "nowhere", "./bad.whl": "bad.whl", "-r /etc/passwd": "line 1", "--index-url http://127.0.0.1/": "line 1", "six\n-e .": "line 2",
        "git+https://example.org/x": "line 1", "x @ https://example.org/x.whl": "line 1", "https://example.org/x-1.0-py3-none-any.whl": "line 1", "../x.whl": "line 1", ".": "line 1",
        "./folder": "line 1", "six \\\n --no-binary=six": "line 2", "/etc/x.whl": "line 1", "six ; --x": "line 1",
    }.items():
        assert_problem(lab.form(tar_of(python_files(lab, **{"requirements.txt": requirements, "bad.whl": b"no zip"}))), 422, "deploy_refused", says=says)
    assert lab.folders() == before
    assert lab.runs()["greeting"] == "hello mine"


@pytest.mark.skipif(os.environ.get("ROOST_TEST_OFFLINE") == "1", reason="needs a package index")
def test_a_package_of_the_index_is_installed(lab):
    python_lab(lab)
    deployed = lab.deploy(tar_of(python_files(lab, "six", "__version__", **{"requirements.txt": "six==1.17.0\n"})))
    assert "six" in deployed["install"]["log"]
    assert lab.runs()["greeting"] == "hello 1.17.0"


def test_the_command_line_packs_a_folder(lab, tmp_path):
    folder = tmp_path / lab.path.split("/")[-1]
    for name, content in {**lab.files, "function.json": json.dumps(lab.manifest), ".env": "SECRET", "node_modules/x/index.js": "x", "notes.tmp": "x", ".roostignore": "*.tmp\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    environment = {"ROOST_SERVER": lab.admin.server.url, "ROOST_KEY": lab.admin.token}
    deploy = lambda path, *more: command("functions", "deploy", path, "--json", *more, env=environment)
    first = deploy(folder)
    assert first.returncode == 0, first.stderr
    first = json.loads(first.stdout)
    assert first["archive"]["checksum"] and lab.runs()["greeting"] == "hello Ada"
    root = lab.admin.server.data / "projects/default/functions" / (first["archive"]["checksum"] + "-javascript")
    assert sorted(os.listdir(root)) == ["data.txt", "function.json", "lib", "main.ts"]
    again = json.loads(deploy(folder).stdout)
    assert again["archive"] == first["archive"] and again["version"] == 2, "the same files are the same archive"
    packed = tmp_path / f"{folder.name}.zip"
    packed.write_bytes(zip_of({**lab.files, "data.txt": "zipped"}))
    zipped = deploy(packed, "--traffic", "0")
    assert zipped.returncode == 0 and json.loads(zipped.stdout)["deployed"] == 3 and json.loads(zipped.stdout)["version"] == 2, zipped.stderr
    assert lab.runs()["data"] == "from the archive"
    (folder / "main.ts").write_text("export default ;")
    assert deploy(folder).returncode == 1
