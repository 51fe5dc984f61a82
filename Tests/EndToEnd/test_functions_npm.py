"""Packages of npm: installed when an archive is deployed, from the registry that the server is told; what bad packages and bad registries may not do."""
import base64
import json
import os
import shutil
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import pytest

from npm_registry import Registry
from roost_client import admin_login, assert_problem
from roost_server import ADMIN_EMAIL, ADMIN_PASSWORD, Server, eventually, running
from test_functions_archives import Lab, lab, tar_of  # noqa: F401
from test_functions_node import NODE, needs_node

FIRST = {"ROOST_ADMIN_EMAIL": ADMIN_EMAIL, "ROOST_ADMIN_PASSWORD": ADMIN_PASSWORD}
PROGRAM = """
    import greet from "greet";
    export default async (event, { db }) => { await db.collection("OUT").put(event.data.after.id, { greeting: greet(event.data.after.name) }); };"""
PLAIN = """
    export default async (event, { db }) => { await db.collection("OUT").put(event.data.after.id, { greeting: "plain " + event.data.after.name }); };"""


@pytest.fixture(scope="module")
def registry():
    with Registry() as registry:
        registry.publish("mark", "1.0.0", "module.exports = (text) => text + '!';")
        registry.publish("mark", "1.1.0", "module.exports = (text) => text + '!!';")
        registry.publish("mark", "2.0.0", "module.exports = (text) => text + '?';")
        registry.publish("greet", "1.0.0", "const mark = require('mark'); module.exports = (name) => mark('hello ' + name);", {"mark": "^1.0.0"})
        registry.publish("@ours/greet", "3.0.0", "module.exports = (name) => 'ours ' + name;")
        yield registry


@pytest.fixture(scope="module")
def server(tmp_path_factory, registry):
    with running(tmp_path_factory.mktemp("npm"), env={**FIRST, "NPM_CONFIG_REGISTRY": registry.url}) as server:
        yield server


@pytest.fixture(autouse=True)
def willing(registry):
    registry.requests.clear()
    registry.instead.clear()
    yield
    registry.instead.clear()


def package(**dependencies):
    return json.dumps({"type": "module", "dependencies": dependencies})


def files(lab, source=PROGRAM, **more):
    return {"main.js": source.replace("OUT", lab.target), **more}


def plainly(lab):
    """A version without packages, which goes on whatever happens to those after it."""
    lab.deploy(tar_of(files(lab, PLAIN)))
    assert lab.runs()["greeting"] == "plain Ada"
    return lab.folders()


def refused(lab, says, **more):
    answer = lab.form(tar_of(files(lab, **more)))
    assert_problem(answer, 422, "deploy_refused", says=says)
    return answer.json()["detail"]


@pytest.mark.parametrize("more, greeting", [
    ({"package.json": package(greet="1.0.0")}, "hello Ada!!"),
    ({"package.json": package(greet="^1.0.0", mark="2.0.0")}, "hello Ada!!"),
    ({"deno.json": '{"imports": {"greet": "npm:greet@1"}}'}, "hello Ada!!"),
    ({"deno.jsonc": '{\n  // ours\n  "imports": {"greet": "npm:greet@1",}\n}'}, "hello Ada!!"),
    ({"package.json": package(greet="npm:@ours/greet@3")}, "ours Ada"),
    ({"deno.json": '{"imports": {"greet": "npm:@ours/greet@^3.0.0"}}'}, "ours Ada"),
], ids=["package.json", "two versions of one package", "deno.json", "deno.jsonc", "another name", "a scope in deno.json"])
def test_packages_are_installed_and_run(lab, registry, more, greeting):
    deployed = lab.deploy(tar_of(files(lab, **more)))
    log = deployed["install"]["log"]
    assert ("greet@1.0.0" in log or "@ours/greet@3.0.0" in log) and "\x1b" not in log, log
    assert lab.runs()["greeting"] == greeting
    assert not (lab.admin.server.data / "projects/default/functions" / (deployed["archive"]["checksum"] + "-javascript") / ".roost-install").exists()
    # The log is of that deploy, and is no part of the function.
    assert "install" not in lab.admin.must(200, "GET", lab.path)


def test_a_dependency_comes_in_the_version_that_its_dependent_wants(lab, registry):
    log = lab.deploy(tar_of(files(lab, **{"package.json": package(greet="1.0.0")})))["install"]["log"]
    assert "mark@1.1.0" in log
    tarballs = sorted(path for path in registry.requests if path.endswith(".tgz"))
    assert tarballs == ["/greet/-/greet-1.0.0.tgz", "/mark/-/mark-1.1.0.tgz"]


def test_nothing_is_fetched_when_functions_run(lab, registry):
    archive = tar_of(files(lab, **{"package.json": package(greet="1.0.0")}))
    deployed = lab.deploy(archive)
    fetched = len(registry.requests)
    registry.instead["*"] = 500
    assert lab.runs()["greeting"] == "hello Ada!!"
    # Nor for the same archive again, its other settings, a version of before.
    assert "install" not in lab.deploy(archive)
    manifest = {**lab.manifest, "timeout": "7s", "archive": deployed["archive"]["checksum"]}
    lab.admin.must(200, "PUT", lab.path, json=manifest)
    lab.admin.must(200, "POST", f"{lab.path}/rollback", json={"version": 1})
    assert lab.runs("Bob")["greeting"] == "hello Bob!!"
    # What the program asks for itself is refused: nothing goes out of its sandbox.
    source = """export default async (event, { db }) => {
        let found; try { found = (await import("npm:mark@2.0.0")).default("got"); } catch (error) { found = "refused: " + error.message; }
        await db.collection("OUT").put(event.data.after.id, { greeting: found }); };"""
    registry.instead.clear()
    assert len(registry.requests) == fetched
    lab.deploy(tar_of(files(lab, source, **{"package.json": package(greet="1.0.0")})))
    fetched = len(registry.requests)
    assert lab.runs()["greeting"].startswith("refused: ")
    assert len(registry.requests) == fetched


def test_a_second_version_with_the_same_packages_is_installed_anew_and_the_first_stays(lab, registry):
    lab.deploy(tar_of(files(lab, **{"package.json": package(greet="1.0.0")})))
    second = lab.deploy(tar_of(files(lab, PROGRAM + "\n// two", **{"package.json": package(greet="1.0.0")})))
    assert "greet@1.0.0" in second["install"]["log"] and second["version"] == 2
    assert lab.runs()["greeting"] == "hello Ada!!"
    lab.admin.must(200, "POST", f"{lab.path}/rollback", json={"version": 1})
    assert lab.runs("Bob")["greeting"] == "hello Bob!!"


def test_a_lock_is_kept_to(lab, registry):
    integrity = registry.packages["mark"]["versions"]["1.0.0"]["dist"]["integrity"]
    lock = {"version": "5", "specifiers": {"npm:mark@1": "1.0.0"}, "npm": {"mark@1.0.0": {"integrity": integrity, "tarball": registry.url + "mark/-/mark-1.0.0.tgz"}}, "workspace": {"packageJson": {"dependencies": ["npm:mark@1"]}}}
    source = PROGRAM.replace('"greet"', '"mark"')
    packed = lambda lock: tar_of(files(lab, source, **{"package.json": package(mark="1"), "deno.lock": json.dumps(lock)}))
    lab.deploy(packed(lock))
    assert lab.runs()["greeting"] == "Ada!"
    lock["npm"]["mark@1.0.0"]["integrity"] = "sha512-" + base64.b64encode(b"x" * 64).decode()
    assert_problem(lab.form(packed(lock)), 422, "deploy_refused", says="checksum")
    assert_problem(lab.form(packed({"version": "5"})), 422, "deploy_refused", says="lock")
    assert lab.runs("Bob")["greeting"] == "Bob!"


# What cannot be installed

def test_what_the_registry_has_not_is_named_and_the_old_version_goes_on(lab, registry):
    before = plainly(lab)
    registry.publish("wrong", "1.0.0", integrity="sha512-" + base64.b64encode(b"x" * 64).decode())
    registry.publish("lost", "1.0.0")
    registry.instead["/lost/-/lost-1.0.0.tgz"] = 404
    registry.publish("far", "1.0.0", dependencies={"mark": "^7.0.0"})
    for more, says in [
        ({"package.json": package(mark="9.9.9")}, "9.9.9"), ({"deno.json": '{"imports": {"greet": "npm:mark@9.9.9"}}'}, "9.9.9"), ({"package.json": package(nowhere="1.0.0")}, "nowhere"),
        ({"package.json": package(far="1.0.0")}, "mark"), ({"package.json": package(wrong="1.0.0")}, "checksum"), ({"package.json": package(lost="1.0.0")}, "lost"),
    ]:
        detail = refused(lab, says, **more)
        assert "could not be installed" in detail and "Download " in detail, "with the log"
    assert lab.folders() == before
    assert lab.runs("Bob")["greeting"] == "plain Bob"


@pytest.mark.parametrize("status, says", [(500, "500"), (403, "403"), (429, "429")])
def test_a_broken_registry_is_named_and_the_old_version_goes_on(lab, registry, status, says):
    before = plainly(lab)
    registry.instead["*"] = status
    refused(lab, says, **{"package.json": package(greet="1.0.0")})
    assert lab.folders() == before and lab.runs("Bob")["greeting"] == "plain Bob"
    registry.instead.clear()
    lab.deploy(tar_of(files(lab, **{"package.json": package(greet="1.0.0")})))
    assert lab.runs("Cyd")["greeting"] == "hello Cyd!!", "once it is well again"


def test_documents_that_are_none_are_refused(lab, registry):
    before = plainly(lab)
    for name, document in {"list": [], "empty": {}, "numbers": {"name": "numbers", "versions": {"1.0.0": 5}, "dist-tags": {}},
                           "file": {"name": "file", "versions": {"1.0.0": {"version": "1.0.0", "dist": {"tarball": "file:///etc/passwd", "shasum": "0" * 40}}}, "dist-tags": {"latest": "1.0.0"}}}.items():
        registry.packages[name] = document
        refused(lab, name, **{"package.json": package(**{name: "1.0.0"})})
    assert lab.folders() == before and lab.runs("Bob")["greeting"] == "plain Bob"


def test_a_registry_that_is_down(start):
    server = start(env={**FIRST, "NPM_CONFIG_REGISTRY": "http://127.0.0.1:1/"})
    lab = own_lab(server)
    plainly(lab)
    assert "onnect" in refused(lab, "127.0.0.1:1", **{"package.json": package(greet="1.0.0")})
    assert lab.runs("Bob")["greeting"] == "plain Bob"


def own_lab(server):
    admin = admin_login(server)
    for name in ("inx", "outx"):
        admin.put_collection(name, rules={action: "true" for action in ("read", "create", "update", "delete")})
    return Lab(admin, "x")


def test_while_a_registry_keeps_silent_all_else_goes_on_and_a_stop_ends_the_wait(tmp_path, registry):
    server = Server(tmp_path / "data", env={**FIRST, "NPM_CONFIG_REGISTRY": registry.url}, arguments=["--drain-seconds", "1"]).start()
    try:
        lab = own_lab(server)
        before = plainly(lab)
        registry.instead["*"] = "silence"
        answers = []
        # Its own connection: a session of requests is for one thread.
        other = Lab(admin_login(server), "x")
        def deploy():
            try:
                answers.append(other.form(tar_of(files(lab, **{"package.json": package(greet="1.0.0")}))).status_code)
            except OSError as error:
                answers.append(error)
        waiting = threading.Thread(target=deploy)
        waiting.start()
        eventually(lambda: registry.requests)
        assert lab.runs("Bob")["greeting"] == "plain Bob" and lab.admin.must(200, "GET", lab.path)["version"] == 1 and not answers
        begin = time.monotonic()
        assert server.terminate() == 0
        assert time.monotonic() - begin < 15
        waiting.join(10)
        assert answers and answers[0] != 200, answers
        registry.instead.clear()
        server.start()
        lab.admin = admin_login(server)
        assert lab.folders() == before and lab.runs("Cyd")["greeting"] == "plain Cyd"
    finally:
        server.kill()


# Hostile packages

def test_no_package_runs_a_script(lab, registry):
    scripts = {name: "echo ran > /function/ran; touch /function/node_modules/ran; exit 1" for name in ("preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare")}
    registry.publish("eager", "1.0.0", "module.exports = (name) => 'calm ' + name;", scripts=scripts)
    registry.publish("native", "1.0.0", "module.exports = (name) => 'calm ' + name;", {"eager": "1.0.0"}, files={"package/binding.gyp": "{'targets': []}"})
    source = PROGRAM.replace('"greet"', '"native"')
    # The archive's own are no exception.
    own = json.dumps({"type": "module", "dependencies": {"native": "1.0.0"}, "scripts": scripts})
    deployed = lab.deploy(tar_of(files(lab, source, **{"package.json": own})))
    assert "gnored build scripts" in deployed["install"]["log"] and "eager@1.0.0" in deployed["install"]["log"]
    assert lab.runs()["greeting"] == "calm Ada"
    assert not ran(lab)
    for name, text in {"deno.json": '{"allowScripts": ["npm:eager"], "imports": {"native": "npm:native@1"}}', "deno.jsonc": '{"allow\\u0053cripts": true}'}.items():
        refused(lab, "allowScripts", source=source, **{name: text, "package.json": own})
    for name in ("trustedDependencies", "onlyBuiltDependencies", "allowScripts", "pnpm", "deno"):
        value = {"pnpm": {"onlyBuiltDependencies": ["eager"]}, "deno": {"allowScripts": True}}.get(name, ["eager"])
        allowing = json.dumps({**json.loads(own), name: value})
        lab.form(tar_of(files(lab, source, **{"package.json": allowing, ".npmrc": "ignore-scripts=false\n"})))
        assert not ran(lab), name


def ran(lab):
    return [path for path, _, names in os.walk(lab.admin.server.data / "projects/default/functions") for name in names if name == "ran"]


def link(name, kind, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


SLIPS = {
    "slip": {"package/../../../../../../../../../var/escaped": "x"}, "slip out of the packages": {"package/../../../../../main.js": "export default () => 'taken';"},
    "absolute": {"/function/escaped": "x"}, "symlink": {"package/link": link("package/link", tarfile.SYMTYPE, "/function"), "package/link/main.js": "taken"},
    "hard link": {"package/link": link("package/link", tarfile.LNKTYPE, "/function/main.js")}, "device": {"package/null": link("package/null", tarfile.CHRTYPE, "")},
}


@pytest.mark.parametrize("kind", SLIPS)
def test_a_tarball_writes_nowhere_but_into_its_package(lab, registry, kind):
    name = "slip" + kind.replace(" ", "")
    registry.publish(name, "1.0.0", files=SLIPS[kind])
    before = plainly(lab)
    answer = lab.form(tar_of(files(lab, PLAIN, **{"package.json": package(**{name: "1.0.0"})})))
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert_problem(answer, 422, "deploy_refused", says="installed")
        assert lab.folders() == before
    else:
        root = lab.admin.server.data / "projects/default/functions" / (answer.json()["archive"]["checksum"] + "-javascript")
        assert sorted(os.listdir(root)) == ["main.js", "node_modules", "package.json"]
        assert (root / "main.js").read_text() == PLAIN.replace("OUT", lab.target)
        # Of the links between packages none leads out.
        outside = [os.path.join(path, one) for path, folders, names in os.walk(root) for one in [*folders, *names]
                   if os.path.islink(os.path.join(path, one)) and not os.path.realpath(os.path.join(path, one)).startswith(str(root))]
        assert not outside
    assert not os.path.exists("/var/escaped")
    assert lab.runs("Bob")["greeting"] == "plain Bob"


@pytest.mark.parametrize("kind, content", [
    ("one file", {"package/big": b"\0" * (300 << 20)}),
    ("many bytes", {f"package/big{number}": b"\0" * (100 << 20) for number in range(7)}),
    ("many files", {f"package/{number}": "" for number in range(60_000)}),
])
def test_a_bomb_is_refused(lab, registry, kind, content):
    name = "bomb" + kind.replace(" ", "")
    registry.publish(name, "1.0.0", files=content)
    before = plainly(lab)
    detail = refused(lab, "could not be installed", **{"package.json": package(**{name: "1.0.0"})})
    assert ("256 MB" if kind == "one file" else "512 MB") in detail, detail
    assert lab.folders() == before and lab.runs("Bob")["greeting"] == "plain Bob"


def test_a_tarball_without_end_is_refused(lab, registry):
    registry.publish("endless", "1.0.0")
    registry.instead["/endless/-/endless-1.0.0.tgz"] = "endless"
    before = plainly(lab)
    detail = refused(lab, "could not be installed", **{"package.json": package(endless="1.0.0")})
    assert "memory" in detail, detail
    assert lab.folders() == before and lab.runs("Bob")["greeting"] == "plain Bob"


def test_an_npmrc_may_name_registries_and_no_variables_of_the_server(lab, registry):
    """A scope of its own may come from elsewhere; what the server knows goes nowhere."""
    with Registry() as other:
        other.publish("@theirs/greet", "1.0.0", "module.exports = (name) => 'theirs ' + name;")
        source = PROGRAM.replace('"greet"', '"@theirs/greet"')
        host = other.url.removeprefix("http:")
        lab.deploy(tar_of(files(lab, source, **{"package.json": package(**{"@theirs/greet": "1"}), ".npmrc": f"@theirs:registry={other.url}\n{host}:_authToken=their-token\n"})))
        assert lab.runs()["greeting"] == "theirs Ada" and "Bearer their-token" in other.tokens
        assert not registry.requests
        told = len(other.requests)
        for text in (f"@theirs:registry={other.url}${{NPM_CONFIG_REGISTRY}}/\n", f"@theirs:registry={other.url}\n{host}:_authToken=${{HOME}}\n"):
            refused(lab, ".npmrc", source=source, **{"package.json": package(**{"@theirs/greet": "1"}), ".npmrc": text})
        assert len(other.requests) == told


# Without Deno

@needs_node
def test_under_node_packages_lie_in_the_archive(start, registry):
    """Deno is what installs. Without it that is said at once, and not by a program that finds no package."""
    folder = Path(tempfile.mkdtemp(prefix="roost-bin-"))
    try:
        for program in (NODE, shutil.which("bwrap")):
            (folder / os.path.basename(program)).symlink_to(program)
        server = start(env={**FIRST, "NPM_CONFIG_REGISTRY": registry.url, "PATH": str(folder)})
        lab = own_lab(server)
        refused(lab, "node_modules", **{"package.json": package(greet="1.0.0")})
        assert not registry.requests
        lab.deploy(tar_of(files(lab, **{
            "package.json": package(greet="1.0.0"), "node_modules/greet/package.json": '{"name": "greet", "version": "1.0.0"}', "node_modules/greet/index.js": "module.exports = (name) => 'brought ' + name;"})))
        assert lab.runs()["greeting"] == "brought Ada"
    finally:
        shutil.rmtree(folder)
